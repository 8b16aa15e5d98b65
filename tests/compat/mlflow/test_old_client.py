"""An older release of the stock client, in an environment of its own: one process with many checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compat.mlflow.conftest import Lapis
from tests.support.clients import python_of, run_client

SCRIPT = """
import os
import pathlib
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import Model

name = sys.argv[1]
client = MlflowClient()
experiment = mlflow.set_experiment(name).experiment_id
with mlflow.start_run(run_name="train") as run:
    mlflow.log_params({"rate": 0.1, "depth": 3})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("team", "a")
    mlflow.log_dict({"a": 1}, "conf/c.json")
    with mlflow.start_run(nested=True, run_name="child"):
        mlflow.log_metric("x", 1)
run_id = run.info.run_id
assert client.get_run(run_id).info.status == "FINISHED"
assert [point.step for point in client.get_metric_history(run_id, "loss")] == [0, 1, 2]
found = client.search_runs([experiment], "metrics.loss < 0.5 AND params.depth = '3' AND tags.team LIKE 'a%'")
assert [one.info.run_id for one in found] == [run_id]
assert [file.path for file in client.list_artifacts(run_id, "conf")] == ["conf/c.json"]
assert mlflow.artifacts.load_dict(f"runs:/{run_id}/conf/c.json") == {"a": 1}

folder = pathlib.Path("saved")
folder.mkdir()
Model(flavors={"python_function": {"loader_module": "none", "python_version": "3.11"}}).save(str(folder / "MLmodel"))
mlflow.log_artifacts("saved", "model", run_id=run_id)
client.create_registered_model(name, tags={"a": "b"})
version = client.create_model_version(name, f"runs:/{run_id}/model", run_id=run_id)
assert (version.version, version.run_id) == ("1", run_id)
client.set_registered_model_alias(name, "champion", "1")
assert client.get_model_version_by_alias(name, "champion").version == "1"
client.transition_model_version_stage(name, "1", "Production")
assert client.get_latest_versions(name, ["Production"])[0].version == "1"
assert [one.name for one in client.search_registered_models(f"name = '{name}'")] == [name]
local = mlflow.artifacts.download_artifacts(f"models:/{name}/1")
assert (pathlib.Path(local) / "MLmodel").exists()


@mlflow.trace(span_type="TOOL")
def work(x):
    return x + 1


assert work(1) == 2
mlflow.flush_trace_async_logging()
[trace] = mlflow.search_traces(locations=[experiment], filter_string="span.type = 'TOOL'", return_type="list")
assert trace.data.spans[0].outputs == 2
mlflow.log_feedback(trace_id=trace.info.trace_id, name="good", value=True)
assert len(mlflow.search_traces(
    locations=[experiment], filter_string="feedback.good = 'true'", return_type="list", include_spans=False)) == 1
prompt = mlflow.genai.register_prompt(f"{name}-p", "Hello {{who}}")
assert mlflow.genai.load_prompt(f"prompts:/{name}-p/1").format(who="you") == "Hello you"
for call, code in (
    (lambda: client.get_run("none"), "RESOURCE_DOES_NOT_EXIST"),
    (lambda: client.create_experiment(name), "RESOURCE_ALREADY_EXISTS"),
    (lambda: client.search_runs([experiment], "nope.x = 'a'"), "INVALID_PARAMETER_VALUE"),
    (lambda: client.get_registered_model("none"), "RESOURCE_DOES_NOT_EXIST"),
):
    try:
        call()
        raise AssertionError("it worked")
    except MlflowException as error:
        assert error.error_code == code, error
print(mlflow.__version__)
"""


@pytest.mark.slow
def test_an_older_client_works(open_lapis: Lapis, name: str, tmp_path: Path) -> None:
    env = {**open_lapis.server.mlflow_environment(), "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    printed = run_client(SCRIPT, env, python_of("mlflow-old"), arguments=[name], cwd=tmp_path)
    assert printed.split()[-1].startswith("3.16.")
