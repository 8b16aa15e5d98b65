"""Components from files and from command(), inputs with defaults, settings of steps, names of repeated steps."""

from azure.ai.ml import Input, Output, command, dsl, load_component

prep = load_component(source="prep.yml")
train = load_component(source="train.yml")
score = command(
    name="score",
    display_name="Score",
    command="python score.py --model ${{inputs.model}} --limit ${{inputs.limit}} --out ${{outputs.scores}}",
    inputs={"model": Input(type="mlflow_model"), "limit": 5, "who": "me", "part": 0.5},
    outputs={"scores": Output(type="uri_folder", mode="rw_mount")},
    environment="azureml:AzureML-sklearn-1.5@latest",
    code="./src",
    compute="cpu-cluster",
    environment_variables={"A": "b"},
    instance_count=2,
    timeout=60,
)


@dsl.pipeline(
    name="first",
    display_name="First",
    description="the first",
    experiment_name="exp",
    tags={"a": "b"},
    default_compute="cpu-cluster",
    force_rerun=True,
    continue_on_step_failure=True,
    default_datastore="workspaceblobstore",
)
def first(raw, rate=0.2, who="you", times: int = 4):
    cleaned = prep(raw=raw)
    trained = train(data=cleaned.outputs.clean, lr=rate)
    trained.compute = "gpu-cluster"
    trained.display_name = "Train it"
    trained.outputs.model.mode = "upload"
    trained.set_limits(timeout=100)
    trained.environment_variables = {"X": "1"}
    train(data=cleaned.outputs.clean, lr=1, epochs=times)
    train(data=cleaned.outputs.clean)
    scored = score(model=trained.outputs.model, who=who)
    scored.outputs.scores.path = "azureml://datastores/workspaceblobstore/paths/x/"
    scored_again = score(model=trained.outputs.model, limit=9)
    scored_again.set_resources(instance_count=3)
    return {"model": trained.outputs.model, "scores": scored.outputs.scores}


job = first(raw=Input(type="uri_file", path="./raw.csv"), rate=0.3)
job.outputs.model.mode = "upload"
job.outputs.scores.path = "azureml://datastores/workspaceblobstore/paths/y/"
