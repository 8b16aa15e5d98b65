"""What can not be: each refusal is the SDK's own exception with a sentence that says why."""

from collections.abc import Callable
from pathlib import Path

from azure.ai.ml import Input, automl, command, spark
from azure.ai.ml.entities import Environment, Job
from azure.ai.ml.exceptions import JobException
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from common import ENVIRONMENT, client, gate, over

ml_client = client()


def refused(action: Callable[[], object], kind: type[Exception], *words: str) -> str:
    try:
        action()
    except kind as error:
        text = str(error)
        assert all(word in text for word in words), text
        return text
    raise AssertionError(f"not refused: {words}")


def submit(job: Job) -> Callable[[], object]:
    return lambda: ml_client.jobs.create_or_update(job)


refused(lambda: ml_client.jobs.get("no-such-job"), ResourceNotFoundError, "ResourceNotFound", "no-such-job")
refused(lambda: ml_client.jobs.begin_cancel("no-such-job"), ResourceNotFoundError, "no-such-job")
refused(lambda: ml_client.jobs.archive("no-such-job"), ResourceNotFoundError, "no-such-job")
refused(lambda: list(ml_client.jobs.list(parent_job_name="no-such-job")), ResourceNotFoundError, "no-such-job")
refused(lambda: ml_client.jobs.download("no-such-job"), ResourceNotFoundError, "no-such-job")

plain = f"{ENVIRONMENT}:1"
refused(submit(command(command="x", environment="absent:1")), HttpResponseError, "absent:1")
refused(submit(command(command="x", environment=plain, compute="absent")), HttpResponseError, "no compute 'absent'")
missing = command(
    command="x ${{inputs.d}}", environment=plain, inputs={"d": Input(type="uri_file", path="azureml:gone:1")}
)
refused(submit(missing), HttpResponseError, "gone")
vague = command(command="x", environment=plain, instance_count=100)
refused(submit(vague), HttpResponseError, "node(s)")

found = automl.classification(
    training_data=Input(type="mltable", path="azureml://datastores/workspaceblobstore/paths/t/"),
    target_column_name="y", primary_metric="accuracy", experiment_name="jobs-sdk", compute="serverless",
)  # fmt: skip
refused(submit(found), HttpResponseError, "NotSupported", "AutoML jobs are not delivered yet")

failing = ml_client.jobs.create_or_update(
    command(
        command="echo went wrong; while [ ! -e ${{inputs.gate}} ]; do sleep 0.1; done; exit 3",
        inputs={"gate": str(gate("failing"))},
        environment=plain,
    )
)
refused(lambda: ml_client.jobs.download(failing.name), JobException, "This job is in state")
if hasattr(ml_client.jobs, "begin_delete"):
    refused(lambda: ml_client.jobs.begin_delete(failing.name), HttpResponseError, "Cancel job")
gate("failing").touch()
assert over(ml_client, failing.name).status == "Failed"
refused(lambda: ml_client.jobs.stream(failing.name), JobException, "exit code 3")
if hasattr(ml_client.jobs, "begin_delete"):
    ml_client.jobs.begin_delete(failing.name).result()
    refused(lambda: ml_client.jobs.get(failing.name), ResourceNotFoundError, failing.name)

waiting = ml_client.jobs.create_or_update(command(command="sleep 600", environment=plain, tags={"batch": "b"}))
ml_client.jobs.begin_cancel(waiting.name).result()
ended = over(ml_client, waiting.name)
assert ended.status == "Canceled", ended.status
ml_client.jobs.begin_cancel(waiting.name).result()

Path("conda.yml").write_text("dependencies: [python=3.11, pip, {pip: [pyspark]}]\n")
sparked = spark(
    experiment_name="jobs-sdk", display_name="sparks", code="spark_src", entry={"file": "main.py"},
    driver_cores=1, driver_memory="1g", executor_cores=1, executor_memory="1g", executor_instances=1,
    resources={"instance_type": "Standard_E4S_V3", "runtime_version": "3.4"},
    environment=Environment(name="jobs-spark", version="1", image="ubuntu:22.04", conda_file="conda.yml"),
)  # fmt: skip
Path("spark_src").mkdir()
Path("spark_src/main.py").write_text("print('spark')\n")
sent = ml_client.jobs.create_or_update(sparked)
shown = ml_client.jobs.get(sent.name)
assert (shown.type, shown.conf["spark.executor.instances"]) == ("spark", "1"), shown
ml_client.jobs.begin_cancel(sent.name).result()
assert over(ml_client, sent.name).status in ("Canceled", "Failed", "Completed")
print("job_refusals: done")
