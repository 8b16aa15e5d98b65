"""Frames, messages and streams, over real sockets of this machine."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from lapisml.backends.compute.node import wire
from lapisml.backends.compute.node.streams import WINDOW, Stream, join
from lapisml.core.errors import ErrorCode, LapisError

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def pair() -> tuple[Pair, Pair]:
    """Give both ends of a connection."""
    ours, theirs = socket.socketpair()
    return await asyncio.open_connection(sock=ours), await asyncio.open_connection(sock=theirs)


async def echo(verb: str, body: Any, tail: bytes) -> tuple[Any, bytes]:
    if verb == "fail":
        raise LapisError(ErrorCode.CONFLICT, "It has not ended.", "Wait.")
    if verb == "break":
        raise ZeroDivisionError("oh")
    return [verb, body], tail


def linked(work: Callable[[wire.Connection, wire.Connection], Awaitable[Any]], **options: Any) -> Any:
    """Do `work` with a client's and a server's connection, both read."""

    async def run() -> Any:
        left, right = await pair()
        client, server = wire.Connection(*left), wire.Connection(*right, echo, **options)
        tasks = [asyncio.ensure_future(client.run()), asyncio.ensure_future(server.run())]
        try:
            async with asyncio.timeout(30):
                return await work(client, server)
        finally:
            await client.close()
            await server.close()
            await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def test_questions_and_answers() -> None:
    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        assert await client.call("x", {"ü": [1, None]}, b"\0tail") == (["x", {"ü": [1, None]}], b"\0tail")
        assert await client.call("x") == (["x", None], b"")
        found = await asyncio.gather(*(client.call("n", number) for number in range(200)))
        assert [body for body, _tail in found] == [["n", number] for number in range(200)]

    linked(work)


def test_errors_cross_whole() -> None:
    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        with pytest.raises(LapisError) as caught:
            await client.call("fail")
        assert (caught.value.code, caught.value.message, caught.value.hint) == (
            ErrorCode.CONFLICT, "It has not ended.", "Wait.",
        )  # fmt: skip
        with pytest.raises(LapisError) as caught:
            await client.call("break")
        assert (caught.value.code, "ZeroDivisionError" in caught.value.message) == (ErrorCode.INTERNAL, True)

    linked(work)


def test_long_messages_let_short_ones_by() -> None:
    """64 MiB of one answer are on the way while others are asked and answered."""

    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        data = os.urandom(1 << 20) * 64
        long = asyncio.ensure_future(client.call("long", None, data))
        await asyncio.sleep(0)
        for number in range(20):
            assert (await client.call("short", number))[0] == ["short", number]
        assert not long.done()
        assert (await long)[1] == data

    linked(work)


def test_events() -> None:
    heard: list[Any] = []

    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        for number in range(5):
            await client.tell({"news": number})
        await client.call("x")
        assert heard == [{"news": number} for number in range(5)]

    linked(work, on_event=heard.append)


def test_a_connection_that_ends_ends_its_questions() -> None:
    async def work(client: wire.Connection, server: wire.Connection) -> None:
        waiting = asyncio.ensure_future(client.call("x", None, b"x" * (32 << 20)))
        await asyncio.sleep(0.01)
        await server.close()
        with pytest.raises(wire.WireError):
            await waiting
        with pytest.raises(wire.WireError):
            await client.call("x")

    linked(work)


def test_nobody_asks_the_server() -> None:
    async def work(client: wire.Connection, server: wire.Connection) -> None:
        with pytest.raises(LapisError) as caught:
            await server.call("secrets")
        assert caught.value.code is ErrorCode.NOT_SUPPORTED

    linked(work)


def frame(head: Any, tail: bytes = b"") -> bytes:
    plain = json.dumps(head).encode() if not isinstance(head, bytes) else head
    return len(plain).to_bytes(4, "big") + plain + len(tail).to_bytes(4, "big") + tail


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xff\xff\xff",
        b"\0\0",
        frame(b"{"),
        frame(b"[]"),
        frame(b"\xff\xfe"),
        frame({"t": "z"}),
        frame({"t": "a", "id": "x"}),
        frame({"t": "q", "json": 1000}, b"{"),
        frame({"t": "q", "json": "x"}, b"{"),
        frame({"t": "a", "id": 1})[:-2],
        (5).to_bytes(4, "big") + b'{"t":',
        frame({"t": "p"})[:-4] + (2 << 20).to_bytes(4, "big"),
        frame({"t": "s", "id": [], "op": "open"}),
    ],
)
def test_what_is_not_the_protocol_ends_the_connection(data: bytes) -> None:
    """No garbage hangs a side, fills its memory or gets through."""

    async def run() -> None:
        (_reader, writer), right = await pair()
        connection = wire.Connection(*right, echo)
        writer.write(data)
        writer.write_eof()
        with pytest.raises(wire.WireError):
            async with asyncio.timeout(10):
                await connection.run()
        writer.close()
        await connection.close()

    asyncio.run(run())


def test_a_message_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST_MESSAGE", 1 << 20)

    async def run() -> None:
        (_reader, writer), right = await pair()
        connection = wire.Connection(*right, echo)
        running = asyncio.ensure_future(connection.run())
        for _number in range(40):
            writer.write(frame({"t": "q", "id": 1, "verb": "x", "json": 4, "more": True}, bytes(50_000)))
        with pytest.raises(wire.WireError, match="without end"):
            async with asyncio.timeout(10):
                await running
        writer.close()
        await connection.close()

    asyncio.run(run())


async def reflect(stream: Stream) -> None:
    while data := await stream.read():
        await stream.write(data)
    await stream.end()


def test_streams_carry_bytes_both_ways() -> None:
    data = os.urandom(1 << 20) * 20

    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        async def one() -> bytes:
            stream = await client.streams.open()

            async def send() -> None:
                await stream.write(data)
                await stream.end()

            sending = asyncio.ensure_future(send())
            found = bytearray()
            while piece := await stream.read():
                found += piece
            await sending
            return bytes(found)

        assert all(found == data for found in await asyncio.gather(*(one() for _number in range(3))))

    linked(work, on_stream=reflect)


def test_a_stream_that_nobody_reads_holds_only_its_own_sender_up() -> None:
    async def ignore(stream: Stream) -> None:
        await asyncio.sleep(3600)

    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        stream = await client.streams.open()
        sending = asyncio.ensure_future(stream.write(bytes(WINDOW + 1)))
        for number in range(50):
            assert (await client.call("x", number))[0] == ["x", number]
        assert not sending.done()
        await stream.close()
        with pytest.raises(ConnectionError):
            await sending

    linked(work, on_stream=ignore)


def test_a_stream_ends_with_its_connection() -> None:
    async def work(client: wire.Connection, server: wire.Connection) -> None:
        stream = await client.streams.open()
        await stream.write(b"x")
        assert await stream.read() == b"x"
        await server.close()
        assert await stream.read() == b""
        assert stream.is_closed

    linked(work, on_stream=reflect)


def test_who_may_open_no_streams_opens_none() -> None:
    async def work(client: wire.Connection, server: wire.Connection) -> None:
        stream = await server.streams.open()
        await stream.write(b"x")
        assert (await client.call("x"))[0] == ["x", None]

    linked(work)


def test_join_carries_half_closed_connections() -> None:
    """What is sent first and answered only after its end arrives whole."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read()
        writer.write(b"got %d" % len(data))
        writer.close()

    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        stream = await client.streams.open()
        await stream.write(bytes(100_000))
        await stream.end()
        found = bytearray()
        while piece := await stream.read():
            found += piece
        assert bytes(found) == b"got 100000"

    async def forward(stream: Stream) -> None:
        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        await join(stream, reader, writer)
        listening.close()

    linked(work, on_stream=forward)
