"""The protocol between server and node: frames, and what is said with them; asyncio, standard library only.

A frame is four bytes (big-endian) with the length of its head, the head (JSON), four bytes with the length of its
tail, the tail (bytes). ``t`` in the head tells frames apart:

* ``q`` asks (``id``, ``verb``), ``a`` answers (``id``). Both carry a message: JSON and bytes, one after the other, in
  as many frames as it takes; ``json`` in the first says how long the JSON is, ``more`` that it goes on.
* ``e`` tells of something; nobody answers.
* ``s`` belongs to a stream, a connection carried through the link: ``op`` is ``open``, ``data``, ``more`` (the other
  side may send so many bytes more), ``end`` (no more data from here) or ``close``.
* ``p`` and ``o``: are you there; yes. The second also comes unasked, once a second at most, from a side that gets a
  good deal: what waits behind it over a slow network is not to be taken for silence.

No side trusts the other's lengths: what is longer than the limits below ends the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lapisml.backends.compute.node.frames import LARGEST_HEAD, LARGEST_TAIL, Frame, WireError, encode, read_frame
from lapisml.backends.compute.node.streams import Stream, Streams
from lapisml.core.errors import ErrorCode, LapisError

__all__ = ["LARGEST_HEAD", "LARGEST_TAIL", "VERSION", "Connection", "Frame", "WireError", "encode", "read_frame"]

VERSION = 1
"""Of this protocol; an agent and a server of different versions refuse each other with a sentence."""
LARGEST_MESSAGE = 256 << 20
_MOST_AT_ONCE = 4096
_CLOSES_WITHIN_S = 2.0
_SIGN_EVERY_S = 1.0
CHUNK = 1 << 15
"""Bytes of a message, or of a stream, that one frame carries at most: others have their turn in between."""

Handler = Callable[[str, Any, bytes], Awaitable[tuple[Any, bytes]]]
"""Takes a verb and its message (JSON and bytes); gives the answer's. A `LapisError` is the answer as well."""
Listener = Callable[[Any], None]
"""Takes what the other side tells of."""


@dataclass
class _Asked:
    """A question that is not answered yet."""

    answer: asyncio.Future[tuple[Any, bytes]]
    moved: Callable[[], None]


class _Incoming:
    """A message that is being put together."""

    def __init__(self, frame: Frame) -> None:
        self._json = int(frame.head.get("json", 0))
        self._parts: list[bytes] = []
        self._size = 0

    def take(self, tail: bytes) -> None:
        self._parts.append(tail)
        self._size += len(tail)
        if self._size > LARGEST_MESSAGE:
            raise WireError("a message without end")

    def message(self) -> tuple[Any, bytes]:
        data = b"".join(self._parts)
        try:
            return json.loads(data[: self._json] or b"null"), data[self._json :]
        except ValueError as error:
            raise WireError("a message that is not JSON") from error


