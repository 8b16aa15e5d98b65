"""A sweep outside of a pipeline."""

from azure.ai.ml import Input, command
from azure.ai.ml.sweep import Choice, MedianStoppingPolicy, Uniform

base = command(
    command="python train.py --lr ${{inputs.lr}} --boosting ${{inputs.boosting}} --data ${{inputs.data}}",
    environment="azureml:AzureML-sklearn-1.5@latest",
    code="./src",
    inputs={"lr": 0.1, "boosting": "gbdt", "data": Input(type="uri_file", path="https://example.org/iris.csv")},
    compute="cpu-cluster",
)
ready = base(lr=Uniform(min_value=0.01, max_value=0.9), boosting=Choice(values=["gbdt", "dart"]))
job = ready.sweep(
    compute="cpu-cluster",
    sampling_algorithm="random",
    primary_metric="m",
    goal="Minimize",
    max_total_trials=4,
    max_concurrent_trials=2,
    timeout=120,
)
job.early_termination = MedianStoppingPolicy(delay_evaluation=5, evaluation_interval=1)
