"""A pipeline of registered and local components, with a pipeline and a sweep inside."""

from pathlib import Path

from azure.ai.ml import Input, Output, dsl, load_component, load_job
from azure.ai.ml.entities import AmlCompute
from azure.ai.ml.parallel import RunFunction, parallel_run_function
from azure.ai.ml.sweep import Choice
from common import ENVIRONMENT, client, followed, over

ml_client = client()
ml_client.compute.begin_create_or_update(AmlCompute(name="pipe-cluster", size="local", max_instances=4)).result()

Path("prepare.yml").write_text(f"""
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: jobs_prepare
version: "1"
type: command
inputs:
  count: {{type: integer, default: 3}}
  word: {{type: string, optional: true}}
outputs:
  rows: {{type: uri_folder}}
command: >-
  for i in $(seq ${{{{inputs.count}}}}); do echo row $i > ${{{{outputs.rows}}}}/$i.txt; done
  && echo $[[--word ${{{{inputs.word}}}}]]
environment: azureml:{ENVIRONMENT}:1
""")
Path("train_src").mkdir()
Path("train_src/train.py").write_text(
    "import pathlib, sys\n"
    "rows, rate, model = sys.argv[1:]\n"
    "count = len(list(pathlib.Path(rows).iterdir()))\n"
    "if float(rate) < 0.25:\n"
    "    import mlflow\n"
    "    mlflow.log_metric('accuracy', float(rate))\n"
    "pathlib.Path(model, 'model.txt').write_text(f'{count} {rate}')\n"
)
Path("train.yml").write_text(f"""
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: jobs_train
version: "1"
type: command
inputs:
  rows: {{type: uri_folder}}
  rate: {{type: number, default: 0.1}}
outputs:
  model: {{type: custom_model}}
code: ./train_src
command: python train.py ${{{{inputs.rows}}}} ${{{{inputs.rate}}}} ${{{{outputs.model}}}}
environment: azureml:{ENVIRONMENT}:1
""")
prepare = ml_client.components.create_or_update(load_component("prepare.yml"))
train = load_component("train.yml")


@dsl.pipeline(name="jobs_training", description="one training, as a part of others")
def training(rows: Input(type="uri_folder"), rate: float = 0.5):
    trained = train(rows=rows, rate=rate)
    return {"model": trained.outputs.model}


Path("score_src").mkdir()
Path("score_src/score.py").write_text(
    "import argparse, pathlib\n"
    "def init():\n"
    "    global word\n"
    "    parser = argparse.ArgumentParser()\n"
    "    parser.add_argument('--word')\n"
    "    word = parser.parse_known_args()[0].word\n"
    "def run(mini_batch):\n"
    "    return [f'{word} {pathlib.Path(path).name}' for path in mini_batch]\n"
)
score = parallel_run_function(
    name="scored",
    inputs={"rows": Input(type="uri_folder"), "word": Input(type="string")},
    outputs={"scores": Output(type="uri_file")},
    input_data="${{inputs.rows}}",
    instance_count=1,
    mini_batch_size="2",
    mini_batch_error_threshold=1,
    retry_settings={"max_retries": 2, "timeout": 60},
    logging_level="INFO",
    task=RunFunction(
        code="./score_src",
        entry_script="score.py",
        program_arguments="--word ${{inputs.word}}",
        append_row_to="${{outputs.scores}}",
        environment=f"{ENVIRONMENT}:1",
    ),
)


@dsl.pipeline(
    display_name="the whole", description="all of it", experiment_name="jobs-sdk", default_compute="pipe-cluster"
)
def whole(count: int = 2, rate: float = 0.3):
    prepared = prepare(count=count, word="hey")
    trained = train(rows=prepared.outputs.rows, rate=rate)
    trained.set_limits(timeout=600)
    trained.environment_variables = {"FLAVOUR": "vanilla"}
    inner = training(rows=prepared.outputs.rows, rate=0.7)
    search = train(rows=prepared.outputs.rows, rate=Choice([0.1, 0.2])).sweep(
        primary_metric="accuracy", goal="maximize", sampling_algorithm="grid"
    )
    search.set_limits(max_total_trials=2, max_concurrent_trials=2, timeout=1000)
    scored = score(rows=prepared.outputs.rows, word="scored")
    return {
        "model": trained.outputs.model,
        "inner_model": inner.outputs.model,
        "scores": scored.outputs.scores,
    }


