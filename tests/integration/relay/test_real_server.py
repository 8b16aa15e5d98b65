"""Training code with the stock client, in a job, while the real server is killed and comes back."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.polling import eventually
from tests.support.server import LapisServer

_SCRIPT = """
import os, time, mlflow
from mlflow import MlflowClient
with mlflow.start_run() as run:
    assert run.info.run_id == os.environ["AZUREML_RUN_ID"]
    mlflow.log_param("rate", 0.1)
    for step in range(60):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
        if step == 20:
            open("{home}/half", "x")
            while not os.path.exists("{home}/server-is-away"):
                time.sleep(0.02)
        if step == 50:
            open("{home}/most", "x")
    mlflow.log_text("hello " * 300_000, "notes.txt")
    assert len(MlflowClient().get_metric_history(run.info.run_id, "loss")) == 60
    assert mlflow.artifacts.load_text(run.info.artifact_uri + "/notes.txt").startswith("hello")
print("done")
"""


def _call(server: LapisServer, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_training_goes_on_without_the_server_and_loses_nothing(
    start_server: Callable[..., LapisServer], lapis_home: Path
) -> None:
    server = start_server(env={"LAPIS_ENVIRONMENT_RESOLUTION": "host"})
    script = lapis_home / "train.py"
    script.write_text(_SCRIPT.replace("{home}", str(lapis_home)))
    jobs = "/api/v1/workspaces/default/jobs/trained"
    document = {"type": "command", "command": f"python {script}", "environment": {"image": "python"}}
    _call(server, "PUT", jobs, {"document": document})
    eventually((lapis_home / "half").exists, 60)
    server.kill9()
    (lapis_home / "server-is-away").touch()
    eventually((lapis_home / "most").exists, 30, what="thirty points logged without a server")
    server.start()
    job = eventually(lambda: _ended(server, jobs), 60)
    log = _log(server, jobs)
    assert job["status"] == "Completed", log
    assert "done" in log
    query = "/mlflow/default/api/2.0/mlflow/metrics/get-history?run_id=trained&metric_key=loss"
    points = _call(server, "GET", query)["metrics"]
    assert [int(point["step"]) for point in points] == list(range(60))


def _ended(server: LapisServer, path: str) -> Any:
    job = _call(server, "GET", path)
    return job if job["status"] in ("Completed", "Failed", "Canceled") else None


def _log(server: LapisServer, path: str) -> str:
    url = f"{server.url}{path}/logs/file?path=user_logs/std_log.txt"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())
