"""Batch scoring of a folder by a model, and by a pipeline, in the way that notebooks show it."""
# ruff: noqa: PT017, PT018 - written as a notebook is, where there is no pytest

import os
import tempfile
from pathlib import Path

from azure.ai.ml import Input, MLClient, Output, command, dsl
from azure.ai.ml.constants import AssetTypes, BatchDeploymentOutputAction
from azure.ai.ml.entities import (
    AmlCompute,
    BatchEndpoint,
    BatchRetrySettings,
    CodeConfiguration,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
    PipelineComponentBatchDeployment,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

ml_client = MLClient(
    DefaultAzureCredential(),
    os.environ["SUBSCRIPTION_ID"],
    os.environ["RESOURCE_GROUP"],
    os.environ["WORKSPACE_NAME"],
)
ENDPOINT = "numbers"
ENVIRONMENT = Environment(conda_file="conda.yml", image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest")


def finished(name: str) -> object:
    ml_client.jobs.stream(name)
    job = ml_client.jobs.get(name)
    assert job.status == "Completed", job.status
    return job


# the endpoint
endpoint = BatchEndpoint(name=ENDPOINT, description="scores numbers", tags={"kind": "Batch"})
ml_client.batch_endpoints.begin_create_or_update(endpoint).result()
endpoint = ml_client.batch_endpoints.get(ENDPOINT)
assert endpoint.auth_mode == "aad_token" and endpoint.provisioning_state == "Succeeded"
assert endpoint.tags == {"kind": "Batch"} and endpoint.description == "scores numbers"
try:
    ml_client.batch_endpoints.get("nothing")
    raise AssertionError("there is no such endpoint")
except ResourceNotFoundError:
    pass

# a compute that it names
ml_client.compute.begin_create_or_update(AmlCompute(name="batch-cluster", min_instances=0, max_instances=2)).result()

# a model behind it
deployment = ModelBatchDeployment(
    name="double",
    description="doubles",
    endpoint_name=ENDPOINT,
    model=Model(path="two.txt", type=AssetTypes.CUSTOM_MODEL),
    code_configuration=CodeConfiguration(code="batch", scoring_script="batch_driver.py"),
    environment=ENVIRONMENT,
    compute="batch-cluster",
    settings=ModelBatchDeploymentSettings(
        instance_count=1,
        max_concurrency_per_instance=1,
        mini_batch_size=2,
        output_action=BatchDeploymentOutputAction.APPEND_ROW,
        output_file_name="doubled.csv",
        retry_settings=BatchRetrySettings(max_retries=1, timeout=60),
        logging_level="info",
    ),
)
ml_client.batch_deployments.begin_create_or_update(deployment).result()
kept = ml_client.batch_deployments.get("double", ENDPOINT)
assert kept.mini_batch_size == 2 and kept.output_file_name == "doubled.csv", kept
assert kept.compute.endswith("/computes/batch-cluster"), kept.compute
assert kept.retry_settings.timeout == 60 and kept.output_action == "append_row", kept
assert [one.name for one in ml_client.batch_deployments.list(ENDPOINT)] == ["double"]
endpoint = ml_client.batch_endpoints.get(ENDPOINT)
endpoint.defaults.deployment_name = "double"
ml_client.batch_endpoints.begin_create_or_update(endpoint).result()
assert ml_client.batch_endpoints.get(ENDPOINT).defaults.deployment_name == "double"

# a folder of files
job = ml_client.batch_endpoints.invoke(
    endpoint_name=ENDPOINT,
    input=Input(type=AssetTypes.URI_FOLDER, path="numbers"),
    experiment_name="numbers-of-today",
    params_override=[{"mini_batch_size": "1"}, {"compute": {"instance_count": 2}}],
)
assert job.name, job
done = finished(job.name)
assert done.experiment_name == "numbers-of-today", done.experiment_name
node = done.jobs["batchscoring"]
assert (node.mini_batch_size, node.resources.instance_count) == (1, 2), (node.mini_batch_size, node.resources)
step = next(iter(ml_client.jobs.list(parent_job_name=job.name)))
with tempfile.TemporaryDirectory() as folder:
    ml_client.jobs.download(name=step.name, download_path=folder, output_name="score")
    found = next(Path(folder).rglob("doubled.csv")).read_text().split()
assert sorted(found) == ["five.txt:10.0", "one.txt:2.0"], found
assert [one.name for one in ml_client.batch_endpoints.list_jobs(endpoint_name=ENDPOINT)] == [job.name]
assert [one.name for one in ml_client.batch_deployments.list_jobs(ENDPOINT, name="double")] == [job.name]


# a pipeline behind it
@dsl.pipeline(name="shout", description="says it loudly")
def shout(word: str) -> dict[str, object]:
    step = command(
        name="say",
        command="echo ${{inputs.word}}! > ${{outputs.said}}/word.txt",
        environment=ENVIRONMENT,
        inputs={"word": Input(type="string")},
        outputs={"said": Output(type="uri_folder")},
    )(word=word)
    return {"said": step.outputs.said}


component = ml_client.components.create_or_update(shout().component)
pipeline = PipelineComponentBatchDeployment(
    name="shouting", description="a pipeline", endpoint_name=ENDPOINT, component=component,
    settings={"continue_on_step_failure": False},
)  # fmt: skip
ml_client.batch_deployments.begin_create_or_update(pipeline).result()
assert {one.name for one in ml_client.batch_deployments.list(ENDPOINT)} == {"double", "shouting"}
spoken = ml_client.batch_endpoints.invoke(
    endpoint_name=ENDPOINT, deployment_name="shouting", inputs={"word": Input(type="string", default="hello")}
)
finished(spoken.name)
with tempfile.TemporaryDirectory() as folder:
    ml_client.jobs.download(name=spoken.name, download_path=folder, output_name="said")
    assert next(Path(folder).rglob("word.txt")).read_text() == "hello!\n"

# a job that ran, behind it too
again = PipelineComponentBatchDeployment(name="again", endpoint_name=ENDPOINT, job_definition=done)
again = ml_client.batch_deployments.begin_create_or_update(again).result()
assert "/components/azureml_anonymous/versions/" in again.component, again.component

# what does not fit is refused
try:
    ml_client.batch_endpoints.invoke(
        endpoint_name=ENDPOINT, deployment_name="shouting", inputs={"wrod": Input(type="string", default="hello")}
    )
    raise AssertionError("an input that there is not was taken")
except HttpResponseError as error:
    assert "did you mean `word`" in str(error), error
try:
    ml_client.batch_deployments.begin_delete("double", ENDPOINT).result()
    raise AssertionError("the default deployment was deleted")
except HttpResponseError as error:
    assert error.status_code == 409, error
ml_client.batch_deployments.begin_delete("shouting", ENDPOINT).result()
ml_client.batch_endpoints.begin_delete(ENDPOINT).result()
assert [one.name for one in ml_client.batch_endpoints.list()] == []
print("\nbatch: done")
