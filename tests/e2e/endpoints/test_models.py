"""MLflow models without code: through the command line, from Python, and in batch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lapisml import ErrorCode, Input, LapisError, MLClient
from lapisml.entities import ManagedOnlineDeployment, ManagedOnlineEndpoint, Model
from tests.e2e.endpoints.conftest import Json, Lapis
from tests.support.server import LapisServer

NO_CODE = """
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: sklearn-deployment
endpoint_name: my-endpoint
model:
  name: regression
  version: 2
  path: {path}
  type: mlflow_model
instance_type: Standard_DS3_v2
instance_count: 1
"""
ASKED = {"input_data": {"columns": ["age", "weight"], "index": [0, 1], "data": [[1.0, 1.0], [2.0, 5.0]]}}
BATCH_ENDPOINT = """
$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json
name: regression-batch
auth_mode: aad_token
"""
BATCH = """
$schema: https://azuremlschemas.azureedge.net/latest/modelBatchDeployment.schema.json
endpoint_name: regression-batch
name: simple
type: model
model: azureml:regression-for-batch@latest
compute: azureml:batch-cluster
resources:
  instance_count: 1
settings:
  max_concurrency_per_instance: 2
  mini_batch_size: 1
  output_action: append_row
  output_file_name: predictions.csv
  retry_settings:
    max_retries: 3
    timeout: 300
"""
HELLO = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
name: hello_batch
version: "1"
type: pipeline
inputs:
  word:
    type: string
    default: hello
jobs:
  say:
    type: command
    command: echo ${{inputs.word}} > outputs/said.txt
    environment: {image: python}
    inputs:
      word: ${{parent.inputs.word}}
"""


def test_a_model_without_code(lapis: Lapis, answer: Json, folder: Path, mlflow_model: Path) -> None:
    (folder / "ncd.yml").write_text(NO_CODE.format(path=mlflow_model))
    (folder / "ask.json").write_text(json.dumps(ASKED))
    lapis("online-endpoint create -n ncd")
    lapis("online-deployment create --endpoint ncd -f ncd.yml --all-traffic")
    assert json.loads(answer("online-endpoint invoke -n ncd -r ask.json")) == pytest.approx([3.0, 12.0])
    assert answer("model show -n regression -v 2 --query type") == "mlflow_model"
    (folder / "wrong.json").write_text(json.dumps(ASKED).replace("weight", "height"))
    refused = lapis("online-endpoint invoke -n ncd -r wrong.json", code=1).stderr
    assert "answered 400" in refused
    assert "weight" in refused


