"""Revisions handed to the local compute, without a server or a gateway."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.ports import serving
from lapisml.ports.compute import Handle
from lapisml.ports.launch import LaunchSpec, ServingSpec
from lapisml.ports.serving import Places, ReplicaRecord, RevisionRecord
from lapisml.scoring.lapis_scoring import frames
from lapisml.testing.compute_bench import Bench, Course
from tests.support.polling import eventually
from tests.support.server import end_everything
from tests.unit.parallel.conftest import snapshot

REVISION = "0123456789ab"
QUICK = {"initial_delay_s": 20, "period_s": 1, "timeout_s": 1, "failure_threshold": 3}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Jobs as local processes below a fresh home."""
    yield Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    end_everything(tmp_path)


@dataclass
class Served:
    """A revision that was handed over, and what its keeper says of it."""

    bench: Bench
    spec: LaunchSpec
    handle: Handle
    places: Places

    @property
    def record(self) -> RevisionRecord:
        """The keeper's last word; an empty record before the first."""
        return serving.read(RevisionRecord, self.places.record(REVISION)) or RevisionRecord(REVISION)

    def reaches(self, check: Callable[[RevisionRecord], Any], timeout: float = 30.0) -> RevisionRecord:
        """Return the record once `check` is true of it."""

        def look() -> RevisionRecord | None:
            over = self.bench.look(self.handle).exit
            record = self.record
            if check(record):
                return record
            if over is not None:
                pytest.fail(f"ended early: {over}; {record}")
            raise AssertionError(f"{record}; {self.bench.log(self.handle)}")

        found = eventually(look, timeout)
        assert found is not None
        return found

    def ready(self, count: int = 1) -> list[ReplicaRecord]:
        """Return the replicas once so many are ready and no other is wanted."""
        record = self.reaches(
            lambda r: (
                r.state == "ready" and r.wanted == count == len(r.replicas) == sum(one.ready for one in r.replicas)
            )
        )
        return list(record.replicas)

    def ends(self, timeout: float = 30.0) -> Course:
        """Follow the job to its end."""
        return self.bench.follow(self.handle, timeout=timeout)

    def ask(self, body: Any, replica: int = 0) -> tuple[int, Any]:
        """Send one request to a replica; return status and answer."""
        with Client(self.places.socket(REVISION, replica)) as client:
            return client.ask(body)

    def tell(self, **message: Any) -> None:
        """Send the keeper a message."""
        assert serving.tell(self.places.control(REVISION), message)


class Client:
    """A connection to a replica, as the gateway has one.

    Args:
        path: the replica's socket.
        timeout_s: how long to wait for an answer.
    """

    def __init__(self, path: Path, timeout_s: float = 30.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        with serving.connectable(path) as address:
            self._socket.connect(address)
        self._parser = frames.Parser()
        self._frames: list[frames.Frame] = []
        self._number = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, body: Any) -> tuple[int, Any]:
        """Send a request; return status and answer.

        Raises:
            ConnectionError: the replica went before it had answered.
        """
        return self.take(self.send(body))

    def send(self, body: Any) -> int:
        """Send a request and return its number."""
        self._number += 1
        self._socket.sendall(frames.pack(frames.SCORE, self._number, json.dumps(body).encode()))
        return self._number

    def take(self, number: int) -> tuple[int, Any]:
        """Wait for the answer with a number."""
        while True:
            for frame in self._frames:
                if frame.kind == frames.ANSWER and frame.id == number:
                    self._frames.remove(frame)
                    head = frames.read_head(frame.head)
                    return int(head.get("status", 200)), json.loads(frame.body)
            data = self._socket.recv(1 << 16)
            if not data:
                raise ConnectionResetError("the replica has gone")
            self._frames += self._parser.feed(data)


Serve = Callable[..., Served]


@pytest.fixture
def serve(bench: Bench) -> Serve:
    """``serve(script, instances=…, …)`` hands a revision with a scoring script over."""

    def start(script: str, instances: int = 1, job: str = f"serving--{REVISION}", **asked: Any) -> Served:
        places = Places(bench.home / "serving")
        places.make()
        settings = {
            "scale": {"type": "default", "instances": instances},
            "liveness": QUICK,
            "readiness": QUICK,
            "model_input": None,
            "model_name": "",
            "scoring_script": "score.py",
            **asked,
        }
        served = ServingSpec("diabetes", "blue", REVISION, "script", serving_home=str(places.home), **settings)
        spec = bench.spec("", serving=served, code=snapshot(bench, script), job=job, grace_s=5.0)
        return Served(bench, spec, bench.backend.submit(spec), places)

    return start
