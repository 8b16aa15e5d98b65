"""A workspace in which something of everything is: patients with diabetes, and models that foretell its progression."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.cli import run_lapis
from tests.support.polling import eventually
from tests.support.server import LapisServer

DOCUMENTS = Path(__file__).parent / "diabetes"
SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host", "LAPIS_ACCELERATE": "0", "LAPIS_LOCAL_SLOTS": "3"}
PIPELINE, AGAIN, BROKEN = "diabetes-pipeline", "diabetes-again", "broken-job"
_PATIENCE_S = 150.0


def call(server: LapisServer, method: str, path: str, body: Any = None) -> Any:
    """Ask the native API of the default workspace."""
    request = urllib.request.Request(
        f"{server.url}/api/v1/workspaces/default/{path}",
        json.dumps(body).encode() if body is not None else None,
        {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def furnish(server: LapisServer, folder: Path) -> None:
    """Fill a server's workspace and wait until its jobs are over.

    Args:
        folder: for files that are uploaded.
    """
    from sklearn.datasets import load_diabetes

    table = load_diabetes(as_frame=True, scaled=False).frame.rename(columns={"target": "progression"})
    table.to_csv(folder / "diabetes.csv", index=False)
    _create(server, "data", "--name", "diabetes", "--type", "uri_file", "--path", str(folder / "diabetes.csv"))
    _create(server, "environment", "--file", str(DOCUMENTS / "environment.yml"))
    _create(server, "job", "--name", PIPELINE, "--file", str(DOCUMENTS / "pipeline.yml"))
    _create(server, "job", "--name", BROKEN, "--file", str(DOCUMENTS / "broken.yml"))
    _furnish_rest(server)
    _wait(server, PIPELINE, BROKEN)
    assert call(server, "GET", f"jobs/{PIPELINE}")["status"] == "Completed", call(server, "GET", f"jobs/{PIPELINE}")
    _create(server, "job", "--name", AGAIN, "--file", str(DOCUMENTS / "pipeline.yml"))  # its steps are reused
    _wait(server, AGAIN)
    ridge = "models/diabetes-ridge"
    call(server, "PUT", f"{ridge}/labels/champion", {"version": "1"})
    call(server, "PATCH", f"{ridge}/versions/1", {"stage": "Production", "description": "The **best** one"})
    call(server, "PATCH", ridge, {"description": "Foretells the progression.", "tags": {"team": "blue"}})


def _furnish_rest(server: LapisServer) -> None:
    """Make what needs no job."""
    cluster = {"name": "cpu-cluster", "type": "amlcompute", "min_instances": 0, "max_instances": 2}
    call(server, "PUT", "computes/cpu-cluster", cluster)
    call(server, "PUT", "online-endpoints/diabetes-online", {"name": "diabetes-online", "tags": {"team": "blue"}})
    call(server, "PUT", "batch-endpoints/diabetes-batch", {"name": "diabetes-batch"})
    bucket = {"name": "archive", "type": "azure_blob", "account_name": "lapis", "container_name": "archive"}
    call(server, "PUT", "datastores/archive", {**bucket, "credentials": {"account_key": "a2V5"}})
    key = {"name": "registry", "type": "api_key", "target": "https://packages.example.org"}
    call(server, "PUT", "connections/registry", {**key, "credentials": {"type": "api_key", "key": "not-shown"}})
    start = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT03:00:00}"
    nightly = {
        "name": "nightly",
        "display_name": "Every night",
        "trigger": {
            "type": "recurrence",
            "frequency": "day",
            "interval": 1,
            "start_time": start,
        },
        "create_job": f"azureml:{PIPELINE}",
    }
    call(server, "PUT", "schedules/nightly", nightly)
    count = {
        "name": "count",
        "type": "command",
        "command": "wc -l ${{inputs.table}}",
        "inputs": {"table": {"type": "uri_file", "description": "What is counted"}},
        "environment": "azureml:sklearn@latest",
        "description": "Counts the lines of a table.",
    }
    call(server, "POST", "components", count)


def _create(server: LapisServer, noun: str, *words: str) -> None:
    run_lapis(noun, "create", *words, home=server.home, check=True)


def _wait(server: LapisServer, *names: str) -> None:
    for name in names:
        eventually(lambda name=name: _is_over(server, name), _PATIENCE_S, what=f"the end of {name}")  # type: ignore[misc]


def _is_over(server: LapisServer, name: str) -> bool:
    return call(server, "GET", f"jobs/{name}")["status"] in ("Completed", "Failed", "Canceled")
