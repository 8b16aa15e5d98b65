"""A full disk makes the server read-only with a clear sentence; ending and deleting work; nothing is damaged."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServerFactory
from tests.support.polling import eventually
from tests.support.processes import clean_environment
from tests.support.server import LapisServer

MLFLOW = "/mlflow/default/api/2.0/mlflow"
RESERVE_MB = 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def server(start_server: ServerFactory, small_disk: Path) -> LapisServer:
    variables = {"LAPIS_DISK_RESERVE_MB": str(RESERVE_MB), "LAPIS_ENVIRONMENT_RESOLUTION": "host"}
    return start_server(variables, home=small_disk / "home")


def _fill(disk: Path) -> None:
    """Take every byte that is left."""
    with (disk / f"filler-{time.monotonic_ns()}").open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65536))
    with (disk / f"filler-{time.monotonic_ns()}").open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))


def _free(disk: Path) -> None:
    for filler in disk.glob("filler-*"):
        filler.unlink()


def _log(server: LapisServer, run: str, key: str, size: int = 400) -> int:
    params = [{"key": f"{key}-{n}", "value": "x" * 400} for n in range(size // 4)]
    status, _ = server.request("POST", f"{MLFLOW}/runs/log-batch", {"run_id": run, "params": params[:100]})
    return status


def _new_run(server: LapisServer) -> str:
    status, body = server.request("POST", f"{MLFLOW}/runs/create", {"experiment_id": "0", "start_time": 1})
    assert status == 200, body
    return str(body["run"]["info"]["run_id"])


def _log_until_refused(server: LapisServer, run: str) -> int:
    """Log batches of 100 params until one is refused; give how many were acknowledged."""
    for number in range(2000):
        status = _log(server, run, f"p{number}")
        if status != 200:
            assert status == 507, status
            return number
    raise AssertionError("the disk is never full")


def _params(server: LapisServer, run: str) -> list[dict[str, Any]]:
    status, body = server.request("GET", f"{MLFLOW}/runs/get?run_id={run}")
    assert status == 200
    return list(body["run"]["data"]["params"])


def test_a_full_disk_closes_for_writing_and_opens_again(server: LapisServer, small_disk: Path) -> None:
    run = _new_run(server)
    for name in ("spare", "another"):
        assert server.request("PUT", f"/api/v1/workspaces/{name}", {"name": name})[0] == 201
    job = _start_job(server)
    _fill(small_disk)
    kept = _log_until_refused(server, run)
    status, body = server.request("PUT", "/api/v1/workspaces/new", {"name": "new"})
    assert status == 507
    assert body["error"]["code"] == "StorageFull"
    assert "disk is full" in body["error"]["message"]
    assert str(small_disk) not in str(body)

    assert len(_params(server, run)) == 100 * kept, "what was acknowledged is there, and nothing else"
    assert server.request("DELETE", "/api/v1/workspaces/spare")[0] == 204
    assert server.request("POST", f"/api/v1/workspaces/default/jobs/{job}/cancel", {})[0] == 200
    eventually(lambda: _status(server, job) == "Canceled", 30, what="the job to be canceled")

    _fill(small_disk)
    assert server.request("DELETE", "/api/v1/workspaces/another")[0] == 204, "also when the reserve is eaten up"
    assert server.request("GET", "/api/v1/status")[0] == 200

    _free(small_disk)
    eventually(lambda: server.request("PUT", "/api/v1/workspaces/new", {"name": "new"})[0] == 201, 10)
    assert _log(server, run, "after") == 200
    assert len(_params(server, run)) == 100 * kept + 100
    server.stop()
    with closing(sqlite3.connect(server.home / "lapis.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def _start_job(server: LapisServer) -> str:
    document = {"type": "command", "command": "sleep 600", "environment": {"image": "python"}}
    status, body = server.request("PUT", "/api/v1/workspaces/default/jobs/sleeper", {"document": document})
    assert status in (200, 201), body
    eventually(lambda: _status(server, "sleeper") == "Running", 60, what="a running job")
    return "sleeper"


def _status(server: LapisServer, job: str) -> str:
    return str(server.request("GET", f"/api/v1/workspaces/default/jobs/{job}")[1]["status"])


def test_a_server_starts_on_a_full_disk_and_answers_reads(server: LapisServer, small_disk: Path) -> None:
    run = _new_run(server)
    assert _log(server, run, "p") == 200
    server.stop()
    _fill(small_disk)
    server.start()
    assert len(_params(server, run)) == 100
    assert server.request("PUT", "/api/v1/workspaces/new", {"name": "new"})[0] == 507
    _free(small_disk)
    eventually(lambda: server.request("PUT", "/api/v1/workspaces/new", {"name": "new"})[0] == 201, 10)


def test_without_any_room_the_start_is_refused_with_a_sentence(server: LapisServer, small_disk: Path) -> None:
    server.stop()
    (server.home / "run" / "reserve").unlink()
    _fill(small_disk)
    before = (server.home / "lapis.db").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "lapisml.server"],
        env=clean_environment(LAPIS_HOME=str(server.home)), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "is full: there is no room" in done.stderr or "disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert (server.home / "lapis.db").read_bytes() == before
