"""The replica's loop: take what has arrived, answer it together, and never be silent for long.

One thread reads, works and writes, so that a request costs no hand-over between threads. While it works for longer
than a moment, a guard takes over the sockets: it collects what arrives, answers pings, and tells a client whose
request is over its time.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from . import frames
from .engine import GRACE_S, Engine
from .errors import RequestError, timed_out
from .plan import Plan
from .wire import GONE, Connection, Request

if TYPE_CHECKING:
    from .wire import Told

LOST = 4
"""Exit code of a replica whose work does not return."""

_ROUND_S = 0.1
_FLUSH_S = 5.0
_LONGEST_LINGER_S = 0.001
_LINGER_SHARE = 0.25


class Loop:
    """Serves the connections of one listening socket.

    Args:
        listener: the socket; belongs to the keeper, so that a successor finds what waits there.
        engine: what answers.
        plan: the replica's plan.
        told: called with each request and its answer.
    """

    def __init__(
        self,
        listener: socket.socket,
        engine: Engine,
        plan: Plan,
        told: Told | None = None,
    ) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._engine = engine
        self._plan = plan
        self._told = told
        self._epoll = select.epoll()
        self._epoll.register(listener.fileno(), select.EPOLLIN)
        self._connections: dict[int, Connection] = {}
        self._waiting: list[Request] = []
        self._io = threading.Lock()
        self._busy: tuple[float, list[Request]] | None = None
        self._crowd = 1
        self._lasted = 0.0
        self._stopping = False
        self._swagger: bytes | None = None

    def run(self) -> None:
        """Serve until SIGTERM; what has arrived by then is answered."""
        self._watch_signals()
        threading.Thread(target=self._guard, args=(os.getppid(),), name="lapis-guard", daemon=True).start()
        while not self._stopping:
            requests = self._take(-1)
            if requests:
                self._work(requests)
        requests = self._take(0)
        while requests:
            self._work(requests)
            requests = self._take(None)
        self._engine.finish(self._plan.timeout_s)
        for connection in list(self._connections.values()):
            connection.finish(_FLUSH_S)

    def _watch_signals(self) -> None:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        self._wake = (ours, theirs)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)
        self._epoll.register(ours.fileno(), select.EPOLLIN)

    def _stop(self, *_: Any) -> None:
        self._stopping = True

    def _work(self, requests: list[Request]) -> None:
        started = time.monotonic()
        self._busy = (started, requests)
        try:
            self._engine.answer(requests)
        except Exception:  # noqa: BLE001 - one odd request must not end the replica for the others
            traceback.print_exc()
            for request in requests:
                request.fail(RequestError("The replica failed.", "InternalError", 500))
        self._busy = None
        self._lasted = time.monotonic() - started

    def _take(self, timeout: float | None) -> list[Request]:
        """Take what waits, after a look at the sockets of so many seconds (-1 = until something comes; None = none)."""
        with self._io:
            if timeout is not None:
                self._poll(0 if self._waiting else timeout)
            if not self._stopping and self._engine.gathers and self._waiting:
                self._linger()
            size = len(self._waiting) if self._engine.together else 1
            requests, self._waiting = self._waiting[:size], self._waiting[size:]
        self._crowd = len(requests) or self._crowd
        return requests

    def _linger(self) -> None:
        """Wait a moment for the rest of a crowd: clients that were answered together tend to return together."""
        if len(self._waiting) >= self._crowd:
            return
        until = time.monotonic() + min(self._lasted * _LINGER_SHARE, _LONGEST_LINGER_S)
        while len(self._waiting) < self._crowd:
            left = until - time.monotonic()
            if left <= 0 or not select.select(list(self._connections), [], [], left)[0]:
                return
            self._poll(0)

    def _poll(self, timeout: float) -> None:
        for descriptor, event in self._epoll.poll(timeout):
            connection = self._connections.get(descriptor)
            if connection is None:
                self._other(descriptor)
                continue
            if event & select.EPOLLOUT:
                connection.flush()
            for frame in connection.read():
                self._sort(connection, frame)
            if connection.closed:
                self._forget(descriptor)

    def _other(self, descriptor: int) -> None:
        if descriptor != self._listener.fileno():
            self._wake[0].recv(4096)
            return
        try:
            connected, _ = self._listener.accept()
        except OSError:
            return
        connected.setblocking(False)
        connection = Connection(connected, self._epoll)
        self._connections[connected.fileno()] = connection
        self._epoll.register(connected.fileno(), select.EPOLLIN)
        with connection.lock:
            connection.send(frames.pack(frames.HELLO, 0, b"", frames.pack_head(self._hello())))

    def _hello(self) -> dict[str, Any]:
        engine = self._engine
        return {
            "raw": engine.raw,
            "max_concurrent": engine.under_way,
            "revision": self._plan.revision,
            "kind": engine.kind,
            "collects": engine.collects,
            "pid": os.getpid(),
        }

    def _forget(self, descriptor: int) -> None:
        connection = self._connections.pop(descriptor)
        connection.close()
        self._waiting = [request for request in self._waiting if request.connection is not connection]

    def _sort(self, connection: Connection, frame: frames.Frame) -> None:
        if frame.kind == frames.SCORE:
            self._waiting.append(Request(connection, frame, self._told))
        elif frame.kind == frames.CANCEL:
            self._cancel(connection, frame.id)
        elif frame.kind == frames.PING:
            self._reply(connection, frames.pack(frames.PONG, frame.id))
        elif frame.kind == frames.SWAGGER:
            self._reply(connection, frames.pack(frames.SWAGGER, frame.id, self._described()))

    def _cancel(self, connection: Connection, number: int) -> None:
        busy = self._busy
        for request in self._waiting + (busy[1] if busy else []):
            if request.number == number and request.connection is connection:
                request.cancelled = True
        for request in [request for request in self._waiting if request.cancelled]:
            self._waiting.remove(request)
            request.fail(GONE)

    def _described(self) -> bytes:
        if self._swagger is None:
            import json

            self._swagger = json.dumps(self._engine.swagger()).encode()
        return self._swagger

    @staticmethod
    def _reply(connection: Connection, data: bytes) -> None:
        with connection.lock:
            connection.send(data)

    def _guard(self, parent: int) -> None:
        while True:
            time.sleep(_ROUND_S)
            if os.getppid() != parent:
                _end("the keeper has gone, and this replica with it", 0)
            busy = self._busy
            if busy is not None and time.monotonic() - busy[0] > _ROUND_S:
                self._stand_in(busy)
            self._remind(self._engine.overdue())
            if self._engine.stuck():
                _end("no call of run() returns; the replica ends, to be started again", LOST)

    def _stand_in(self, busy: tuple[float, list[Request]]) -> None:
        if self._io.acquire(blocking=False):
            try:
                if self._busy is not None:
                    self._poll(0)
            finally:
                self._io.release()
        limit = self._plan.timeout_s
        lasted = time.monotonic() - busy[0]
        if lasted > limit:
            self._remind(busy[1])
        if lasted > limit + max(limit, GRACE_S) and self._busy is busy:
            _end(f"a call has not returned for {lasted:.0f} s; the replica ends, to be started again", LOST)

    def _remind(self, requests: list[Request]) -> None:
        for request in requests:
            if not request.answered:
                request.fail(timed_out(self._plan.timeout_s))


def _end(sentence: str, code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    os.write(2, f"lapis: {sentence}\n".encode())
    os._exit(code)