class Connection:
    """One side of a connection.

    Args:
        reader, writer: the connection.
        handle: answers what the other side asks; None when it may ask nothing.
        on_event: takes what the other side tells of.
        on_stream: takes the streams that the other side opens, None when it may open none.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handle: Handler | None = None,
        on_event: Listener | None = None,
        on_stream: Callable[[Stream], Awaitable[None]] | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handle = handle or _refuse
        self._on_event = on_event
        self._ids = itertools.count(1)
        self._waiting: dict[int, _Asked] = {}
        self._incoming: dict[tuple[str, int], tuple[dict[str, Any], _Incoming]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()
        self._over = False
        self.alive_at = time.monotonic()
        """When the other side was last heard."""
        self._signed_at = 0.0
        self.streams = Streams(self._send_stream, on_stream)

    async def run(self) -> None:
        """Read until the other side closes the connection.

        Raises:
            WireError: it broke, or what came is not the protocol.
        """
        why = "the connection was closed"
        try:
            while (frame := await read_frame(self._reader)) is not None:
                self.alive_at = time.monotonic()
                self._take(frame)
                if len(frame.tail) >= CHUNK and self.alive_at - self._signed_at > _SIGN_EVERY_S:
                    self._signed_at = self.alive_at
                    self._start(self._send, encode({"t": "o"}))
        except WireError as error:
            why = str(error)
            raise
        except (ValueError, TypeError, KeyError) as error:
            why = "what came is not a frame of this protocol"
            raise WireError(why) from error
        finally:
            self._end(why)

    async def call(
        self, verb: str, body: Any = None, tail: bytes = b"", moved: Callable[[], None] = lambda: None
    ) -> tuple[Any, bytes]:
        """Ask, and return the answer's JSON and bytes.

        Args:
            verb, body, tail: the question.
            moved: called whenever a part of question or answer has got through.

        Raises:
            LapisError: the answer.
            WireError: the connection is gone before the answer came.
        """
        if self._over:
            raise WireError("the connection was closed")
        number = next(self._ids)
        answer: asyncio.Future[tuple[Any, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = _Asked(answer, moved)
        try:
            await self._send_message({"t": "q", "id": number, "verb": verb}, body, tail, moved)
            return await answer
        finally:
            self._waiting.pop(number, None)
            if not answer.cancel():
                answer.exception()  # whoever asked has heard of it, or is gone

    async def tell(self, body: Any) -> None:
        """Tell of something."""
        await self._send_message({"t": "e", "id": next(self._ids)}, body, b"")

    def tell_soon(self, body: Any) -> None:
        """Tell of something without waiting; lost when the connection is."""
        self._start(self.tell, body)

    def ping_soon(self) -> None:
        """Ask for a sign of life without waiting; any frame that comes moves `alive_at` on."""
        self._start(self._send, encode({"t": "p"}))

    async def close(self) -> None:
        """Close the connection; `run` ends."""
        self._end("the connection was closed")
        with contextlib.suppress(Exception):  # not every transport's reader can be told
            self._reader.set_exception(ConnectionAbortedError("it was closed"))
        self._writer.close()
        with contextlib.suppress(Exception):  # a network that is gone takes nothing, this neither
            async with asyncio.timeout(_CLOSES_WITHIN_S):
                await self._writer.wait_closed()

    def _end(self, why: str) -> None:
        self._over = True
        for asked in self._waiting.values():
            if not asked.answer.done():
                asked.answer.set_exception(WireError(why))
        for task in self._tasks:
            task.cancel()
        self.streams.end()

    def _take(self, frame: Frame) -> None:
        kind = frame.head.get("t")
        if kind in ("q", "a", "e"):
            self._take_part(frame)
        elif kind == "s":
            self.streams.take(frame.head, frame.tail)
        elif kind == "p":
            self._start(self._send, encode({"t": "o"}))
        elif kind != "o":
            raise WireError(f"a frame of unknown kind: {kind!r}")

    def _take_part(self, frame: Frame) -> None:
        key = (frame.head["t"], int(frame.head.get("id", 0)))
        if key not in self._incoming:
            if len(self._incoming) >= _MOST_AT_ONCE:
                raise WireError("more messages at once than anybody sends")
            self._incoming[key] = (frame.head, _Incoming(frame))
        head, incoming = self._incoming[key]
        incoming.take(frame.tail)
        if key[0] == "a" and (asked := self._waiting.get(key[1])) is not None:
            asked.moved()
        if not frame.head.get("more"):
            del self._incoming[key]
            self._take_message(head, *incoming.message())

    def _take_message(self, head: dict[str, Any], body: Any, tail: bytes) -> None:
        if head["t"] == "q":
            self._start(self._answer, int(head["id"]), str(head.get("verb")), body, tail)
        elif head["t"] == "e":
            if self._on_event is not None:
                self._on_event(body)
        else:
            asked = self._waiting.get(int(head["id"]))
            if asked is not None and not asked.answer.done():
                if head.get("error"):
                    asked.answer.set_exception(LapisError.from_json(body))
                else:
                    asked.answer.set_result((body, tail))

    async def _answer(self, number: int, verb: str, body: Any, tail: bytes) -> None:
        head = {"t": "a", "id": number}
        try:
            given, extra = await self._handle(verb, body, tail)
        except LapisError as error:
            given, extra, head = error.to_json(), b"", {**head, "error": True}
        except Exception as error:  # noqa: BLE001 - the process's boundary: the one who asked is told
            sentence = f"'{verb}' failed there: {type(error).__name__}: {error}"
            given, extra, head = LapisError(ErrorCode.INTERNAL, sentence).to_json(), b"", {**head, "error": True}
        with contextlib.suppress(WireError):
            await self._send_message(head, given, extra)

    async def _send_message(
        self, head: dict[str, Any], body: Any, tail: bytes, moved: Callable[[], None] = lambda: None
    ) -> None:
        plain = json.dumps(body, separators=(",", ":")).encode()
        data = memoryview(plain + tail) if tail else memoryview(plain)
        if len(data) > LARGEST_MESSAGE:
            raise LapisError(
                ErrorCode.REQUEST_TOO_LARGE, "What is to be sent to the node is too large for one message."
            )
        head = {**head, "json": len(plain)}
        for start in range(0, max(1, len(data)), CHUNK):
            more = start + CHUNK < len(data)
            await self._send(encode({**head, "more": True} if more else head, bytes(data[start : start + CHUNK])))
            head = {"t": head["t"], "id": head["id"]}
            moved()

    async def _send_stream(self, head: dict[str, Any], tail: bytes) -> None:
        await self._send(encode({"t": "s", **head}, tail))

    async def _send(self, data: bytes) -> None:
        if self._over:
            raise WireError("the connection was closed")
        try:
            async with self._sending:
                self._writer.write(data)
                await self._writer.drain()
        except (OSError, RuntimeError) as error:
            raise WireError(f"the connection broke: {error}") from error

    def _start(self, work: Callable[..., Awaitable[None]], *given: Any) -> None:
        task = asyncio.get_running_loop().create_task(_quietly(work, *given))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _refuse(verb: str, _body: Any, _tail: bytes) -> tuple[Any, bytes]:
    raise LapisError(ErrorCode.NOT_SUPPORTED, f"Nothing can be asked here, {verb!r} neither.")


async def _quietly(work: Callable[..., Awaitable[None]], *given: Any) -> None:
    """Do work whose failure only means that the connection is gone."""
    with contextlib.suppress(WireError):
        await work(*given)
