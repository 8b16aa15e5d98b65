"""The connection to one replica."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.gateway.calls import Call, Refusal
from lapisml.ports.serving import ReplicaRecord, connectable
from lapisml.scoring.lapis_scoring import frames

if TYPE_CHECKING:
    from lapisml.gateway.pools import Pool

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0
_LARGE = 65_536
_IDS = 1 << 32
_NOT_PASSED_ON = frozenset({b"authorization", b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"})


class Link(asyncio.Protocol):
    """Sends calls to a replica and takes its answers; connects again, for as long as it is wanted.

    The keeper holds the replica's listening socket, so that a connection can be made while the replica starts; the
    link is of use from the replica's HELLO on.

    Attributes:
        key: its share and its number.
        is_doubtful: whether nothing has been heard of its machine for a while; others are asked first.

    Args:
        pool: whose replica this is.
        number: of the replica.
        path: its socket.
    """

    is_doubtful = False

    def __init__(self, pool: Pool, number: int, path: Path) -> None:
        self.number = number
        self.key: tuple[str, int] = ("", number)
        self.calls: dict[int, Call] = {}
        self.capacity = 0
        self.is_raw = False
        self._pool = pool
        self._path = path
        self._pid = 0
        self._is_ready = False
        self._is_leaving = False
        self._collects = False
        self._transport: asyncio.Transport | None = None
        self._parser = frames.Parser()
        self._next = 0
        self._connecting: asyncio.Task[None] | None = None
        self._pause = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether calls can be sent: the replica has said hello, its probe passes, it shall stay."""
        return self.capacity > 0 and self._is_ready and not self._is_leaving

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of it."""
        return self._is_leaving and self._transport is None and not self.calls

    def update(self, record: ReplicaRecord, is_other_keeper: bool) -> None:
        """Go by what the keeper says of the replica now; another keeper listens on a socket of its own."""
        self._is_leaving = False
        self._is_ready = record.ready
        if self._transport is None and (record.pid != self._pid or self._connecting is None):
            self._pause = 0.0
            self._connect_soon()
        elif is_other_keeper and not self.capacity:
            self._abort()
        self._pid = record.pid

    def leave(self) -> None:
        """Send nothing more; close when the last answer has come."""
        self._is_leaving = True
        if not self.calls:
            self._close()

    def cut(self) -> None:
        """Cut the connection, and make another; what is under way is given back to the pool."""
        self._abort()

    def give_up(self) -> None:
        """Leave at once; what is under way is given back to the pool."""
        self._is_leaving = True
        if self._transport is not None:
            self._transport.abort()
        else:
            self._close()

    def send(self, call: Call, now: float) -> None:
        """Send a call.

        Args:
            now: monotonic seconds.
        """
        assert self._transport is not None
        try:
            head = self._head(call) if self.is_raw or self._collects or call.content_type else b""
            prefix = frames.prefix(frames.SCORE, self._next, len(call.body), head)
        except struct.error:
            self._pool.refuse(call, Refusal(431, "HeadersTooLarge", "The request's headers are too long."))
            return
        call.link, call.number, call.sent = self, self._next, now
        call.attempts += 1
        self.calls[self._next] = call
        self._next = (self._next + 1) % _IDS
        if len(call.body) < _LARGE:
            self._transport.write(prefix + call.body)
        else:
            self._transport.write(prefix)
            self._transport.write(call.body)

    def cancel(self, call: Call) -> None:
        """Tell the replica that nobody waits any more; its place is free when it says so."""
        if self._transport is not None:
            self._transport.write(frames.pack(frames.CANCEL, call.number))

    def forget(self, call: Call) -> None:
        """Stop counting a call that the replica never answered."""
        self.calls.pop(call.number, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = transport  # type: ignore[assignment]  # a stream's
        self._parser = frames.Parser()

    def data_received(self, data: bytes) -> None:
        """Take frames."""
        try:
            found = self._parser.feed(data)
        except frames.FrameError:
            self._abort()
            return
        for frame in found:
            if frame.kind == frames.ANSWER:
                self._answered(frame)
            elif frame.kind == frames.HELLO:
                self._greeted(frame)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Give the calls back, and connect again."""
        self._transport = None
        self._pause = 0.0 if self.capacity else self._longer()  # one that never says hello is not asked at once again
        self.capacity = 0
        lost, self.calls = list(self.calls.values()), {}
        if not self._is_leaving:
            self._connect_soon()
        self._pool.lost(self, lost)

    def _answered(self, frame: frames.Frame) -> None:
        call = self.calls.pop(frame.id, None)
        if call is not None:
            call.link = None
            self._pool.answered(call, frame)
        if self._is_leaving and not self.calls:
            self._close()

    def _greeted(self, frame: frames.Frame) -> None:
        try:
            hello = frames.read_head(frame.head)
            capacity = int(hello.get("max_concurrent") or self._pool.route.max_concurrent)
        except (frames.FrameError, TypeError, ValueError):
            self._abort()
            return
        if hello.get("revision", self._pool.revision) != self._pool.revision:
            self._abort()
            return
        self.is_raw = bool(hello.get("raw"))
        self._collects = bool(hello.get("collects"))
        self.capacity = max(1, capacity)
        self._pool.changed()

    def _head(self, call: Call) -> bytes:
        head: dict[str, Any] = {}
        if call.content_type:
            head["content_type"] = call.content_type.decode("latin-1")
        if self._collects:
            head["id"] = call.request_id
        if self.is_raw:
            _, _, query = call.url.partition(b"?")
            head["method"] = call.method.decode("ascii", "replace")
            head["path"] = "/score"
            head["query"] = query.decode("latin-1")
            head["headers"] = [
                [name.decode("latin-1"), value.decode("latin-1")]
                for name, value in call.headers
                if name not in _NOT_PASSED_ON
            ]
        return frames.pack_head(head)

    def _connect_soon(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._is_leaving:
            if self._pause:
                await asyncio.sleep(self._pause)
            try:
                await self._open(loop)
            except OSError:
                self._pause = self._longer()
            else:
                break
        self._connecting = None

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the connection.

        Raises:
            OSError: it can't be made now.
        """
        await loop.create_unix_connection(lambda: self, sock=_connected(self._path))

    def _longer(self) -> float:
        return min(2 * self._pause + _FIRST_PAUSE_S, _LONGEST_PAUSE_S)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._transport is not None:
            self._transport.close()


def _connected(path: Path) -> socket.socket:
    """Connect to a Unix socket; the kernel does so at once or not at all."""
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        made.setblocking(False)
        with connectable(path) as address:
            made.connect(address)
        stack.pop_all()
        return made
