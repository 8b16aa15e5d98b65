"""A complete, valid document of every kind and type, as people write them."""

from __future__ import annotations

from pathlib import Path

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
}


def write_files(folder: Path) -> None:
    """Lay out what the documents name."""
    (folder / "data").mkdir()
    (folder / "data" / "diabetes.csv").write_text("a,b\n1,2\n")
    (folder / "model").mkdir()
    (folder / "model" / "MLmodel").write_text("flavors: {}\n")
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_text("print(1)\n")
    (folder / "conda.yml").write_text("name: e\ndependencies:\n  - python=3.11\n  - pip:\n      - mlflow\n")


def kind_of(case: str) -> str:
    """Return the kind of a case such as ``compute/amlcompute``."""
    return case.partition("/")[0]


def write(folder: Path, text: str) -> Path:
    """Write a document into a folder that has its files."""
    path = folder / "document.yml"
    path.write_text(text)
    return path
