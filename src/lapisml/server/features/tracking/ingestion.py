"""Group commit: one thread writes, and answers only after the commit.

Callers hand in what they want written and get a future. The thread takes everything that waits, writes it
in one transaction, commits (which on SQLite is one wait for the disk, however many callers there are) and
only then completes the futures: what was acknowledged survives a killed server and a lost power supply.
When a turn fails as a whole, each of its requests is tried again in a transaction of its own, so that one
caller's fault never becomes another's.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from lapisml.server.features.tracking.records import LogEntry
from lapisml.server.features.tracking.store.log_batch import LogBatches
from lapisml.server.platform.database import Database

T = TypeVar("T")
Operation = Callable[[Connection], Any]

_MOST_REQUESTS_A_TURN = 256
_MOST_POINTS_A_TURN = 20_000


@dataclass(slots=True)
class _Request:
    """A batch to log, or any other operation, and what became of it."""

    work: LogEntry | Operation
    done: Future[Any] | None = None
    loop: asyncio.AbstractEventLoop | None = None
    waiter: asyncio.Future[Any] | None = None
    outcome: Any = None
    error: BaseException | None = None

    @property
    def weight(self) -> int:
        return len(self.work.points) if isinstance(self.work, LogEntry) else 1


class GroupCommit:
    """The writer of tracking.

    Args:
        database: where to write.

    The thread starts with the first request and ends with `close`, after everything that was handed in.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batches = LogBatches(database.is_sqlite)
        self._waiting: deque[_Request] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False

    async def log(self, entry: LogEntry) -> None:
        """Write one request's logged values; returns when they are durable.

        Raises:
            LapisError: NotFound, Forbidden, Usage: see `LogBatches`.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._put(_Request(entry, loop=loop, waiter=waiter))
        await waiter

    def log_and_wait(self, entry: LogEntry) -> None:
        """Do as `log` does, from a thread."""
        self._put_and_wait(_Request(entry, Future()))

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Run `operation` in a shared transaction, from a thread; returns its result when it is durable.

        `operation` may run twice (the first time rolled back), so it must do nothing but write.
        """
        result: T = self._put_and_wait(_Request(operation, Future()))
        return result

    def close(self) -> None:
        """Write what was handed in and end the thread."""
        with self._wake:
            self._closing = True
            thread = self._thread
            self._wake.notify()
        if thread is not None:
            thread.join()

    def _put_and_wait(self, request: _Request) -> Any:
        assert request.done is not None
        self._put(request)
        return request.done.result()

    def _put(self, request: _Request) -> None:
        with self._wake:
            if self._closing:
                raise RuntimeError("the writer of tracking was closed")
            self._waiting.append(request)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="tracking-writer", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                if not self._waiting:
                    return
                turn = self._take()
            self._commit(turn)
            _complete(turn)

    def _take(self) -> list[_Request]:
        """Take what waits, up to a turn's size, in the order of arrival."""
        turn: list[_Request] = []
        points = 0
        while self._waiting and len(turn) < _MOST_REQUESTS_A_TURN:
            points += self._waiting[0].weight
            if turn and points > _MOST_POINTS_A_TURN:
                break
            turn.append(self._waiting.popleft())
        return turn

    def _commit(self, turn: Sequence[_Request]) -> None:
        try:
            self._write(turn)
        except Exception as error:  # noqa: BLE001  (thread boundary: the fault goes to whoever waits for it)
            self._batches.forget()
            if len(turn) == 1:
                turn[0].error = error
                return
            for request in turn:
                request.outcome = request.error = None
                self._commit([request])

    def _write(self, turn: Sequence[_Request]) -> None:
        with self._database.write() as connection:
            for part in _parts(turn):
                if isinstance(part[0].work, LogEntry):
                    entries = [r.work for r in part if isinstance(r.work, LogEntry)]
                    for request, fault in zip(part, self._batches.write(connection, entries), strict=True):
                        request.error = fault
                else:
                    part[0].outcome = part[0].work(connection)


def _parts(turn: Iterable[_Request]) -> list[list[_Request]]:
    """Put neighbouring log requests together; every other operation stands alone."""
    parts: list[list[_Request]] = []
    for request in turn:
        is_log = isinstance(request.work, LogEntry)
        if is_log and parts and isinstance(parts[-1][0].work, LogEntry):
            parts[-1].append(request)
        else:
            parts.append([request])
    return parts


def _complete(turn: Sequence[_Request]) -> None:
    """Answer the callers: threads directly, coroutines with one call into each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[_Request]] = {}
    for request in turn:
        if request.loop is not None:
            loops.setdefault(request.loop, []).append(request)
        elif request.done is not None and request.error is not None:
            request.done.set_exception(request.error)
        elif request.done is not None:
            request.done.set_result(request.outcome)
    for loop, requests in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, requests)


def _settle(requests: Sequence[_Request]) -> None:
    for request in requests:
        waiter = request.waiter
        if waiter is None or waiter.done():
            continue
        if request.error is not None:
            waiter.set_exception(request.error)
        else:
            waiter.set_result(request.outcome)
