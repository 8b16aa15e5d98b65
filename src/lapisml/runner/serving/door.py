"""The door's process: passes bytes between a gateway on another machine and the sockets of this one's replicas.

It is a child of the keeper, in Lapis's own Python, and ends with it. Its listening socket is the keeper's: while a door
that died is replaced, who knocks waits in the queue. What it speaks: `lapisml.runner.serving.doors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lapisml.ports import serving
from lapisml.ports.serving import Places
from lapisml.runner.serving import doors
from lapisml.scoring.lapis_scoring import frames

_PATIENCE_S = 10.0
"""How long a client may take to prove who it is and to say whom it wants, seconds."""
_MOST = 512
"""Connections at a time."""
_LONGEST_OPENING = 1 << 16
_LONGEST_TOLD = 1 << 16


class Door:
    """What the connections share.

    Args:
        places: where the replicas' sockets and the keeper's record lie.
        revision: whose door it is.
    """

    def __init__(self, places: Places, revision: str) -> None:
        self.places = places
        self.revision = revision
        self.visitors: set[Visitor] = set()

    def news(self) -> None:
        """Send the keeper's record, which has changed, to all that wait for it."""
        record = self.record()
        for visitor in self.visitors:
            visitor.hear(record)

    def record(self) -> bytes:
        """Give the keeper's record as a frame; nothing when there is none yet."""
        try:
            return frames.pack(doors.RECORD, 0, self.places.record(self.revision).read_bytes())
        except OSError:
            return b""

    def tell(self, message: bytes) -> None:
        """Pass a message on to the keeper."""
        with contextlib.suppress(ValueError):
            told = json.loads(message)
            if isinstance(told, dict):
                serving.tell(self.places.control(self.revision), told)


class _Side(asyncio.Protocol):
    """One of the two connections that are joined; the other one sends by it, and holds it up."""

    _line: asyncio.Transport | None = None

    def write(self, data: bytes) -> None:
        """Send what the other side has said."""
        if self._line is not None:
            self._line.write(data)

    def hold(self, wait: bool) -> None:
        """Read no more for now, or read on."""
        if self._line is None or self._line.is_closing():
            return
        if wait:
            self._line.pause_reading()
        else:
            self._line.resume_reading()


class Visitor(_Side):
    """A connection from outside; nobody gets here who could not prove to have the revision's key."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._parser = frames.Parser(_LONGEST_OPENING)
        self._inner: Inner | None = None
        self._is_keepers = False
        self._late: asyncio.TimerHandle | None = None
        self._early = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in, unless too many are there already."""
        assert isinstance(transport, asyncio.Transport)
        self._line = transport
        self._late = asyncio.get_running_loop().call_later(_PATIENCE_S, transport.abort)
        bare = transport.get_extra_info("socket")
        if bare is not None:
            doors.watch_over(bare)
        if len(self._door.visitors) >= _MOST:
            transport.abort()
            return
        self._door.visitors.add(self)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on; before it is clear to whom, look for the opening frame."""
        if self._inner is not None:
            self._inner.write(data)
            return
        if self._is_keepers:
            self._obey(data)
            return
        self._early += data
        length = int.from_bytes(self._early[:4], "little") + 4
        if length > _LONGEST_OPENING:
            self._end()
        elif len(self._early) >= max(length, frames.HEADER.size):
            opening, rest, self._early = self._early[:length], self._early[length:], b""
            self._open(opening, rest)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Leave the replica too: it need not answer any more."""
        self._door.visitors.discard(self)
        if self._late is not None:
            self._late.cancel()
        if self._inner is not None:
            self._inner.end()

    def pause_writing(self) -> None:
        """The client reads slowly: let the replica wait."""
        if self._inner is not None:
            self._inner.hold(True)

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._inner is not None:
            self._inner.hold(False)

    def hear(self, record: bytes) -> None:
        """Take the keeper's record."""
        if self._is_keepers and self._line is not None and record:
            self._line.write(record)

    def leave(self) -> None:
        """Close once all was sent: the replica is gone."""
        if self._line is not None:
            self._line.close()

    def _end(self) -> None:
        if self._line is not None:
            self._line.abort()

    def _open(self, opening: bytes, rest: bytes) -> None:
        try:
            (frame,) = frames.Parser(_LONGEST_OPENING).feed(opening)
            head = frames.read_head(frame.head)
        except ValueError:
            self._end()
            return
        if frame.kind != doors.OPEN or head.get("revision") != self._door.revision:
            self._end()
            return
        replica = head.get("replica")
        if self._late is not None:
            self._late.cancel()
        if replica is None:
            self._is_keepers = True
            self.hear(self._door.record())
            self._obey(rest)
        else:
            self._reach(replica, rest)

    def _reach(self, replica: Any, rest: bytes) -> None:
        try:
            path = self._door.places.socket(self._door.revision, int(replica))
            inner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            inner.setblocking(False)
            with serving.connectable(path) as address:
                inner.connect(address)
        except (OSError, ValueError, TypeError):
            self._end()
            return
        self._inner = Inner(self)
        self._inner.write(rest)
        loop = asyncio.get_running_loop()
        self._inner.opening = loop.create_task(_joined(loop, self._inner, inner))

    def _obey(self, data: bytes) -> None:
        try:
            for frame in self._parser.feed(data):
                if frame.kind == frames.PING:
                    self.write(frames.pack(frames.PONG, frame.id))
                elif frame.kind == doors.TELL and len(frame.body) <= _LONGEST_TOLD:
                    self._door.tell(frame.body)
        except frames.FrameError:
            self._end()


