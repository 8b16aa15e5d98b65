"""A running gateway over routes that a test writes, and keepers whose replicas echo."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lapisml.ports.serving import (
    AppliedRecord,
    DeploymentRoute,
    EndpointRoute,
    GatewayRecord,
    Places,
    ReplicaRecord,
    RevisionRecord,
    Routes,
    bound,
    read,
    tell,
    write,
)
from lapisml.runner.processes import identity, is_alive
from tests.support.polling import eventually
from tests.support.processes import clean_environment, free_port, tail
from tests.support.processes import is_alive as is_running

KEY = "primary-key-of-this-test"
SECOND_KEY = "secondary-key-of-this-test"
ADMIN_KEY = "admin-key-of-this-test"
SECRET = b"secret of the tokens of this test"

_REPLICA = str(Path(__file__).with_name("echo_replica.py"))


def digest(key: str) -> str:
    """Return how a key stands in the routes."""
    return hashlib.sha256(key.encode()).hexdigest()


class EchoKeeper:
    """Holds the sockets of one revision's replicas and starts them, as a keeper does."""

    def __init__(self, places: Places, revision: str, hello: Mapping[str, Any] | None = None) -> None:
        self.places = places
        self.revision = revision
        self._hello = json.dumps(dict(hello or {}))
        self._listeners: dict[int, socket.socket] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._restarts: dict[int, int] = {}
        self.state = "ready"
        self.not_ready: set[int] = set()
        self.swagger: str | None = None
        places.make()
        self.control = bound(places.control(revision), socket.SOCK_DGRAM)

    def start(self, *numbers: int) -> EchoKeeper:
        """Start replicas, and say so."""
        for number in numbers:
            if number not in self._listeners:
                path = self.places.socket(self.revision, number)
                self._listeners[number] = bound(path, socket.SOCK_STREAM)
            descriptor = self._listeners[number].fileno()
            self._processes[number] = subprocess.Popen(
                [sys.executable, _REPLICA, str(descriptor), self.revision, self._hello],
                pass_fds=(descriptor,),
                env=clean_environment(),
            )
        return self.tell()

    def kill(self, number: int, again: bool = True) -> None:
        """Kill a replica; start it again unless told otherwise."""
        process = self._processes.pop(number)
        process.kill()
        process.wait()
        self._restarts[number] = self._restarts.get(number, 0) + 1
        if again:
            self.start(number)

    def leave(self, number: int) -> None:
        """Take a replica out of the record; it goes on until `stop`."""
        self.not_ready.discard(number)
        self._gone = self._processes.pop(number)
        self.tell()

    def pid(self, number: int) -> int:
        """Return a replica's pid."""
        return self._processes[number].pid

    def tell(self) -> EchoKeeper:
        """Write the record and wake the gateway."""
        replicas = [
            ReplicaRecord(n, f"{self.revision}.{n}.sock", n not in self.not_ready, p.pid, self._restarts.get(n, 0))
            for n, p in sorted(self._processes.items())
        ]
        keeper = identity(os.getpid())
        record = RevisionRecord(
            self.revision, self.state, wanted=len(replicas), replicas=replicas, keeper=keeper, swagger=self.swagger
        )
        write(self.places.record(self.revision), record)
        tell(self.places.wake, {})
        return self

    def heard(self) -> list[dict[str, Any]]:
        """Return the messages that came."""
        found = []
        with suppress(BlockingIOError):
            while True:
                found.append(json.loads(self.control.recv(65536)))
        return found

    def stop(self) -> None:
        """End everything."""
        processes = [*self._processes.values(), *([self._gone] if hasattr(self, "_gone") else ())]
        for process in processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        for one in (*self._listeners.values(), self.control):
            one.close()


