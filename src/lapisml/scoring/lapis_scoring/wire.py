"""Connections of a replica, and the requests that came over them."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from . import frames
from .errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Told = Callable[["Request", bytes, bytes], None]

_READ = 1 << 18
"""Bytes read at once."""


class Connection:
    """One connection, of the gateway or of the keeper. Answers may be sent from any thread.

    Args:
        connected: the socket, not blocking.
        epoll: is told when there is something left to send.
    """

    def __init__(self, connected: socket.socket, epoll: select.epoll) -> None:
        self._socket = connected
        self._epoll = epoll
        self._parser = frames.Parser()
        self._left = bytearray()
        self.lock = threading.Lock()
        self.closed = False

    def read(self) -> list[frames.Frame]:
        """Return the frames that have arrived; `closed` is set when the other side has gone."""
        try:
            data = self._socket.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return []
        try:
            return self._parser.feed(data)
        except frames.FrameError:
            self.closed = True
            return []

    def send(self, data: bytes) -> None:
        """Send, or keep what can't be sent now until `flush`. The caller holds the lock."""
        if self.closed:
            return
        if self._left:
            self._left += data
            return
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.closed = True
            return
        if sent < len(data):
            self._left += data[sent:]
            self._epoll.modify(self._socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def flush(self) -> None:
        """Send what is left, as much as goes."""
        with self.lock:
            left, self._left = bytes(self._left), bytearray()
            self._epoll.modify(self._socket.fileno(), select.EPOLLIN)
            if left:
                self.send(left)

    def finish(self, timeout_s: float) -> None:
        """Send all that is left."""
        with self.lock, contextlib.suppress(OSError):
            if self._left and not self.closed:
                self._socket.settimeout(timeout_s)
                self._socket.sendall(self._left)

    def close(self) -> None:
        """Give it back."""
        with self.lock:
            self.closed = True
            with contextlib.suppress(OSError, ValueError):
                self._epoll.unregister(self._socket.fileno())
            self._socket.close()


class Request:
    """One request. It is answered once; a second answer is dropped.

    Attributes:
        body: what the client sent.
        arrived: moment of its arrival, monotonic clock.
        answered: whether it has its answer.
        cancelled: whether the client has gone.
        told: called with request, body and head of the answer once it is on its way.
    """

    __slots__ = ("_head", "answered", "arrived", "body", "cancelled", "connection", "number", "told")

    def __init__(self, connection: Connection, frame: frames.Frame, told: Told | None = None) -> None:
        self.connection = connection
        self.number = frame.id
        self._head = frame.head
        self.body = frame.body
        self.arrived = time.monotonic()
        self.answered = False
        self.cancelled = False
        self.told = told

    @property
    def head(self) -> dict[str, Any]:
        """What the gateway says beside the body."""
        return frames.read_head(self._head)

    @property
    def plain(self) -> bool:
        """Whether it is JSON and nothing more is to know."""
        return not self._head

    def answer(self, body: bytes, head: bytes = b"") -> None:
        """Answer it."""
        with self.connection.lock:
            if self.answered:
                return
            self.answered = True
            self.connection.send(frames.pack(frames.ANSWER, self.number, body, head))
        if self.told is not None:
            self.told(self, body, head)

    def fail(self, error: RequestError) -> None:
        """Answer it with an error."""
        self.answer(error.body(), error_head(error))


GONE = RequestError("The client has gone.", "ClientGone", 499)
"""What a request is answered whose client does not wait: the gateway counts the place as free."""


def error_head(error: RequestError) -> bytes:
    """Return the head of an answer with an error."""
    head: dict[str, Any] = {"status": error.status}
    if error.headers:
        head["headers"] = [list(pair) for pair in error.headers]
    return frames.pack_head(head)


def answer_all(answers: Iterable[tuple[Request, bytes]]) -> None:
    """Answer several requests with 200 and JSON, with one call of the system for each connection."""
    by_connection: dict[Connection, list[tuple[Request, bytes]]] = {}
    for request, body in answers:
        by_connection.setdefault(request.connection, []).append((request, body))
    for connection, pairs in by_connection.items():
        with connection.lock:
            open_ones = [pair for pair in pairs if not pair[0].answered]
            for request, _ in open_ones:
                request.answered = True
            connection.send(b"".join([frames.pack(frames.ANSWER, r.number, body) for r, body in open_ones]))
        for request, body in open_ones:
            if request.told is not None:
                request.told(request, body, b"")
