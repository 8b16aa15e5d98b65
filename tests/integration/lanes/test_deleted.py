"""A job that is deleted takes its moves with it, and SQLite gives their numbers anew: no later move is missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.jobs.client import Api
from tests.support.server import LapisServer, end_everything


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    server = LapisServer(tmp_path / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}).start()
    yield Api(server)
    server.stop()
    end_everything(server.home)


def test_a_job_after_a_deleted_one_is_seen_through_all_its_moves(api: Api) -> None:
    for _round in range(3):
        name = api.submit("exit 3")
        api.wait(name, "Failed")
        assert api.call("DELETE", f"/jobs/{name}")[0] in (200, 202, 204)
        after = api.submit("sleep 600")
        api.call("POST", f"/jobs/{after}/cancel")
        assert api.wait(after, "Canceled", timeout=30)["status"] == "Canceled"
