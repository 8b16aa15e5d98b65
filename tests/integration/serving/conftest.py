"""Keepers and a gateway together, without a server: the test writes the routes."""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.backends.serving import LocalGateway
from lapisml.gateway.settings import GatewaySettings
from lapisml.ports import serving
from lapisml.ports.compute import Handle
from lapisml.ports.launch import ServingSpec
from lapisml.ports.serving import DeploymentRoute, EndpointRoute, GatewayRecord, Places, RevisionRecord, Routes
from lapisml.testing.compute_bench import Bench
from tests.support.polling import eventually
from tests.support.processes import free_port
from tests.support.server import end_everything
from tests.unit.parallel.conftest import snapshot

KEY = "the key of the endpoint"
PROBE = {"initial_delay_s": 60, "period_s": 1, "timeout_s": 2, "failure_threshold": 5}


class Site:
    """A home with a gateway and the revisions that a test hands over; the test is the server.

    Args:
        home: the Lapis home folder.
    """

    def __init__(self, home: Path) -> None:
        self.bench = Bench(lambda: LocalProcesses(home), home)
        self.places = Places(home / "serving")
        self.places.make()
        settings = GatewaySettings(self.places.home, port=free_port())
        self.gateway = LocalGateway(settings, home / "logs" / "gateway.log")
        self.handles: dict[str, Handle] = {}
        self.max_concurrent = 1
        self._version = 0
        self._attempts: Counter[str] = Counter()

    def start(self, revision: str, script: str = "", instances: int = 1, **changes: Any) -> None:
        """Hand a revision over: a scoring script, or with `model` an MLflow model below ``<home>/storage``."""
        model = changes.pop("model", None)
        asked = ServingSpec(
            endpoint="diabetes",
            deployment="blue",
            revision=revision,
            kind="mlflow" if model else "script",
            model_input="model" if model else None,
            model_name="model" if model else "",
            scoring_script=None if model else "score.py",
            serving_home=str(self.places.home),
            scale={"type": "default", "instances": instances},
            liveness=PROBE,
            readiness=PROBE,
            timeout_s=30.0,
            max_concurrent=self.max_concurrent,
            **changes,
        )
        self._attempts[revision] += 1
        spec = self.bench.spec(
            "",
            serving=asked,
            code=None if model else snapshot(self.bench, script),
            inputs={"model": self.bench.input(model, "mlflow_model")} if model else {},
            job=f"serving--{revision}--{self._attempts[revision]}",
            grace_s=5.0,
        )
        self.handles[revision] = self.bench.backend.submit(spec)

    def record(self, revision: str) -> RevisionRecord | None:
        """Return what a revision's keeper says."""
        self.bench.look(self.handles[revision])
        return serving.read(RevisionRecord, self.places.record(revision))

    def ready(self, revision: str, count: int = 1, timeout: float = 60.0) -> RevisionRecord:
        """Return the record once so many replicas are ready."""

        def look() -> RevisionRecord | None:
            record = self.record(revision)
            over = self.bench.look(self.handles[revision]).exit
            if over is not None:
                pytest.fail(f"{revision} ended: {over}")
            assert record is not None, "no record"
            assert record.state == "ready", record
            assert sum(one.ready for one in record.replicas) == count, record
            return record

        found = eventually(look, timeout)
        assert found is not None
        return found

    def route(self, **shares: int) -> None:
        """Give deployments their traffic, and wait until the gateway goes by it.

        Args:
            shares: deployment (``r`` and its revision) → percentage.
        """
        self._version += 1
        deployments = {
            name: DeploymentRoute(name.removeprefix("r"), 30.0, self.max_concurrent, max_queue_wait_s=30.0)
            for name in shares
        }
        keys = tuple(hashlib.sha256(text.encode()).hexdigest() for text in (KEY, KEY + "2"))
        endpoint = EndpointRoute("default", "diabetes", keys=keys, traffic=shares, deployments=deployments)
        serving.write(self.places.routes, Routes(self._version, endpoints=(endpoint,)))
        self.gateway.wake()

    def applied(self) -> None:
        """Wait until the gateway goes by the routes."""
        eventually(
            lambda: (
                (serving.read(serving.AppliedRecord, self.places.applied) or serving.AppliedRecord()).version
                >= self._version
            )
        )

    def up(self) -> GatewayRecord:
        """Return the living gateway's record."""
        found = self.gateway.wait()
        assert found is not None, self.gateway.trouble()
        return found


class Hammer:
    """Clients that ask without a pause, each on a connection of its own, until they are told to stop.

    Args:
        port: the gateway's.
        body: what they send.
        clients: how many.

    Attributes:
        statuses: how often each was answered.
        lost: requests whose connection broke.
    """

    def __init__(self, port: int, body: Any, clients: int = 4) -> None:
        self._port = port
        self._body = json.dumps(body).encode()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.statuses: Counter[int] = Counter()
        self.lost = 0
        self.said: list[str] = []
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(clients)]

    def __enter__(self) -> Hammer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def some_more(self, count: int = 50) -> None:
        """Return when so many further requests were answered."""
        wanted = sum(self.statuses.values()) + count
        eventually(lambda: sum(self.statuses.values()) >= wanted, 60, what=f"{self.statuses}, {self.lost} lost")

    @property
    def bad(self) -> dict[int, int]:
        """Answers other than 200."""
        return {status: count for status, count in self.statuses.items() if status != 200}

    def _ask_on(self) -> None:
        connection = self._connection()
        while not self._stop.is_set():
            try:
                connection.request("POST", "/default/diabetes/score", self._body, self._headers())
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = self._connection()
                with self._lock:
                    self.lost += 1
                continue
            with self._lock:
                self.statuses[answer.status] += 1
                if answer.status != 200:
                    self.said.append(text.decode())
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    @staticmethod
    def _headers() -> dict[str, str]:
        return {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A home with a gateway that is kept alive."""
    made = Site(tmp_path)
    made.gateway.keep()
    yield made
    made.gateway.end()
    end_everything(tmp_path)