pipeline_job = whole(count=4)
pipeline_job.outputs.model = Output(type="custom_model", mode="rw_mount", name="jobs-pipeline-model")
pipeline_job.tags = {"team": "a"}
returned = ml_client.jobs.create_or_update(pipeline_job)
assert returned.type == "pipeline"
assert sorted(returned.jobs) == ["inner", "prepared", "scored", "search", "trained"]
assert returned.settings.default_compute == "pipe-cluster"
shown = followed(ml_client, returned.name)
if "Streaming" in shown:
    assert all(words in shown for words in ("Streaming logs/azureml/executionlogs.txt", "prepared (")), shown
ended = over(ml_client, returned.name)
assert ended.status == "Completed", (ended.status, shown)
assert ended.display_name == "the whole"
assert ended.tags == {"team": "a"}
assert ended.inputs["count"]._data == "4"
assert ended.jobs["trained"].limits.timeout == 600

children = {child.display_name: child for child in ml_client.jobs.list(parent_job_name=returned.name)}
assert set(children) == {"prepared", "trained", "inner", "search", "scored"}, children
child = ml_client.jobs.get(children["trained"].name)
assert child.type == "command"
assert child.status == "Completed"
grandchildren = list(ml_client.jobs.list(parent_job_name=children["inner"].name))
assert len(grandchildren) == 1
assert grandchildren[0].status == "Completed"

ml_client.jobs.download(returned.name, download_path="outputs", output_name="model")
assert Path("outputs/named-outputs/model/model.txt").read_text() == "4 0.3"
ml_client.jobs.download(returned.name, download_path="outputs", output_name="scores")
lines = Path("outputs/named-outputs/scores/scores").read_text().splitlines()
assert sorted(lines) == [f"scored {number}.txt" for number in (1, 2, 3, 4)], lines
ml_client.jobs.download(children["trained"].name, download_path="child", all=True)
assert Path("child/named-outputs/model/model.txt").read_text() == "4 0.3"
assert ml_client.models.get("jobs-pipeline-model", label="latest").type == "custom_model"

second = ml_client.jobs.create_or_update(whole(count=4))
assert over(ml_client, second.name).status == "Completed"
reused = {child.display_name: child for child in ml_client.jobs.list(parent_job_name=second.name)}["prepared"]
assert reused.properties["azureml.isreused"] == "true"
assert reused.properties["azureml.reusedrunid"]
ml_client.jobs.archive(second.name)
assert second.name in [job.name for job in ml_client.jobs.list(list_view_type="ArchivedOnly")]

Path("pipeline.yml").write_text(f"""
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
experiment_name: jobs-sdk
settings:
  default_compute: azureml:pipe-cluster
inputs:
  count: 2
jobs:
  prepared:
    type: command
    component: azureml:jobs_prepare:1
    inputs:
      count: ${{{{parent.inputs.count}}}}
  counted:
    type: command
    command: ls ${{{{inputs.rows}}}} | wc -l > ${{{{outputs.count}}}}
    environment: azureml:{ENVIRONMENT}@latest
    inputs:
      rows: {{type: uri_folder, path: "${{{{parent.jobs.prepared.outputs.rows}}}}"}}
    outputs:
      count: {{type: uri_file}}
""")
written = ml_client.jobs.create_or_update(load_job("pipeline.yml"))
assert over(ml_client, written.name).status == "Completed"

registered = ml_client.components.create_or_update(training)
assert (registered.name, registered.type) == ("jobs_training", "pipeline")
print("pipeline_job: done")