@pytest.fixture
def ml_client(server: LapisServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> MLClient:
    monkeypatch.chdir(folder)
    return MLClient(server.token, "subscription", "group", "default", url=server.url)


def test_a_notebook(ml_client: MLClient, folder: Path, mlflow_model: Path) -> None:
    endpoint = ManagedOnlineEndpoint(name="notebook", description="from Python", auth_mode="key", tags={"a": "b"})
    made = ml_client.begin_create_or_update(endpoint).result()
    assert made.provisioning_state == "Succeeded"
    blue = ManagedOnlineDeployment(
        name="blue",
        endpoint_name="notebook",
        model=Model(path=str(mlflow_model), type="mlflow_model"),
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )
    poller = ml_client.online_deployments.begin_create_or_update(blue)
    deployed = poller.result()
    assert (poller.done(), poller.status(), deployed.provisioning_state) == (True, "Succeeded", "Succeeded")
    endpoint.traffic = {"blue": 100}
    assert ml_client.begin_create_or_update(endpoint).result().traffic == {"blue": 100}
    (folder / "ask.json").write_text(json.dumps(ASKED))
    text = ml_client.online_endpoints.invoke(endpoint_name="notebook", deployment_name="blue", request_file="ask.json")
    assert json.loads(text) == pytest.approx([3.0, 12.0])
    assert json.loads(ml_client.online_endpoints.invoke("notebook", input_data=ASKED)) == pytest.approx([3.0, 12.0])
    shown = ml_client.online_endpoints.get(name="notebook")
    assert (shown.tags, shown.scoring_uri.endswith("/notebook/score")) == ({"a": "b"}, True)
    assert ml_client.online_endpoints.get_keys(name="notebook").primary_key
    assert [one.name for one in ml_client.online_deployments.list("notebook")] == ["blue"]
    assert isinstance(ml_client.online_deployments.get_logs(name="blue", endpoint_name="notebook", lines=50), str)
    with pytest.raises(LapisError) as refused:
        ml_client.online_deployments.begin_delete(name="blue", endpoint_name="notebook").result()
    assert refused.value.code is ErrorCode.CONFLICT
    ml_client.online_endpoints.begin_delete(name="notebook").result()
    with pytest.raises(LapisError) as gone:
        ml_client.online_endpoints.get("notebook")
    assert gone.value.code is ErrorCode.NOT_FOUND


def test_a_model_in_batch(lapis: Lapis, answer: Json, folder: Path, mlflow_model: Path, ml_client: MLClient) -> None:
    (folder / "endpoint-batch.yml").write_text(BATCH_ENDPOINT)
    (folder / "batch.yml").write_text(BATCH)
    for name, rows in (("a.csv", "1,1\n2,5\n"), ("b.csv", "0,3\n")):
        (folder / "data" / name).parent.mkdir(exist_ok=True)
        (folder / "data" / name).write_text("age,weight\n" + rows)
    lapis("model create --name regression-for-batch --type mlflow_model --path", str(mlflow_model))
    lapis("compute create -n batch-cluster --type amlcompute --min-instances 0 --max-instances 2")
    lapis("batch-endpoint create -f endpoint-batch.yml")
    lapis("batch-deployment create --file batch.yml --endpoint-name regression-batch --set-default")
    assert answer("batch-endpoint show -n regression-batch --query defaults.deployment_name") == "simple"
    job = lapis("batch-endpoint invoke --name regression-batch --input data --query name -o tsv").stdout.strip()
    lapis("job stream -n", job, timeout=200)
    lapis("job download --output-name score --download-path . --name", job)
    found = list((folder / job).rglob("predictions.csv"))
    assert len(found) == 1
    lines = sorted(line.split(",") for line in found[0].read_text().splitlines())
    assert [(row, name) for row, _, name in lines] == [("0", "a.csv"), ("0", "b.csv"), ("1", "a.csv")]
    assert [float(value) for _, value, _ in lines] == pytest.approx([3.0, 6.0, 12.0])
    assert answer("batch-deployment list-jobs -n simple -e regression-batch --query [].name") == [job]
    again = ml_client.batch_endpoints.invoke(
        endpoint_name="regression-batch",
        input=Input(type="uri_folder", path="data"),
        params_override=[{"output_file_name": "other.csv"}, {"mini_batch_size": 2}],
    )
    ml_client.jobs.stream(again.name)
    files = ml_client.jobs.download(again.name, download_path=folder / "again", output_name="score")
    assert "other.csv" in [file.name for file in files]
    assert {one.name for one in ml_client.batch_endpoints.list_jobs("regression-batch")} == {job, again.name}
    lapis("batch-deployment delete -n simple -e regression-batch --yes", code=1)
    lapis("batch-endpoint delete --name regression-batch --yes")


def test_a_pipeline_behind_a_batch_endpoint(lapis: Lapis, answer: Json, folder: Path) -> None:
    (folder / "hello.yml").write_text(HELLO)
    (folder / "deploy.yml").write_text(
        "$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponentBatchDeployment.schema.json\n"
        "name: say\nendpoint_name: none\ntype: pipeline\ncomponent: azureml:hello_batch@latest\n"
        "settings: {default_compute: local}\n"
    )
    (folder / "from-job.yml").write_text(
        "name: from-job\nendpoint_name: none\ntype: pipeline\njob_definition: azureml:placeholder\n"
        "settings: {default_compute: local, continue_on_step_failure: false}\n"
    )
    lapis("component create -f hello.yml")
    lapis("batch-endpoint create -n hello")
    lapis("batch-deployment create --endpoint hello -f deploy.yml --set-default")
    job = answer("batch-endpoint invoke -n hello --query name")  # without any input
    lapis("job stream -n", job)
    other = answer("batch-endpoint invoke -n hello --inputs word=bye")
    assert other["inputs"]["word"] == "bye"
    lapis("job stream -n", other["name"])
    refused = lapis("batch-endpoint invoke -n hello --inputs wort=bye", code=1).stderr
    assert "did you mean `word`?" in refused
    lapis("batch-deployment create -e hello -f from-job.yml --set", f"job_definition=azureml:{job}")
    assert answer("batch-deployment show -n from-job -e hello --query provisioning_state") == "Succeeded"
    third = answer("batch-endpoint invoke -n hello -d from-job --query name")
    lapis("job stream -n", third)
    assert answer("batch-endpoint list-jobs -n hello --query length(@)") == 3
    lapis("batch-endpoint delete -n hello --yes")
