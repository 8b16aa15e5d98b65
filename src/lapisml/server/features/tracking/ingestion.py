"""Group commit: requests that come together are written together, and answered only after the commit.

On SQLite, what has come within one turn of the event loop is written right there, in one transaction, when
nobody else writes at that moment and the disk is quick: handing 0.2 ms of work to another thread costs more than
the work. Everything else goes to one thread, which takes all that waits, writes it in one transaction, commits
and only then answers. Either way what was acknowledged survives a killed server and a lost power supply, and
there is one wait for the disk however many callers there are.

When a turn fails as a whole, each of its requests is tried again in a transaction of its own, so that one
caller's fault never becomes another's.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from lapisml.server.features.tracking.records import LogEntry
from lapisml.server.features.tracking.store.log_batch import LogBatches
from lapisml.server.platform.database import Database

T = TypeVar("T")
Operation = Callable[[Connection], Any]

_MOST_REQUESTS_A_TURN = 256
_MOST_POINTS_A_TURN = 20_000
_MOST_POINTS_ON_THE_LOOP = 100
_TRIES = 4
_TRY_AGAIN = ("40P01", "40001")  # deadlock detected, serialization failure
_SLOW_DISK_S = 0.02
_CARE_AFTER_SLOW_S = 10.0


class BusyError(Exception):
    """Somebody else is writing: do it in a thread that may wait."""


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

    The thread starts with the first request for it and ends with `close`, after everything that was handed in.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batches = LogBatches(database)
        self._turn = threading.Lock()
        self._waiting: deque[_Request] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._arrived: list[_Request] = []
        self._careful_until = 0.0
        self._usual_s = 0.0
        self._local = threading.local()

    async def log(self, entry: LogEntry) -> None:
        """Write one request's logged values; returns when they are durable.

        Raises:
            LapisError: NotFound, Forbidden, Usage: see `LogBatches`.
        """
        loop = asyncio.get_running_loop()
        request = _Request(entry, loop=loop, waiter=loop.create_future())
        if request.weight <= _MOST_POINTS_ON_THE_LOOP and self._may_write_here():
            self._arrived.append(request)
            if len(self._arrived) == 1:
                loop.call_soon(self._write_arrived)
        else:
            self._put(request)
        assert request.waiter is not None
        await request.waiter

    def log_and_wait(self, entry: LogEntry) -> None:
        """Do as `log` does, from a thread."""
        self._put_and_wait(_Request(entry, Future()))

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Run `operation` in a transaction, from a thread; returns its result when it is durable.

        On SQLite the transaction is shared with others that wait; PostgreSQL lets several write at once, so there
        the calling thread writes. `operation` may run again after a rollback, so it must do nothing but write.

        Raises:
            BusyError: within `at_once`, when somebody else is writing.
        """
        if getattr(self._local, "at_once", False):
            return self._run_here(operation)
        if not self._database.is_sqlite:
            return self._run_beside_others(operation)
        result: T = self._put_and_wait(_Request(operation, Future()))
        return result

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within the block, let `run` write in the calling thread and never wait for another writer.

        Raises:
            BusyError: at once, when this is not the moment for it.
        """
        if not self._may_write_here():
            raise BusyError
        self._local.at_once = True
        try:
            yield
        finally:
            self._local.at_once = False

    def close(self) -> None:
        """Write what was handed in and end the thread."""
        with self._wake:
            self._closing = True
            thread = self._thread
            self._wake.notify()
        if thread is not None:
            thread.join()
        self._batches.close()

    def _may_write_here(self) -> bool:
        """Say whether the event loop may write by itself now."""
        return self._database.is_sqlite and not self._waiting and time.monotonic() >= self._careful_until

    def _write_arrived(self) -> None:
        """Write what came within this turn of the event loop, or leave it to the thread."""
        turn, self._arrived = self._arrived, []
        begin = time.monotonic()
        if self._turn.acquire(blocking=False):
            try:
                self._commit(turn, wait=False)
            except BlockingIOError:
                pass
            else:
                self._note_duration(begin)
                _settle(turn)
                return
            finally:
                self._turn.release()
        for request in turn:
            self._put(request)

    def _run_here(self, operation: Callable[[Connection], T]) -> T:
        begin = time.monotonic()
        try:
            with self._database.write(wait=False) as connection:
                result = operation(connection)
        except BlockingIOError:
            raise BusyError from None
        self._note_duration(begin)
        return result

    def _run_beside_others(self, operation: Callable[[Connection], T]) -> T:
        """Write now; once more when another transaction came between (a name that both make, a deadlock)."""
        for _ in range(_TRIES - 1):
            try:
                with self._database.write() as connection:
                    return operation(connection)
            except IntegrityError:
                continue
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", "") not in _TRY_AGAIN:
                    raise
        with self._database.write() as connection:
            return operation(connection)

    def _note_duration(self, begin: float) -> None:
        """Leave the writing to the thread for a while when the disk is slow: the event loop must not wait.

        It takes several slow commits, for on a busy machine one alone says nothing about the disk.
        """
        now = time.monotonic()
        self._usual_s += (now - begin - self._usual_s) / 8
        if self._usual_s > _SLOW_DISK_S:
            self._usual_s = 0.0
            self._careful_until = now + _CARE_AFTER_SLOW_S

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
            with self._turn:
                self._commit(turn, wait=True)
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

    def _commit(self, turn: Sequence[_Request], wait: bool) -> None:
        """Write a turn and note each request's outcome.

        Raises:
            BlockingIOError: somebody else is writing, and `wait` is False; nothing is written then.
        """
        try:
            self._write(turn, wait)
        except BlockingIOError:
            raise
        except Exception as error:  # noqa: BLE001  (the fault goes to whoever waits for it)
            self._batches.forget()
            if len(turn) == 1:
                turn[0].error = error
                return
            for request in turn:
                request.outcome = request.error = None
                self._commit([request], wait=True)

    def _write(self, turn: Sequence[_Request], wait: bool) -> None:
        entries = [request.work for request in turn if isinstance(request.work, LogEntry)]
        faults = self._batches.write_shortly(entries) if len(entries) == len(turn) else None
        if faults is not None:
            for request, fault in zip(turn, faults, strict=True):
                request.error = fault
            return
        with self._database.write(wait) as connection:
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
