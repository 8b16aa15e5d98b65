"""Deleting a workspace takes all of it, asks before it does, and never takes what runs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, func, inspect, select

from lapisml.server.app import create_app
from lapisml.server.platform.database import metadata
from lapisml.server.platform.purge import global_tables
from tests.conftest import ServerFactory
from tests.support.polling import eventually
from tests.support.server import LapisServer

assert create_app, "importing the application declares every table"
W = "/api/v1/workspaces/blue"
MLFLOW = "/mlflow/blue/api/2.0/mlflow"
REGISTRY = "@azureml"
"""The folder of the built-in registry."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest, start_server: ServerFactory) -> LapisServer:
    variables = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}
    if request.param == "postgres":
        variables["LAPIS_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    return start_server(variables)


def _ok(server: LapisServer, method: str, path: str, body: Any = None) -> Any:
    status, answer = server.request(method, path, body)
    assert status < 300, answer
    return answer


def _furnish(server: LapisServer) -> None:
    _ok(server, "PUT", W, {"name": "blue"})
    _ok(
        server,
        "POST",
        f"{W}/models",
        {"name": "m", "type": "custom_model", "path": "https://example.org/m", "tags": {"a": "b"}},
    )
    _ok(server, "PUT", f"{W}/computes/c", {"name": "c", "type": "amlcompute", "max_instances": 1})
    run = _ok(server, "POST", f"{MLFLOW}/runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
    metrics = [{"key": "m", "value": n, "timestamp": n, "step": n} for n in range(3)]
    batch = {
        "run_id": run,
        "metrics": metrics,
        "params": [{"key": "p", "value": "v"}],
        "tags": [{"key": "t", "value": "v"}],
    }
    _ok(server, "POST", f"{MLFLOW}/runs/log-batch", batch)


def _job(server: LapisServer, command: str, state: str) -> None:
    document = {"type": "command", "command": command, "environment": {"image": "python"}, "compute": "azureml:c"}
    _ok(server, "PUT", f"{W}/jobs/j", {"document": document})
    eventually(lambda: _ok(server, "GET", f"{W}/jobs/j")["status"] == state, 60, what=state)


def test_deletion_asks_refuses_while_jobs_run_and_leaves_nothing(server: LapisServer) -> None:
    _furnish(server)
    status, body = server.request("DELETE", W)
    assert status == 409
    for held in ("1 asset_containers", "1 computes", "1 runs"):
        assert held in body["error"]["message"]
    _job(server, "sleep 600", "Running")
    status, body = server.request("DELETE", f"{W}?force=true")
    assert status == 409
    assert "1 jobs of workspace 'blue' are not over" in body["error"]["message"]
    _ok(server, "POST", f"{W}/jobs/j/cancel", {})
    eventually(lambda: _ok(server, "GET", f"{W}/jobs/j")["status"] == "Canceled", 60, what="Canceled")
    assert server.request("DELETE", f"{W}?force=true")[0] == 204
    assert server.request("GET", W)[0] == 404
    search = {"experiment_ids": ["0"]}
    eventually(lambda: server.request("POST", f"{MLFLOW}/runs/search", search)[0] == 404, 10, what="no such workspace")
    for folder in ("storage", "runs"):
        own = ("default", REGISTRY, ".lapis-installation")
        assert [path.name for path in (server.home / folder).iterdir() if path.name not in own] == []
    _ok(server, "DELETE", "/api/v1/workspaces/default")
    server.stop()
    assert _rows(server) == {"workspaces": 1, "datastores": 4}, "the built-in registry is kept as a workspace is"


def _rows(server: LapisServer) -> dict[str, int]:
    """Count what is left in the tables that belong to workspaces."""
    url = server._env.get("LAPIS_DATABASE_URL") or f"sqlite:///{server.home / 'lapis.db'}"
    engine = create_engine(url)
    assert set(inspect(engine).get_table_names()) >= {table.name for table in metadata.sorted_tables}
    with engine.connect() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name not in global_tables(metadata)
        }
    engine.dispose()
    return {name: count for name, count in counts.items() if count}


def test_only_these_tables_belong_to_no_workspace() -> None:
    platform = {"leases", "idempotency_keys", "disk_reserve", "installation", "servers"}
    assert global_tables(metadata) == {"tokens", "browser_sessions", *platform}
