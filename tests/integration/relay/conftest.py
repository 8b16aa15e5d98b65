"""A running job with a relay, and the tracking server behind it."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.ports.compute import Handle, TrackingSpec
from lapisml.runner import processes
from lapisml.testing.compute_bench import Bench
from tests.integration.relay.tracker import PATH, Tracker
from tests.support.polling import eventually
from tests.support.server import end_everything

TOKEN = "secret-token"


@pytest.fixture(params=["python", "lapis-relay"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Jobs as local processes below a fresh home; their relays are new interpreters, or forks."""
    bench = Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    if request.param == "lapis-relay":
        bench.run("true")
        eventually(lambda: any("httptools" in _mapped(nursery) for nursery in _nurseries()))
    yield bench
    end_everything(tmp_path)


def _nurseries() -> list[int]:
    return [child for child in processes.children(os.getpid()) if processes.name_of(child) == "lapis-nursery"]


def _mapped(pid: int) -> str:
    """Return the files that a process has mapped: its compiled modules among them."""
    return Path(f"/proc/{pid}/maps").read_text()


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Tracker]:
    """The tracking server; not started."""
    tracker = Tracker(tmp_path / "run" / "server.json")
    yield tracker
    tracker.stop()


class RelayedJob:
    """A job that waits for a file, and a client of its relay that stands for the job's own code."""

    def __init__(self, bench: Bench, **changes: Any) -> None:
        self.bench = bench
        tracking = TrackingSpec(str(bench.home / "run" / "server.json"), PATH, TOKEN, "run", "1", "exp")
        self.gate = bench.home / "go"
        command = f"echo $MLFLOW_TRACKING_URI up; until [ -e {self.gate} ]; do sleep 0.02; done"
        self.handle: Handle = bench.running(command, tracking=tracking, **changes)
        self.folder = bench.home / "runs" / self.handle.workspace / self.handle.job
        address = bench.log(self.handle).split()[0]
        self.port = int(address.split(":")[2].split("/")[0])
        assert address == f"http://127.0.0.1:{self.port}{PATH}"
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None, token: str | None = TOKEN, **headers: str) -> Any:
        """Make a request; return (status, body)."""
        response = self.raw(method, PATH + path, body, token, **headers)
        data = response.read()
        return response.status, json.loads(data) if data else None

    def raw(
        self, method: str, target: str, body: Any = None, token: str | None = TOKEN, **headers: str
    ) -> http.client.HTTPResponse:
        """Make a request; return the response to be read."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        try:
            self._connection.request(method, target, data, headers)
            return self._connection.getresponse()
        except OSError:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        """Drop the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def log_metric(self, step: int, key: str = "loss", run_id: str = "run") -> None:
        """Log one point, as the stock client does."""
        body = {"run_id": run_id, "key": key, "value": 0.5 + step, "timestamp": 1000 + step, "step": step}
        status, answer = self.call("POST", "/api/2.0/mlflow/runs/log-metric", body)
        assert (status, answer) == (200, {})

    def pid(self, name: str) -> int:
        """Return the pid of the job's supervisor or relay."""
        if name == "relay":
            return int(json.loads((self.folder / "relay.json").read_text())["pid"])
        return int(json.loads((self.folder / "process.json").read_text())[name]["pid"])

    def finish(self) -> None:
        """Let the command end."""
        self.gate.touch()


@pytest.fixture
def relayed(bench: Bench) -> Iterator[Callable[..., RelayedJob]]:
    """``relayed(**changes)`` starts a job with a relay."""
    jobs: list[RelayedJob] = []

    def start(**changes: Any) -> RelayedJob:
        jobs.append(RelayedJob(bench, **changes))
        return jobs[-1]

    yield start
    for job in jobs:
        job.hang_up()