class RunningGateway:
    """``python -m lapisml.gateway`` over a folder of this test."""

    def __init__(self, home: Path, *flags: str, env: Mapping[str, str] | None = None) -> None:
        self.places = Places(home)
        self._flags = flags if "--port" in flags else (*flags, "--port", str(free_port()))
        self._env = dict(env or {})
        self.keepers: dict[str, EchoKeeper] = {}
        self._version = 0
        home.parent.mkdir(parents=True, exist_ok=True)
        self.log = home.with_name("gateway.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, wait: bool = True) -> RunningGateway:
        """Start the master."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lapisml.gateway", "--home", str(self.places.home), *self._flags],
                stderr=out,
                env=clean_environment(**self._env),
                start_new_session=True,
            )
        if wait:
            eventually(self.healthy, what=f"a gateway: {tail(self.log)}")
        return self

    def healthy(self) -> bool:
        """Say whether a worker answers."""
        record = read(GatewayRecord, self.places.gateway)
        if record is None or not is_alive(record.worker) or not is_alive(record.identity):
            return False
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    @property
    def record(self) -> GatewayRecord:
        """Who it is."""
        found = read(GatewayRecord, self.places.gateway)
        assert found is not None, tail(self.log)
        return found

    @property
    def port(self) -> int:
        """Where it listens."""
        asked = int(self._flags[self._flags.index("--port") + 1])
        return asked or self.record.port

    def keeper(self, revision: str, *numbers: int, hello: Mapping[str, Any] | None = None) -> EchoKeeper:
        """Start a revision with these replicas."""
        made = EchoKeeper(self.places, revision, hello)
        self.keepers[revision] = made
        return made.start(*numbers)

    def route(
        self,
        deployments: Mapping[str, DeploymentRoute | str],
        traffic: Mapping[str, int] | None = None,
        wait: bool = True,
        **more: Any,
    ) -> None:
        """Route one endpoint ``ws/ep``; a deployment may be given by its revision alone."""
        routes = {n: DeploymentRoute(d) if isinstance(d, str) else d for n, d in deployments.items()}
        endpoint = EndpointRoute(
            "ws", "ep", keys=(digest(KEY), digest(SECOND_KEY)), traffic=traffic or {}, deployments=routes, **more
        )
        self.write_routes(endpoint, wait=wait)

    def write_routes(self, *endpoints: EndpointRoute, wait: bool = True) -> None:
        """Replace the routes; return once the gateway goes by them."""
        self._version += 1
        write(self.places.routes, Routes(self._version, digest(ADMIN_KEY), endpoints))
        tell(self.places.wake, {})
        if wait:
            eventually(self.goes_by_routes, what="the routes")

    def goes_by_routes(self) -> bool:
        """Say whether the gateway has taken the last routes."""
        found = read(AppliedRecord, self.places.applied)
        return found is not None and found.version == self._version

    def score(self, body: Any = None, path: str = "/ws/ep/score", key: str = KEY, **headers: str) -> Answer:
        """POST a JSON body."""
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.request("POST", path, json.dumps(body if body is not None else {"a": 1}).encode(), sent)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """GET a page."""
        found = self.request("GET", path, headers=headers)
        return found.status, found.body

    def metric(self, line: str) -> float:
        """Return the number behind a sample, 0 when it is not there."""
        status, text = self.get("/metrics", Authorization=f"Bearer {ADMIN_KEY}")
        assert status == 200
        found = re.search(rf"^{re.escape(line)} (\S+)$", text.decode(), re.M)
        return float(found[1]) if found else 0.0

    def stop(self) -> None:
        """End it, and whatever followed it."""
        while pids := self._pids():
            for number in (signal.SIGSTOP, signal.SIGKILL):  # none may start another while the others die
                for pid in pids:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
        if self.process is not None:
            self.process.wait()
        for keeper in self.keepers.values():
            keeper.stop()

    def _pids(self) -> list[int]:
        """Return the processes over this home that can still do something."""
        home, found = str(self.places.home).encode(), []
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if b"lapisml.gateway" in words and home in words and is_running(int(folder.name)):
                    found.append(int(folder.name))
        return found


class Answer:
    """What came back; header names in lower case."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    def json(self) -> Any:
        """Read the body."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.json()["error"]["code"])
