"""A complete, valid document of every kind and type, as people write them."""

from __future__ import annotations

from pathlib import Path

from tests.unit.documents.served_samples import PIPELINE, SERVED

SCHEMAS = "https://azuremlschemas.azureedge.net/latest/"

DOCUMENTS: dict[str, str] = {
    "data": f"""\
$schema: {SCHEMAS}data.schema.json
name: diabetes
version: 01
description: measurements
tags: {{source: hospital}}
type: uri_file
path: ./data/diabetes.csv
""",
    "environment": f"""\
$schema: {SCHEMAS}environment.schema.json
name: train-env
image: python:3.11
conda_file: ./conda.yml
""",
    "model": f"""\
$schema: {SCHEMAS}model.schema.json
name: diabetes
type: mlflow_model
path: ./model
flavors:
  python_function: {{loader_module: mlflow.sklearn}}
""",
    "component": f"""\
$schema: {SCHEMAS}commandComponent.schema.json
type: command
name: train
version: 1
display_name: Train
code: ./src
command: >-
  python train.py --data ${{{{inputs.data}}}} --rate ${{{{inputs.rate}}}} --model ${{{{outputs.model}}}}
inputs:
  data:
    type: uri_folder
  rate:
    type: number
    default: 0.1
    min: 0
    max: 1
outputs:
  model:
    type: mlflow_model
environment: azureml:train-env@latest
is_deterministic: true
""",
    "job": f"""\
$schema: {SCHEMAS}commandJob.schema.json
type: command
display_name: logistic
experiment_name: diabetes
code: ./src
command: |
  python train.py --data ${{{{inputs.data}}}}
  echo ${{{{inputs.rate}}}} > ${{{{outputs.report}}}}/rate.txt
inputs:
  data:
    type: uri_file
    path: ./data/diabetes.csv
  rate: 0.01
outputs:
  report:
    type: uri_folder
environment: azureml:train-env@latest
compute: azureml:cpu-cluster
resources:
  instance_count: 1
limits:
  timeout: 600
environment_variables:
  SEED: 0
tags:
  purpose: test
""",
    "component/pipeline": f"""\
$schema: {SCHEMAS}pipelineComponent.schema.json
type: pipeline
name: train_and_score
version: 1
description: two steps
inputs:
  data:
    type: uri_folder
  rate:
    type: number
    default: 0.1
outputs:
  scores:
    type: uri_folder
jobs:
  train:
    type: command
    component: ./parts/train.yml
    inputs:
      data: ${{{{parent.inputs.data}}}}
      rate: ${{{{parent.inputs.rate}}}}
    outputs:
      model:
  score:
    command: python score.py ${{{{inputs.model}}}} ${{{{outputs.scores}}}}
    code: ./src
    environment: azureml:train-env@latest
    inputs:
      model: ${{{{parent.jobs.train.outputs.model}}}}
    outputs:
      scores: ${{{{parent.outputs.scores}}}}
""",
    "component/parallel": f"""\
$schema: {SCHEMAS}parallelComponent.schema.json
type: parallel
name: score_many
version: 1
inputs:
  data:
    type: uri_folder
outputs:
  scores:
    type: uri_file
input_data: ${{{{inputs.data}}}}
mini_batch_size: "10"
error_threshold: -1
task:
  type: run_function
  code: ./src
  entry_script: train.py
  environment: azureml:train-env@latest
  append_row_to: ${{{{outputs.scores}}}}
""",
    "component/spark": f"""\
$schema: {SCHEMAS}sparkComponent.schema.json
type: spark
name: count_words
version: 1
code: ./src
entry:
  file: train.py
inputs:
  data:
    type: uri_file
    mode: direct
args: --data ${{{{inputs.data}}}}
conf:
  spark.driver.cores: 1
  spark.driver.memory: 2g
""",
    "job/pipeline": f"""\
$schema: {SCHEMAS}pipelineJob.schema.json
type: pipeline
display_name: train and score
experiment_name: diabetes
inputs:
  data:
    type: uri_file
    path: ./data/diabetes.csv
  nodes: 1
outputs:
  scores:
    mode: upload
settings:
  default_compute: azureml:cpu-cluster
  continue_on_step_failure: true
jobs:
  train:
    type: command
    component: ./parts/train.yml
    inputs:
      data: ${{{{parent.inputs.data}}}}
      rate: 0.5
    outputs:
      model:
        type: mlflow_model
        name: diabetes
    resources:
      instance_count: ${{{{parent.inputs.nodes}}}}
  registered:
    component: azureml:score@latest
    inputs:
      model: ${{{{parent.jobs.train.outputs.model}}}}
      data:
        type: uri_file
        path: ${{{{parent.inputs.data}}}}
    outputs:
      scores: ${{{{parent.outputs.scores}}}}
    compute: ${{{{parent.inputs.nodes}}}}
  search:
    type: sweep
    trial: file:./parts/train.yml
    inputs:
      data: ${{{{parent.inputs.data}}}}
    search_space:
      rate: {{type: uniform, min_value: 0.1, max_value: 1}}
    objective: {{goal: maximize, primary_metric: accuracy}}
    limits: {{max_total_trials: 4}}
  inline:
    command: cat ${{{{inputs.scores}}}}/*
    environment:
      conda_file: ./conda.yml
    inputs:
      scores: ${{{{parent.jobs.registered.outputs.scores}}}}
""",
    "job/sweep": f"""\
$schema: {SCHEMAS}sweepJob.schema.json
type: sweep
display_name: search
experiment_name: diabetes
trial:
  code: ./src
  command: python train.py ${{{{inputs.data}}}} --rate ${{{{search_space.rate}}}} --kind ${{{{search_space.kind}}}}
  environment: azureml:train-env@latest
inputs:
  data:
    type: uri_file
    path: ./data/diabetes.csv
sampling_algorithm:
  type: random
  seed: 7
  rule: sobol
search_space:
  rate:
    type: loguniform
    min_value: -6
    max_value: 1e-1
  kind:
    type: choice
    values: [a, b]
objective:
  goal: minimize
  primary_metric: loss
early_termination:
  type: bandit
  slack_factor: 0.2
  evaluation_interval: 1
  delay_evaluation: 5
limits:
  max_total_trials: 20
  max_concurrent_trials: 4
  timeout: 7200
  trial_timeout: 600
""",
    "job/parallel": f"""\
$schema: {SCHEMAS}parallelJob.schema.json
type: parallel
display_name: score many
inputs:
  data:
    type: mltable
    path: azureml:rows@latest
    mode: direct
outputs:
  scores:
    type: uri_file
input_data: ${{{{inputs.data}}}}
mini_batch_size: 10kb
mini_batch_error_threshold: 5
error_threshold: 3
max_concurrency_per_instance: 2
logging_level: DEBUG
retry_settings:
  max_retries: 2
  timeout: 60
resources:
  instance_count: 2
task:
  type: run_function
  code: ./src
  entry_script: train.py
  environment:
    image: python:3.11
    conda_file: ./conda.yml
  program_arguments: --out ${{{{outputs.scores}}}}
  append_row_to: ${{{{outputs.scores}}}}
""",
    "job/spark": f"""\
$schema: {SCHEMAS}sparkJob.schema.json
type: spark
display_name: count
code: ./src
entry:
  file: train.py
py_files:
  - utils.zip
inputs:
  data:
    type: uri_file
    path: ./data/diabetes.csv
    mode: direct
args: >-
  --data ${{{{inputs.data}}}}
conf:
  spark.driver.cores: 1
  spark.driver.memory: 2g
resources:
  instance_type: standard_e4s_v3
  runtime_version: "3.4"
""",
    "schedule": f"""\
$schema: {SCHEMAS}schedule.schema.json
name: every-night
display_name: every night
trigger:
  type: recurrence
  frequency: week
  interval: 1
  schedule:
    hours: [4, 10]
    minutes: 30
    week_days: [monday, friday]
  start_time: "2026-07-10T10:00:00"
  time_zone: Pacific Standard Time
create_job:
  type: pipeline
  job: ./parts/nightly.yml
  inputs:
    label: ${{{{name}}}}
  settings:
    continue_on_step_failure: true
""",
    "compute/amlcompute": f"""\
$schema: {SCHEMAS}amlCompute.schema.json
name: cpu-cluster
type: amlcompute
size: STANDARD_DS3_v2
min_instances: 0
max_instances: 4
idle_time_before_scale_down: 120
""",
    "compute/computeinstance": f"""\
$schema: {SCHEMAS}computeInstance.schema.json
name: my-station
type: computeinstance
size: STANDARD_DS3_v2
""",
    "datastore/azure_blob": f"""\
$schema: {SCHEMAS}azureBlob.schema.json
name: blobs
type: azure_blob
account_name: account
container_name: container
credentials:
  account_key: XXXX
""",
    "datastore/azure_file": """\
name: share
type: azure_file
account_name: account
file_share_name: share
credentials:
  sas_token: XXXX
""",
    "datastore/azure_data_lake_gen1": """\
name: lake1
type: azure_data_lake_gen1
store_name: store
credentials:
  tenant_id: "1"
  client_id: "2"
  client_secret: XXXX
""",
    "datastore/azure_data_lake_gen2": """\
name: lake2
type: azure_data_lake_gen2
account_name: account
filesystem: fs
""",
    "datastore/local": """\
name: disk
type: local
path: /srv/data
""",
    "datastore/s3": """\
name: bucket
type: s3
bucket: bucket
region: eu-central-1
credentials:
  access_key_id: XXXX
  secret_access_key: XXXX
""",
    "datastore/gcs": """\
name: bucket
type: gcs
bucket: bucket
""",
    "datastore/hdfs": """\
name: hadoop
type: hdfs
host: name-node
port: 8020
""",
    "workspace": f"""\
$schema: {SCHEMAS}workspace.schema.json
name: team
display_name: Team
location: here
description: ours
tags: {{purpose: test}}
""",
    **SERVED,
}


