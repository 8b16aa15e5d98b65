"""Clients that are slow, or too many, against limits and a clock that the test moves."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lapisml.gateway.answering import Phase
from lapisml.gateway.connection import Connection
from lapisml.gateway.limits import Limits
from lapisml.gateway.service import Gateway
from lapisml.gateway.settings import GatewaySettings
from lapisml.ports.serving import DeploymentRoute, EndpointRoute, Places, Routes, write

KEY = hashlib.sha256(b"key").hexdigest()
HEAD = b"POST /ws/ep/score HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer key\r\n"

Talk = Callable[[Gateway, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _gateway(home: Path, limits: Limits) -> Gateway:
    places = Places(home)
    places.make()
    deployments = {"blue": DeploymentRoute("a" * 12, max_body=50_000_000)}
    route = EndpointRoute("ws", "ep", keys=(KEY,), traffic={"blue": 100}, deployments=deployments)
    write(places.routes, Routes(1, "", (route,)))
    made = Gateway(GatewaySettings(home), limits)
    assert made.reload()
    return made


def _talk(home: Path, talk: Talk, **limits: float) -> None:
    """Serve on a loopback port and run a client against it."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        gateway = _gateway(home, replace(Limits(), **limits))  # type: ignore[arg-type]
        server = await loop.create_server(lambda: Connection(gateway, gateway.open), "127.0.0.1", 0)  # type: ignore[arg-type]
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            await asyncio.wait_for(talk(gateway, reader, writer), 20)
        finally:
            writer.close()
            server.close()

    asyncio.run(run())


async def _only(gateway: Gateway, phase: Phase) -> Connection:
    """Return the one connection, once it waits for this."""
    while True:
        for found in gateway.open:
            assert isinstance(found, Connection)
            if found.phase is phase:
                return found
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("sent", "phase", "late"),
    [
        (b"POST /ws/ep", Phase.HEAD, 11),
        (HEAD + b"Content-Len", Phase.HEAD, 11),
        (HEAD + b"Content-Length: 10\r\n\r\n", Phase.BODY, 11),
        (HEAD + b"Content-Length: 10000\r\n\r\n" + b"x" * 5000, Phase.BODY, 16),
    ],
)
def test_a_slow_request_is_ended(tmp_path: Path, sent: bytes, phase: Phase, late: float) -> None:
    async def talk(gateway: Gateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        connection = await _only(gateway, phase)
        while gateway.held_bytes < 5000 and len(sent) > 5000:
            await asyncio.sleep(0.001)
        connection.end_slow(time.monotonic() + late - 2)
        assert connection.phase is phase, "ended too early"
        connection.end_slow(time.monotonic() + late)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        assert gateway.held_bytes == 0

    _talk(tmp_path / "serving", talk)


def test_an_idle_connection_is_ended(tmp_path: Path) -> None:
    async def talk(gateway: Gateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = await _only(gateway, Phase.IDLE)
        connection.end_slow(time.monotonic() + 60)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
        connection.end_slow(time.monotonic() + 76)
        assert await reader.read() == b""

    _talk(tmp_path / "serving", talk)


def test_a_refused_client_that_sends_for_ever_is_cut_off(tmp_path: Path) -> None:
    async def talk(gateway: Gateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 90000000\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 413 ")
        connection = await _only(gateway, Phase.END)
        writer.write(b"x" * 1000)
        connection.end_slow(time.monotonic() + 1)
        assert gateway.open == {connection}
        connection.end_slow(time.monotonic() + 3)
        while gateway.open:
            await asyncio.sleep(0.001)

    _talk(tmp_path / "serving", talk)


def test_a_client_that_does_not_read_its_answers_is_cut_off(tmp_path: Path) -> None:
    async def talk(gateway: Gateway, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = await _only(gateway, Phase.IDLE)
        writer.transport.set_write_buffer_limits(1 << 30)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's
        page = b"GET /ws/ep/swagger.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer key\r\n\r\n"
        while not connection._is_paused:
            writer.write(page * 100)
            await asyncio.sleep(0.001)
        connection.end_slow(time.monotonic() + 29)
        assert gateway.open
        connection.end_slow(time.monotonic() + 31)
        while gateway.open:
            await asyncio.sleep(0.001)

    _talk(tmp_path / "serving", talk)


def test_bodies_in_memory_are_bounded_over_all_clients(tmp_path: Path) -> None:
    async def talk(gateway: Gateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gateway.held_bytes = 900
        writer.write(HEAD + b"Content-Length: 50\r\n\r\n" + b"x" * 10)
        await _only(gateway, Phase.BODY)
        gateway.held_bytes = 991
        writer.write(b"x" * 20)
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        assert gateway.held_bytes in (971, 981)  # what others hold, whether or not the first piece came before

    _talk(tmp_path / "serving", talk, held_bytes=1000)


def test_a_client_that_leaves_while_it_waits_holds_nothing(tmp_path: Path) -> None:
    async def talk(gateway: Gateway, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 10\r\n\r\n" + b"x" * 10)
        await _only(gateway, Phase.ANSWER)
        assert gateway.held_bytes == 10
        writer.transport.abort()
        while gateway.open:
            await asyncio.sleep(0.001)
        assert gateway.held_bytes == 0
        gateway.tick()
        assert gateway.is_idle

    _talk(tmp_path / "serving", talk)
