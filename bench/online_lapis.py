"""Endpoints of a real installation for the benchmark: made through the server, asked through the gateway."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.online_peers import ROW, Model, Target, ask
from lapisml.ports import serving
from lapisml.scoring.lapis_scoring import frames
from tests.support.server import LapisServer, end_everything

_HOST = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}
_WORKSPACE = "/api/v1/workspaces/default"
_MADE_S = 300.0
_IDLE_S = 360.0
_LOOK_S = 0.02

REPLICAS = 2
"""Of each deployment that is measured: the machine has two cores."""


class Lapis:
    """A server over a fresh home.

    Args:
        folder: empty; holds the home.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = LapisServer(folder / "home", _HOST).start()

    def stop(self) -> None:
        """End the server, its gateway and whatever answers."""
        self.server.stop()
        end_everything(self.server.home)

    def lapis(self, *words: str) -> Any:
        """Run the command over this home; give what it prints as JSON."""
        env = {**_environment(), "LAPIS_HOME": str(self.server.home), **_HOST}
        command = [sys.executable, "-m", "lapisml.cli.main", *words, "-o", "json"]
        done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"lapis {' '.join(words)} → {done.returncode}\n{done.stdout}\n{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def endpoint(self, name: str) -> Target:
        """Make an endpoint; return where to ask it, with its key."""
        document = self.folder / f"{name}.yml"
        document.write_text(f"name: {name}\nauth_mode: key\n")
        found = self.lapis("online-endpoint", "create", "-f", str(document))
        key = self.lapis("online-endpoint", "get-credentials", "-n", name)["primaryKey"]
        body = json.dumps({"input_data": [ROW]})
        return Target(found["scoring_uri"], body, {"Authorization": f"Bearer {key}"})

    def deploy(
        self,
        endpoint: str,
        model: Model,
        accelerate: bool,
        scale: str = f"instance_count: {REPLICAS}",
        wait: bool = True,
    ) -> None:
        """Deploy a model with all traffic; with `wait`, return when it answers in the form that was asked for."""
        document = self.folder / f"{endpoint}-blue.yml"
        lines = [
            "name: blue",
            f"endpoint_name: {endpoint}",
            f"model: {{path: {model.folder}, type: mlflow_model}}",
            "instance_type: Standard_DS3_v2",
            scale,
            "request_settings: {request_timeout_ms: 30000, max_queue_wait_ms: 30000}",
            f'tags: {{lapis.accelerate: "{str(accelerate).lower()}"}}',
        ]
        document.write_text("\n".join(lines) + "\n")
        self.lapis("online-deployment", "create", "-f", str(document), "--all-traffic")
        if wait and accelerate:
            self._until_accelerated(endpoint)

    def _until_accelerated(self, endpoint: str) -> None:
        deadline = time.monotonic() + _MADE_S
        while time.monotonic() < deadline:
            _status, found = self.server.request("GET", f"{_WORKSPACE}/online-endpoints/{endpoint}/deployments/blue")
            state = found["properties"].get("lapis.acceleration")
            if state == "on":
                return
            if state in ("refused", "off"):
                raise RuntimeError(f"not accelerated: {found['properties']}")
            time.sleep(0.1)
        raise RuntimeError("the accelerated form did not come")

    def first_answer(self, endpoint: str, model: Model, target: Target) -> float:
        """Deploy a model and ask until there is an answer; seconds from the command to it."""
        begin = time.monotonic()
        self.deploy(endpoint, model, accelerate=False, scale="instance_count: 1", wait=False)
        while ask(target)[0] != 200:
            time.sleep(_LOOK_S)
        return time.monotonic() - begin

    def until_zero(self, endpoint: str) -> None:
        """Wait until a deployment that nobody asks has no replicas left: that takes five minutes."""
        places, revision = serving.Places(self.server.home / "serving"), self.revision(endpoint)
        deadline = time.monotonic() + _IDLE_S
        while time.monotonic() < deadline:
            word = serving.read(serving.RevisionRecord, places.record(revision))
            if word is not None and word.state == "zero" and not word.replicas:
                return
            time.sleep(1)
        raise RuntimeError("it did not come to zero")

    def revision(self, endpoint: str) -> str:
        """Return the revision that an endpoint's deployment runs."""
        _status, found = self.server.request("GET", f"{_WORKSPACE}/online-endpoints/{endpoint}/deployments/blue")
        return str(found["properties"]["lapis.revision"])

    def replicas_ms(self, endpoint: str, target: Target, rate: float, seconds: float) -> list[float]:
        """Ask both replicas themselves in turns, past the gateway; milliseconds of each request from its time on.

        Args:
            endpoint: whose replicas are asked.
            target: whose body is sent.
            rate: requests a second, of both together.
            seconds: for how long.
        """
        places, revision = serving.Places(self.server.home / "serving"), self.revision(endpoint)
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(_connected(places.socket(revision, n))) for n in range(REPLICAS)]
            return _Paced(connections, target.body.encode(), rate, int(rate * seconds)).run()


class _Paced:
    """Sends frames to replicas in turns at fixed times, whatever they have answered until then."""

    def __init__(self, connections: list[socket.socket], body: bytes, rate: float, count: int) -> None:
        self._connections, self._body, self._rate, self._count = connections, body, rate, count
        self._parsers = {connection: frames.Parser() for connection in connections}
        self._times: list[float] = []

    def run(self) -> list[float]:
        """Send all, and return how long each answer took, milliseconds."""
        for connection, parser in self._parsers.items():
            while not parser.feed(connection.recv(1 << 16)):  # its hello
                pass
        begin = time.perf_counter()
        sent = 0
        while len(self._times) < self._count:
            while sent < self._count and begin + sent / self._rate <= time.perf_counter():
                connection = self._connections[sent % len(self._connections)]
                connection.sendall(frames.pack(frames.SCORE, sent + 1, self._body))
                sent += 1
            due = begin + sent / self._rate if sent < self._count else begin + 3600
            for connection in select.select(self._connections, [], [], max(0.0, due - time.perf_counter()))[0]:
                self._take(connection, begin)
        return self._times

    def _take(self, connection: socket.socket, begin: float) -> None:
        for frame in self._parsers[connection].feed(connection.recv(1 << 16)):
            if frame.kind == frames.ANSWER:
                self._times.append(1000 * (time.perf_counter() - begin - (frame.id - 1) / self._rate))


@contextlib.contextmanager
def installed() -> Iterator[Lapis]:
    """Run an installation for as long as the block takes."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
        made = Lapis(Path(name))
        try:
            yield made
        finally:
            made.stop()


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    with serving.connectable(path) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.connect(address)
        yield made


def _environment() -> dict[str, str]:
    from tests.support.processes import clean_environment

    return clean_environment()
