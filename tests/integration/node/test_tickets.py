"""A ticket for files lives as long as its job: on a real server, over the job's whole life."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from lapisml.ports.attach import Hold
from lapisml.ports.compute import Handle
from lapisml.server.features.endpoints import share_store
from lapisml.server.features.endpoints.share_holding import hold_of_shares
from lapisml.server.features.endpoints.share_store import Share, key_of
from lapisml.server.features.endpoints.tables import online_revisions
from lapisml.server.features.workspaces.tables import workspaces
from lapisml.server.platform.database import Database, metadata
from tests.integration.jobs.client import Api
from tests.support import tickets
from tests.support.server import LapisServer, end_everything

_JOBS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/default/jobs"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LapisServer]:
    server = LapisServer(tmp_path / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}).start()
    yield server
    server.stop()
    end_everything(server.home)


def key_of_job(server: LapisServer, name: str) -> str:
    with closing(sqlite3.connect(server.home / "lapis.db", timeout=30)) as database:
        (key,) = database.execute("SELECT submit_key FROM jobs WHERE name = ?", (name,)).fetchone()
    return str(key)


def answer(server: LapisServer, place: Path, job: Handle, what: str = "content?path=a.txt") -> tuple[int, Any]:
    plain = {"protocol": "file", "path": str(place)}
    sealed = tickets.of(server).seal_for(job.workspace)(plain, True, job)
    return server.request("GET", f"/api/v1/node/{what}", token=str(sealed["options"]["ticket"]))


def test_it_dies_with_its_job(server: LapisServer, tmp_path: Path) -> None:
    """Canceled, ended by itself or deleted; and one of a job's name is none of the next job of that name."""
    place = tmp_path / "data"
    place.mkdir()
    (place / "a.txt").write_text("mine")
    api = Api(server)
    name = api.submit("sleep 600")
    job = Handle("default", name, key_of_job(server, name))
    assert answer(server, place, job) == (200, b"mine")
    for stranger in (Handle("default", name, "another"), Handle("default", "no_such", job.submit_key)):
        assert answer(server, place, stranger)[0] == 401
    api.wait(name, "Running")
    assert answer(server, place, job) == (200, b"mine")
    api.call("POST", f"/jobs/{name}/cancel")
    api.wait(name, "Canceled", timeout=30)
    status, body = answer(server, place, job)
    assert (status, body["error"]["code"]) == (401, "TokenExpired")
    assert "has ended" in body["error"]["message"]
    short = api.submit("true")
    ended = Handle("default", short, key_of_job(server, short))
    api.wait(short, "Completed", timeout=60)
    for what in ("content?path=a.txt", "info", "children", "walk"):
        assert answer(server, place, ended, what)[0] == 401
    assert server.request("DELETE", f"{_JOBS}/{short}")[0] == 200
    assert answer(server, place, ended)[0] == 401


def test_a_job_that_is_heard_of_outlives_the_time(server: LapisServer, tmp_path: Path) -> None:
    """However long it runs; one that is silent does not, and is let in again when it is back."""
    (tmp_path / "a.txt").write_text("mine")
    job = Handle("default", "long", "key")

    class Then:
        def now_ms(self) -> int:
            return 1_000_000

    plain = {"protocol": "file", "path": str(tmp_path)}
    sealed = tickets.of(server, Then()).seal_for("default")(plain, False, job)
    for status, wanted in (
        ("Queued", 200), ("Running", 200), ("NotResponding", 401), ("Running", 200), ("CancelRequested", 200),
        ("Finalizing", 200), ("Failed", 401),
    ):  # fmt: skip
        tickets.let_run(server, job, status)
        ticket = str(sealed["options"]["ticket"])
        assert server.request("GET", "/api/v1/node/content?path=a.txt", token=ticket)[0] == wanted, status


def test_shares_of_deployments_hold_tickets_too(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'lapis.db'}")
    row: dict[str, Any] = {
        column.name: {} if "Json" in repr(column.type) else 0 if "Integer" in repr(column.type) else ""
        for column in online_revisions.columns
        if not column.nullable
    }
    row |= {"id": "0123456789ab", "workspace_id": 1, "document": {}, "scale": {}, "handed_over": False}
    row |= {"next_at": 0, "created_at": 0}
    share = Share("0123456789ab", 2, "gpu1", {}, attempt=3)
    with database.write() as connection:
        metadata.create_all(connection)
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        who = {"created_by": "", "created_at": 0, "updated_by": "", "updated_at": 0}
        connection.execute(insert(workspaces).values(id=1, name="w", document={}, **who))
        connection.execute(insert(online_revisions).values(**row))
        share_store.add(connection, share)
    hold_of = hold_of_shares(database)
    job = Handle("w", share.job, key_of(share))
    assert hold_of(1, job) is Hold.HEARD
    assert hold_of(2, job) is Hold.OVER
    for other in (
        Handle("w", share.job, "key"), Handle("w", "serving--0123456789ab--n2--2", "serving--0123456789ab--n2--2-key"),
        Handle("w", "calm_fennel", "key"),
    ):  # fmt: skip
        assert hold_of(1, other) is Hold.OVER
    with database.write() as connection:
        share_store.change(connection, share, away_since=5)
    assert hold_of(1, job) is Hold.SILENT
    with database.write() as connection:
        share_store.remove(connection, share)
    assert hold_of(1, job) is Hold.OVER
    database.close()
