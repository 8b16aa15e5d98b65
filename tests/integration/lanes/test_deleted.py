"""A job that is deleted takes its moves with it, and SQLite gives their numbers anew: no later move is missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.jobs.client import Api
from tests.support.server import LapisServer, end_everything

_JOBS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/default/jobs"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LapisServer]:
    server = LapisServer(tmp_path / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}).start()
    yield server
    server.stop()
    end_everything(server.home)


def test_a_job_after_a_deleted_one_is_seen_through_all_its_moves(server: LapisServer) -> None:
    api = Api(server)
    for _round in range(3):
        name = api.submit("exit 3")
        api.wait(name, "Failed")
        assert server.request("DELETE", f"{_JOBS}/{name}")[0] == 200
        after = api.submit("sleep 600")
        api.call("POST", f"/jobs/{after}/cancel")
        assert api.wait(after, "Canceled", timeout=30)["status"] == "Canceled"
