"""Each server is killed in turn while clients are at work: nothing fails that another server could have done."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.sdk.discovery import Address
from lapisml.sdk.session import Session
from lapisml.sdk.streaming import Follower, follow
from lapisml.sdk.transport import Transport
from lapisml.sdk.uploads import upload
from tests.integration.jobs.client import Api
from tests.support.buckets import s3_bucket
from tests.support.cluster import TOKEN, Cluster
from tests.support.objectstores import S3Endpoint
from tests.support.polling import eventually

pytestmark = pytest.mark.postgres

ROUNDS = int(os.environ.get("LAPIS_TEST_KILL_ROUNDS", "2"))
"""How often each server is killed; the drill proper has more."""


class Load(threading.Thread):
    """Does one thing again and again, and keeps what failed.

    Attributes:
        done: what was acknowledged.
        failed: sentences of what was not.
    """

    def __init__(self, work: Callable[[int], Any]) -> None:
        super().__init__(daemon=True)
        self.done: list[Any] = []
        self.failed: list[str] = []
        self._work = work
        self._over = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._over.is_set():
            try:
                self.done.append(self._work(number))
            except Exception as error:  # noqa: BLE001 - whatever a client would have seen
                self.failed.append(f"{type(error).__name__}: {error}")
            number += 1

    def finish(self) -> None:
        """End after what is under way."""
        self._over.set()
        self.join(120)
        assert not self.is_alive()


@pytest.fixture
def three(tmp_path: Path, postgres_url: str, s3_endpoint: S3Endpoint) -> Iterator[Cluster]:
    made = Cluster(tmp_path, postgres_url, s3_bucket(s3_endpoint), 3, LAPIS_ENVIRONMENT_RESOLUTION="host")
    yield made.start()
    made.stop()


def test_each_server_killed_in_turn(
    three: Cluster, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    loads = {
        "submissions": Load(_submitting(three)), "uploads": Load(_uploading(three)), "reads": Load(_reading(three)),
        "metrics": Load(_logging(three)),
    }  # fmt: skip
    page = _Page(three)
    page.start()
    for load in loads.values():
        load.start()
    for _ in range(ROUNDS):
        for server in three.servers:
            counts = {name: len(load.done) for name, load in loads.items()}
            server.kill9()
            _all_went_on(loads, counts)
            server.start()
    for load in loads.values():
        load.finish()
    assert {name: load.failed for name, load in loads.items() if load.failed} == {}
    api = Api(three.client)
    names = loads["submissions"].done
    for name in names:
        api.wait(name, timeout=180)
    ended = {name: api.job(name) for name in names}
    assert {job["status"] for job in ended.values()} == {"Completed"}
    assert {name: _starts(three, name) for name in names} == dict.fromkeys(names, 1), "none ran twice"
    assert all(api.printed(name) == f"{name}\n".encode() for name in names)
    _check_uploads(three, loads["uploads"].done)
    _check_metrics(three, loads["metrics"].done)
    page.finish()
    record_property("done", {name: len(load.done) for name, load in loads.items()})
    assert page.heard >= {f"jobs/{name}" for name in names[-1:]}


def _all_went_on(loads: dict[str, Load], counts: dict[str, int]) -> None:
    for name, load in loads.items():
        eventually(lambda load=load, name=name: len(load.done) >= counts[name] + 3, 60, what=f"{name} going on")


def _submitting(cluster: Cluster) -> Callable[[int], str]:
    transport = _transport(cluster)

    def submit(_number: int) -> str:
        name = f"drill_{uuid.uuid4().hex[:12]}"
        document = {"type": "command", "command": f"echo {name}", "environment": {"image": "python"}}
        transport.request("PUT", f"/api/v1/workspaces/default/jobs/{name}", json_body={"document": document})
        time.sleep(0.2)
        return name

    return submit


def _uploading(cluster: Cluster) -> Callable[[int], tuple[str, bytes]]:
    session = Session(_transport(cluster), "default")
    folder = cluster.folder / "sent"
    folder.mkdir()

    def send(number: int) -> tuple[str, bytes]:
        content = f"{number} {uuid.uuid4()}\n".encode() * 4000
        for part in range(3):
            (folder / f"{part}.txt").write_bytes(content + str(part).encode())
        return upload(session, folder, "data"), content

    return send


def _reading(cluster: Cluster) -> Callable[[int], int]:
    transport = _transport(cluster)

    def read(_number: int) -> int:
        time.sleep(0.05)
        return len(transport.get("/api/v1/workspaces/default/jobs?limit=10")["value"])

    return read


def _logging(cluster: Cluster) -> Callable[[int], tuple[str, int]]:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"{cluster.balancer.url}/mlflow/default")
    run = client.create_run(client.create_experiment("drill")).info.run_id

    def log(number: int) -> tuple[str, int]:
        client.log_batch(run, metrics=[Metric("loss", float(number), number, number)])
        return run, number

    return log


class _Page(threading.Thread):
    """A page that follows the stream of changes, and opens it again when it ends."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self.heard: set[str] = set()
        self._url = f"{cluster.balancer.url}/api/v1/workspaces/default/live"
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            request = urllib.request.Request(self._url, headers={"Authorization": f"Bearer {TOKEN}"})
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    for line in answer:
                        if line.startswith(b"data: "):
                            self.heard |= set(json.loads(line[6:]))
                        if self._over.is_set():
                            return
            except (OSError, urllib.error.URLError):
                continue

    def finish(self) -> None:
        self._over.set()


def _check_uploads(cluster: Cluster, done: list[tuple[str, bytes]]) -> None:
    for uri, content in done:
        path = f"/api/v1/workspaces/default/content/file?uri={uri}&path="
        for part in range(3):
            assert cluster.client.request("GET", f"{path}{part}.txt") == (200, content + str(part).encode())


def _check_metrics(cluster: Cluster, done: list[tuple[str, int]]) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"{cluster.balancer.url}/mlflow/default")
    found = [metric.step for metric in client.get_metric_history(done[0][0], "loss")]
    assert sorted(found) == sorted(number for _, number in done), "each point once"


def _starts(cluster: Cluster, name: str) -> int:
    return sum((server.home / "runs" / "default" / name).exists() for server in cluster.servers)


def _transport(cluster: Cluster) -> Transport:
    return Transport(lambda _start: Address(cluster.balancer.url, TOKEN))


def test_a_stream_is_taken_up_by_another_server(three: Cluster) -> None:
    api = Api(three.client)
    name = api.submit("for n in $(seq 1 60); do echo line $n; sleep 0.2; done")
    told: list[str] = []
    session = Session(_transport(three), "default")
    reader = Load(lambda _number: follow(session, name, Follower(on_log=told.append)))
    reader.start()
    for server in three.servers:
        before = len("".join(told))
        eventually(lambda before=before: len("".join(told)) > before, 60, what="a line more")
        server.kill9()
        server.start()
    job = api.wait(name, "Completed", timeout=120)
    eventually(lambda: reader.done, 60, what="the end of the stream")
    reader.finish()
    assert job["status"] == "Completed"
    lines = [line for line in "".join(told).splitlines() if line.startswith("line")][:60]
    assert lines == [f"line {n}" for n in range(1, 61)]