TRAIN = f"""\
$schema: {SCHEMAS}commandComponent.schema.json
type: command
name: train
version: 1
code: ./code
command: >-
  python train.py --data ${{{{inputs.data}}}} --rate ${{{{inputs.rate}}}} --model ${{{{outputs.model}}}}
inputs:
  data:
    type: uri_file
  rate:
    type: number
    default: 0.1
outputs:
  model:
    type: mlflow_model
environment:
  image: python:3.11
  conda_file: ../conda.yml
additional_includes:
  - ../shared
"""
"""A component in a folder of its own, ``parts/train.yml``."""

NIGHTLY = """\
type: pipeline
inputs:
  label: x
jobs:
  a:
    component: ./train.yml
    inputs:
      data: {type: uri_file, path: ../data/diabetes.csv}
"""
"""A job in a folder of its own, ``parts/nightly.yml``."""


def write_files(folder: Path) -> None:
    """Lay out what the documents name."""
    (folder / "data").mkdir()
    (folder / "data" / "diabetes.csv").write_text("a,b\n1,2\n")
    (folder / "model").mkdir()
    (folder / "model" / "MLmodel").write_text("flavors: {}\n")
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_text("print(1)\n")
    (folder / "parts" / "code").mkdir(parents=True)
    (folder / "parts" / "code" / "train.py").write_text("print(2)\n")
    (folder / "parts" / "train.yml").write_text(TRAIN)
    (folder / "parts" / "nightly.yml").write_text(NIGHTLY)
    (folder / "parts" / "pipeline.yml").write_text(PIPELINE)
    (folder / "shared").mkdir()
    (folder / "shared" / "common.py").write_text("A = 1\n")
    (folder / "conda.yml").write_text("name: e\ndependencies:\n  - python=3.11\n  - pip:\n      - mlflow\n")


def kind_of(case: str) -> str:
    """Return the kind of a case such as ``compute/amlcompute``."""
    return case.partition("/")[0]


def write(folder: Path, text: str) -> Path:
    """Write a document into a folder that has its files."""
    path = folder / "document.yml"
    path.write_text(text)
    return path
