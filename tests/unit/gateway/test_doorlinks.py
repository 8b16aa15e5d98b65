"""Replicas behind doors, as a pool sees them: doors that answer, that fall silent, and that close."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from lapisml.gateway.calls import Call, Refusal
from lapisml.gateway.limits import Limits
from lapisml.gateway.pools import Pool
from lapisml.ports.serving import DeploymentRoute, Places, ReplicaRecord, RevisionRecord, ShareRecord
from lapisml.runner.serving import doors
from lapisml.scoring.lapis_scoring import frames
from lapisml.server.features.endpoints.certificates import pem_of

REVISION = "d" * 12


class FakeDoor(asyncio.Protocol):
    """A machine with one replica that answers with the machine's name, unless it is told to be silent."""

    def __init__(self, name: str, state: dict[str, Any]) -> None:
        self._name, self._state = name, state
        self._parser = frames.Parser()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._state["open"].add(transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._state["open"].discard(self._transport)

    def data_received(self, data: bytes) -> None:
        for frame in self._parser.feed(data):
            if not self._state["silent"]:
                self._take(frame)

    def _take(self, frame: frames.Frame) -> None:
        if frame.kind == doors.OPEN:
            self._opened("replica" in frames.read_head(frame.head))
        elif frame.kind == frames.PING:
            self._transport.write(frames.pack(frames.PONG, frame.id))
        elif frame.kind == doors.TELL:
            self._state["told"].append(json.loads(frame.body))
        elif frame.kind == frames.SCORE:
            self._transport.write(frames.pack(frames.ANSWER, frame.id, self._name.encode()))

    def _opened(self, for_replica: bool) -> None:
        if for_replica:
            hello = frames.pack_head({"max_concurrent": 4, "revision": REVISION})
            self._transport.write(frames.pack(frames.HELLO, 0, b"", hello))
            return
        record = RevisionRecord(REVISION, "ready", replicas=(ReplicaRecord(0, "s", True, 1),), takes=2.0)
        self._transport.write(frames.pack(doors.RECORD, 0, json.dumps(record.to_json()).encode()))


class Client:
    """Keeps the answers."""

    def __init__(self) -> None:
        self.answers: list[str] = []

    def reply(self, _call: Call, _status: int, _kind: bytes, _headers: bytes, body: bytes) -> None:
        self.answers.append(body.decode())

    def refuse(self, _call: Call, refusal: Refusal) -> None:
        self.answers.append(refusal.code)


class Rig:
    """A pool over fake machines."""

    def __init__(self, home: Path) -> None:
        self.places = Places(home)
        self.places.make()
        pem_of(self.places.certificate(REVISION), REVISION)
        self.route = DeploymentRoute(REVISION, timeout_s=1.0, max_queue_wait_s=5.0)
        self.client = Client()
        self.states: dict[str, dict[str, Any]] = {}
        self.shares: list[ShareRecord] = []
        self.pool = Pool(REVISION, self.route, self.places, Limits(), self.submit)

    async def machine(self, name: str) -> None:
        """Add a machine."""
        state = self.states[name] = {"silent": False, "told": [], "open": set()}
        context = doors.context(self.places.certificate(REVISION), is_door=True)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: FakeDoor(name, state), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        self.shares.append(ShareRecord(name, name, "127.0.0.1", port, "ready"))

    def apply(self) -> None:
        """Tell the pool of the machines."""
        self.pool.apply(RevisionRecord(REVISION, "ready", shares=tuple(self.shares)))

    def submit(self, call: Call) -> None:
        """Send a call, or one that comes back."""
        self.pool.submit(call, time.monotonic())

    def ask(self) -> Call:
        """Send a request."""
        call = Call(self.client, time.monotonic())
        call.method, call.body = b"POST", b"{}"
        self.submit(call)
        return call

    async def until(self, check: Callable[[], Any], timeout: float = 10.0) -> None:
        """Tick until something is so."""
        ends = time.monotonic() + timeout
        while not check():
            assert time.monotonic() < ends, (self.client.answers, self.pool.ready)
            self.pool.tick(time.monotonic())
            await asyncio.sleep(0.02)


def run(home: Path, test: Callable[[Rig], Awaitable[None]]) -> None:
    """Run a test with two machines that answer."""

    async def whole() -> None:
        rig = Rig(home)
        await rig.machine("one")
        await rig.machine("two")
        rig.apply()
        await rig.until(lambda: rig.pool.ready == 2)
        await test(rig)
        rig.pool.retire()

    asyncio.run(whole())


def test_requests_go_to_all_machines(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        for _ in range(4):
            rig.ask()
        await rig.until(lambda: len(rig.client.answers) == 4)
        assert set(rig.client.answers) == {"one", "two"}

    run(tmp_path, test)


def test_what_a_silent_machine_holds_is_sent_again(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        rig.states["one"]["silent"] = True
        for _ in range(4):
            rig.ask()
        await rig.until(lambda: len(rig.client.answers) == 4)
        assert rig.client.answers == ["two"] * 4
        assert rig.pool.resent == 2
        rig.ask()  # it is asked no more
        await rig.until(lambda: len(rig.client.answers) == 5)
        assert rig.pool.resent == 2
        rig.states["one"]["silent"] = False
        await rig.until(lambda: rig.pool.ready == 2)

    run(tmp_path, test)


def test_a_machine_that_is_only_slow_keeps_its_requests_while_there_is_nobody_else(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        rig.shares.pop()
        rig.apply()
        await rig.until(lambda: rig.pool.ready == 1)
        rig.states["one"]["silent"] = True
        rig.ask()
        await rig.until(lambda: rig.client.answers)
        assert rig.client.answers == ["RequestTimeout"]
        assert rig.pool.resent == 0

    run(tmp_path, test)


def test_a_machine_that_closes_has_its_requests_moved_at_once(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        rig.states["one"]["silent"] = True
        begin = time.monotonic()
        for _ in range(4):
            rig.ask()
        await asyncio.sleep(0.05)
        for transport in list(rig.states["one"]["open"]):
            transport.abort()
        await rig.until(lambda: len(rig.client.answers) == 4)
        assert rig.client.answers == ["two"] * 4
        assert time.monotonic() - begin < rig.pool.silence_s + 5

    run(tmp_path, test)


def test_the_load_is_told_in_turn(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        rig.pool._tell(1.0, 0, 1.0)
        rig.pool._tell(2.0, 1, 1.0)
        told = [rig.states[name]["told"] for name in ("one", "two")]
        await rig.until(lambda: all(len(one) >= 2 for one in told))
        assert [one["in_flight"] for one in told[0][:2]] == [1.0, 2.0]
        assert [one["in_flight"] for one in told[1][:2]] == [0.0, 1.0]

    run(tmp_path, test)


@pytest.mark.parametrize(("timeout_s", "patience_s"), [(5.0, 2.5), (0.2, 0.5), (60.0, 3.0)])
def test_patience(tmp_path: Path, timeout_s: float, patience_s: float) -> None:
    rig = Rig(tmp_path)
    rig.pool.route = DeploymentRoute(REVISION, timeout_s=timeout_s)
    assert rig.pool.silence_s == patience_s
