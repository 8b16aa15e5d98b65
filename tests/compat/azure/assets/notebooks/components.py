"""Components with the official SDK: from files with code, environments in place, pipelines of them, archive."""

import os
from collections.abc import Callable
from pathlib import Path

from azure.ai.ml import Input, MLClient, Output, command, load_component
from azure.ai.ml.entities import Environment
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential


def refused(error: type[Exception], call: Callable[..., object], *given: object, **named: object) -> None:
    """Expect a call to raise what a script would catch, with something said."""
    try:
        call(*given, **named)
    except error as raised:
        print("refused:", str(raised).splitlines()[0])
    else:
        raise AssertionError(f"no {error.__name__}")


ml_client = MLClient(
    DefaultAzureCredential(), os.environ["SUBSCRIPTION_ID"], os.environ["RESOURCE_GROUP"], os.environ["WORKSPACE_NAME"]
)
ml_client.environments.create_or_update(Environment(name="sdk-comp-env", version="1", image="python:3.11"))
Path("src/lib").mkdir(parents=True)
Path("src/train.py").write_text("print('trained')\n")
Path("src/lib/ü b.py").write_text("")
Path("train.yml").write_text("""
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: sdk_train
version: 1
display_name: Train
description: Trains a model.
type: command
tags: {team: a}
inputs:
  data: {type: uri_folder, mode: ro_mount}
  rate: {type: number, default: 0.1, min: 0, max: 1}
  rounds: {type: integer, optional: true}
  kind: {type: string, enum: [a, b], default: a}
outputs:
  model: {type: mlflow_model}
code: ./src
environment: azureml:sdk-comp-env:1
command: >-
  python train.py --data ${{inputs.data}} --rate ${{inputs.rate}} $[[--rounds ${{inputs.rounds}}]]
  --out ${{outputs.model}}
""")

# Registered with its code; the same again is the same version.
train = load_component("train.yml")
made = ml_client.components.create_or_update(train)
assert (made.name, made.version, made.display_name, made.tags) == ("sdk_train", "1", "Train", {"team": "a"})
assert "/codes/" in str(made.code), made.code
assert made.environment.endswith("/environments/sdk-comp-env/versions/1")
assert (made.inputs["rate"]["default"], made.inputs["rounds"]["optional"]) == (0.1, True), made.inputs
assert ml_client.components.create_or_update(load_component("train.yml")).version == "1"
second = ml_client.components.create_or_update(load_component("train.yml"), version="2")
assert second.version == "2"
assert second.code == made.code

# Without a version the default one, which is the latest.
assert ml_client.components.get("sdk_train").version == "2"
assert ml_client.components.get("sdk_train", label="latest").version == "2"
assert [component.version for component in ml_client.components.list(name="sdk_train")] == ["2", "1"]
assert "sdk_train" in [component.name for component in ml_client.components.list()]
ml_client.components.archive("sdk_train", version="2")
assert ml_client.components.get("sdk_train").version == "1"
ml_client.components.restore("sdk_train", version="2")
ml_client.components.archive("sdk_train")
assert "sdk_train" not in [component.name for component in ml_client.components.list()]
ml_client.components.restore("sdk_train")

# One made in Python, with an environment and code of its own.
inline = command(
    name="sdk_inline",
    code="src",
    command="python train.py --x ${{inputs.x}} > ${{outputs.o}}/x",
    inputs={"x": Input(type="integer", default=3)},
    outputs={"o": Output(type="uri_folder")},
    environment=Environment(image="python:3.11", conda_file={"dependencies": ["python=3.11", "pip"]}),
).component
made_inline = ml_client.components.create_or_update(inline)
assert "CliV2AnonymousEnvironment" in made_inline.environment
assert "CliV2AnonymousEnvironment" not in [env.name for env in ml_client.environments.list()]

# A component of a function that is called in a pipeline, and a pipeline that is a component.
node = ml_client.components.get("sdk_train", version="1")(data=Input(type="uri_folder", path="https://example.com/x"))
assert node.component.id == made.id
Path("pipeline.yml").write_text("""
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
name: sdk_pipeline
version: 1
type: pipeline
inputs:
  data: {type: uri_folder}
  rate: {type: number, default: 0.2}
outputs:
  model: {type: mlflow_model}
jobs:
  registered:
    type: command
    component: azureml:sdk_train:1
    inputs: {data: "${{parent.inputs.data}}", rate: "${{parent.inputs.rate}}", rounds: 4}
    outputs: {model: "${{parent.outputs.model}}"}
  local:
    type: command
    component: ./train.yml
    inputs: {data: "${{parent.inputs.data}}"}
""")
pipeline = ml_client.components.create_or_update(load_component("pipeline.yml"))
assert set(pipeline.jobs) == {"registered", "local"}
shown = ml_client.components.get("sdk_pipeline", version="1")
assert shown.inputs["rate"]["default"] == 0.2
assert "sdk_train" in str(shown.jobs["registered"].component)

# Mini-batches and Spark.
Path("parallel.yml").write_text("""
$schema: https://azuremlschemas.azureedge.net/latest/parallelComponent.schema.json
name: sdk_parallel
version: 1
type: parallel
inputs: {data: {type: uri_folder}}
outputs: {out: {type: uri_file}}
input_data: ${{inputs.data}}
mini_batch_size: "5"
mini_batch_error_threshold: 3
max_concurrency_per_instance: 2
retry_settings: {max_retries: 2, timeout: 60}
task:
  type: run_function
  code: ./src
  entry_script: train.py
  append_row_to: ${{outputs.out}}
  environment: azureml:sdk-comp-env:1
""")
parallel = ml_client.components.create_or_update(load_component("parallel.yml"))
assert (str(parallel.mini_batch_size), parallel.task.entry_script) == ("5", "train.py")
Path("spark.yml").write_text("""
$schema: https://azuremlschemas.azureedge.net/latest/sparkComponent.schema.json
name: sdk_spark
version: 1
type: spark
inputs: {data: {type: uri_file, mode: direct}}
code: ./src
entry: {file: train.py}
args: --x ${{inputs.data}}
conf:
  spark.driver.cores: 1
  spark.driver.memory: 2g
  spark.executor.cores: 1
  spark.executor.memory: 2g
  spark.executor.instances: 1
""")
spark = ml_client.components.create_or_update(load_component("spark.yml"))
assert (spark.entry.entry, spark.driver_memory) == ("train.py", "2g")

text = Path("train.yml").read_text()
Path("lost.yml").write_text(text.replace("sdk-comp-env:1", "sdk-none:1").replace("sdk_train", "sdk_lost"))
Path("other.yml").write_text(Path("train.yml").read_text().replace("python train.py", "python other.py"))
create = ml_client.components.create_or_update
refused(ResourceNotFoundError, ml_client.components.get, "sdk_none", version="1")
refused(ResourceNotFoundError, ml_client.components.get, "sdk_none")
refused(ResourceExistsError, create, load_component("other.yml"))
refused(HttpResponseError, create, load_component("lost.yml"))
print("components: done")
