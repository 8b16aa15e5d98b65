"""Connections carried through a link: bytes both ways, and neither side sends more than the other has room for."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

WINDOW = 1 << 20
"""Bytes that may be on the way in one direction of a stream."""
_MOST = 512
"""Streams of the other side's that are open at once; one more is closed."""
_GIVE_BACK = WINDOW // 4
_PIECE = 1 << 16

SendStream = Callable[[dict[str, Any], bytes], Awaitable[None]]


class Stream:
    """One connection carried through the link."""

    def __init__(self, number: int, send: SendStream) -> None:
        self._number = number
        self._send = send
        self._arrived: list[bytes] = []
        self._taken = 0
        self._has_news = asyncio.Event()
        self._credit = WINDOW
        self._has_credit = asyncio.Event()
        self._has_credit.set()
        self._ended = False
        self.is_closed = False

    async def read(self) -> bytes:
        """Return what has arrived; empty at the end."""
        while not self._arrived and not self._ended:
            self._has_news.clear()
            await self._has_news.wait()
        if not self._arrived:
            return b""
        data = b"".join(self._arrived)
        self._arrived.clear()
        self._taken += len(data)
        if self._taken >= _GIVE_BACK and not self.is_closed:
            room, self._taken = self._taken, 0
            await self._send({"id": self._number, "op": "more", "room": room}, b"")
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes; waits while the other side has no room.

        Raises:
            ConnectionError: the stream is closed.
        """
        view = memoryview(data)
        while view:
            while self._credit <= 0 and not self.is_closed:
                self._has_credit.clear()
                await self._has_credit.wait()
            if self.is_closed:
                raise ConnectionResetError("the other side has closed the stream")
            piece = view[: min(_PIECE, self._credit)]
            view = view[len(piece) :]
            self._credit -= len(piece)
            await self._send({"id": self._number, "op": "data"}, bytes(piece))

    async def end(self) -> None:
        """Say that no more data comes from here."""
        if not self.is_closed:
            await self._send({"id": self._number, "op": "end"}, b"")

    async def close(self) -> None:
        """Give the stream up in both directions."""
        if not self.is_closed:
            self.take("close", {}, b"")
            await self._send({"id": self._number, "op": "close"}, b"")

    def take(self, op: str, head: dict[str, Any], data: bytes) -> None:
        """Take a frame of the other side's."""
        if op == "data":
            if sum(map(len, self._arrived)) + len(data) > 2 * WINDOW:
                op = "close"  # the other side keeps no limits: it gets no more of our memory
            else:
                self._arrived.append(data)
        if op == "more":
            self._credit += int(head.get("room", 0))
            self._has_credit.set()
        if op in ("end", "close"):
            self._ended = True
        if op == "close":
            self.is_closed = True
            self._has_credit.set()
        self._has_news.set()


class Streams:
    """The streams of one connection.

    Args:
        send: sends a frame of a stream.
        on_stream: takes the streams that the other side opens; None when it may open none.
    """

    def __init__(self, send: SendStream, on_stream: Callable[[Stream], Awaitable[None]] | None) -> None:
        self._send = send
        self._on_stream = on_stream
        self._numbers = itertools.count(1)
        self._own: dict[int, Stream] = {}
        self._theirs: dict[int, Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> Stream:
        """Open a stream; the other side does with it what it does with every one."""
        number = next(self._numbers)
        stream = Stream(number, self._from_opener)
        self._own[number] = stream
        await self._from_opener({"id": number, "op": "open"}, b"")
        return stream

    def forget(self, stream: Stream) -> None:
        """Drop a stream that is closed."""
        for known in (self._own, self._theirs):
            for number in [number for number, other in known.items() if other is stream]:
                del known[number]

    def take(self, head: dict[str, Any], data: bytes) -> None:
        """Take a frame; one of a stream that is not known (any more) is dropped."""
        number, op = int(head.get("id", 0)), str(head.get("op"))
        if head.get("own"):  # from the one who opened it: not one of ours
            if op == "open" and self._on_stream is not None:
                self._accept(number)
                return
            stream = self._theirs.get(number)
        else:
            stream = self._own.get(number)
        if stream is not None:
            stream.take(op, head, data)

    def end(self) -> None:
        """Close every stream: the connection is gone."""
        for stream in [*self._own.values(), *self._theirs.values()]:
            stream.take("close", {}, b"")
        for task in self._tasks:
            task.cancel()

    def _accept(self, number: int) -> None:
        stream = Stream(number, self._from_acceptor)
        known = self._theirs.setdefault(number, stream)
        if known is not stream:
            known.take("close", {}, b"")
            return
        work = self._serve(stream) if len(self._theirs) <= _MOST else self._turn_away(stream)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, stream: Stream) -> None:
        assert self._on_stream is not None
        with contextlib.suppress(Exception):  # whatever it is, it ends this one stream
            await self._on_stream(stream)
        with contextlib.suppress(Exception):
            await stream.close()
        self.forget(stream)

    async def _turn_away(self, stream: Stream) -> None:
        with contextlib.suppress(Exception):
            await stream.close()
        self.forget(stream)

    async def _from_opener(self, head: dict[str, Any], data: bytes) -> None:
        await self._send({**head, "own": True}, data)

    async def _from_acceptor(self, head: dict[str, Any], data: bytes) -> None:
        await self._send(head, data)


async def join(stream: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes between a stream and a connection until both directions have ended, or one broke."""

    async def out() -> None:
        while data := await reader.read(_PIECE):
            await stream.write(data)
        await stream.end()

    async def back() -> None:
        while data := await stream.read():
            writer.write(data)
            await writer.drain()
        if stream.is_closed or not writer.can_write_eof():  # TLS knows no end of one direction
            raise ConnectionResetError
        writer.write_eof()

    work = [asyncio.ensure_future(out()), asyncio.ensure_future(back())]
    try:
        done, _rest = await asyncio.wait(work, return_when=asyncio.FIRST_EXCEPTION)
        for each in done:
            each.exception()
    finally:
        for each in work:
            each.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        writer.close()
        with contextlib.suppress(Exception):
            await stream.close()
