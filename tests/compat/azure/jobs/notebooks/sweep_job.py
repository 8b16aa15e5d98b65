"""Search for the best parameters, then look at the trials and take the best one's output."""

from pathlib import Path

from azure.ai.ml import Output, command
from azure.ai.ml.sweep import Choice, MedianStoppingPolicy, Uniform
from azure.core.exceptions import ResourceNotFoundError
from common import ENVIRONMENT, client, followed, over

ml_client = client()

trial = command(
    command=(
        "python -c \"import mlflow; mlflow.log_metric('accuracy', ${{inputs.rate}})\""
        " && echo ${{inputs.rate}} > ${{outputs.model}}/rate.txt"
    ),
    inputs={"rate": 0.5, "size": 1},
    outputs={"model": Output(type="uri_folder")},
    environment=f"{ENVIRONMENT}:1",
)
sweep_job = trial(rate=Choice([0.25, 0.75]), size=1).sweep(
    sampling_algorithm="grid", primary_metric="accuracy", goal="Maximize"
)
sweep_job.set_limits(max_total_trials=2, max_concurrent_trials=2, timeout=3600)
sweep_job.early_termination = MedianStoppingPolicy(evaluation_interval=1, delay_evaluation=5)
sweep_job.display_name = "search"
sweep_job.experiment_name = "jobs-sdk"

returned = ml_client.jobs.create_or_update(sweep_job)
assert (returned.type, returned.objective.goal) == ("sweep", "maximize"), returned.objective.goal
assert returned.search_space["rate"].values == [0.25, 0.75]
assert returned.limits.max_total_trials == 2
assert returned.limits.timeout == 3600
assert returned.early_termination.delay_evaluation == 5
assert f"RunId: {returned.name}" in followed(ml_client, returned.name)

ended = over(ml_client, returned.name)
assert ended.status == "Completed", ended.status
best = ended.properties["best_child_run_id"]
children = {child.name: child for child in ml_client.jobs.list(parent_job_name=returned.name)}
assert len(children) == 2
assert best in children
assert {child.status for child in children.values()} == {"Completed"}

ml_client.jobs.download(returned.name, download_path="best", output_name="model")
assert Path("best/named-outputs/model/rate.txt").read_text().strip() == "0.75"

random = trial(rate=Uniform(0.1, 0.9)).sweep(sampling_algorithm="random", primary_metric="accuracy", goal="minimize")
random.set_limits(max_total_trials=40, max_concurrent_trials=1, trial_timeout=120)
running = ml_client.jobs.create_or_update(random)
assert (running.search_space["rate"].min_value, running.limits.trial_timeout) == (0.1, 120)
ml_client.jobs.begin_cancel(running.name).result()
assert over(ml_client, running.name).status == "Canceled"

if hasattr(ml_client.jobs, "begin_delete"):  # not in older releases
    ml_client.jobs.begin_delete(returned.name).result()
    assert returned.name not in [job.name for job in ml_client.jobs.list()]
    try:
        ml_client.jobs.get(best)
    except ResourceNotFoundError:
        pass
    else:
        raise AssertionError("the trials of a sweep go with it")
print("sweep_job: done")