class Inner(_Side):
    """The connection to a replica's socket."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._before: list[bytes] = []
        self._is_over = False
        self.opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what has come meanwhile."""
        assert isinstance(transport, asyncio.Transport)
        self._line = transport
        for data in self._before:
            transport.write(data)
        self._before = []
        if self._is_over:
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Pass on what the replica says."""
        self._visitor.write(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        """End the connection outside, after everything that the replica said."""
        self._line = None
        self._visitor.leave()

    def pause_writing(self) -> None:
        """The replica takes no more for now."""
        self._visitor.hold(True)

    def resume_writing(self) -> None:
        """The replica has caught up."""
        self._visitor.hold(False)

    def write(self, data: bytes) -> None:
        """Send to the replica; what comes before it is reached waits."""
        if self._line is None and data:
            self._before.append(data)
        super().write(data)

    def end(self) -> None:
        """Close: nobody waits outside any more."""
        self._is_over = True
        if self._line is not None:
            self._line.close()


async def _joined(loop: asyncio.AbstractEventLoop, inner: Inner, made: socket.socket) -> None:
    await loop.create_unix_connection(lambda: inner, sock=made)


class _Keeper(asyncio.Protocol):
    """The pipe from the keeper: a byte says that its record is new, its end that it is gone."""

    def __init__(self, news: Callable[[], None], over: asyncio.Event) -> None:
        self._news = news
        self._over = over

    def data_received(self, _data: bytes) -> None:
        """Look at the record."""
        self._news()

    def connection_lost(self, _exc: Exception | None) -> None:
        """End as well."""
        self._over.set()


async def serve(door: Door, listener: socket.socket, pem: Path, keeper: int) -> None:
    """Serve until the keeper is gone.

    Args:
        door: whose.
        listener: the listening socket.
        pem: file with certificate and key.
        keeper: descriptor of the pipe from the keeper.
    """
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    await loop.connect_read_pipe(lambda: _Keeper(door.news, over), os.fdopen(keeper, "rb", 0))
    server = await loop.create_server(
        lambda: Visitor(door),
        sock=listener,
        ssl=doors.context(pem, is_door=True),
        ssl_handshake_timeout=_PATIENCE_S,
    )
    await over.wait()
    server.close()


def main() -> None:
    """Serve; arguments: folder of serving, mark of its sockets, revision, certificate, listening socket, pipe."""
    home, mark, revision, pem, listener, keeper = sys.argv[-6:]
    made = socket.socket(fileno=int(listener))
    asyncio.run(serve(Door(Places(Path(home), mark), revision), made, Path(pem), int(keeper)))
    os._exit(0)
