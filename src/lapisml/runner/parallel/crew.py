"""The workers together: who is free, who has died, who has had their time."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from lapisml.runner.parallel.batches import MiniBatch
from lapisml.runner.parallel.workers import Worker


class CrewError(Exception):
    """No worker can be made to work; the text says why."""


class Crew:
    """Keeps `size` workers running.

    Args:
        make: makes the worker of a number.
        size: how many.
        patience: how many may die without a mini-batch in hand before one of them does its work.
        first: the number of the first worker.

    Attributes:
        missed: the job's other machines that were not there when all was done; none are known here.

    A worker is told by the driver what to do; what it says and how it ends is given back by `events`.
    """

    def __init__(self, make: Callable[[int], Worker], size: int, patience: int, first: int = 0) -> None:
        self._make = make
        self._numbers = range(first, first + size)
        self._patience = patience
        self._in_vain = 0
        self.missed: list[int] = []
        self._selector = selectors.DefaultSelector()
        self._workers: dict[int, Worker] = {}

    def watch(self, descriptor: int) -> None:
        """Wake `events` when something else can be read too."""
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def start(self) -> None:
        """Start all workers.

        Raises:
            CrewError: a process can't be made.
        """
        for number in self._numbers:
            self._hire(number)

    @property
    def numbers(self) -> list[int]:
        """The numbers of all workers."""
        return list(self._numbers)

    def worker(self, number: int) -> Worker | None:
        """Return the worker of a number; None without one."""
        return self._workers.get(number)

    def restart_busy(self) -> None:
        """End the workers that have a mini-batch in hand, and start others in their place.

        Raises:
            CrewError: a process can't be made.
        """
        for worker in [worker for worker in self._workers.values() if worker.batch is not None]:
            batch_of(worker).discard()
            self._dismiss(worker)
            self._hire(worker.number)

    def idle(self) -> Iterator[Worker]:
        """Give the workers that wait for work."""
        return (worker for worker in list(self._workers.values()) if worker.ready and worker.batch is None)

    @property
    def busy(self) -> bool:
        """Whether a mini-batch is being worked on."""
        return any(worker.batch is not None for worker in self._workers.values())

    def events(self, until: float) -> Iterator[tuple[Worker, dict[str, Any]]]:
        """Wait until something happens, at most to the moment `until`; give what workers said.

        A worker that has died, or had its time and was killed, says ``{"is": "gone", "how", "overdue"}``, and has
        been replaced.

        Raises:
            CrewError: workers die again and again without having done anything.
        """
        deadlines = [w.deadline for w in self._workers.values() if w.deadline is not None]
        pause = max(0.0, min([until, *deadlines]) - time.monotonic())
        touched = {key.data for key, _events in self._selector.select(pause) if key.data is not None}
        now = time.monotonic()
        for number in sorted(touched | {n for n, w in self._workers.items() if _is_overdue(w, now)}):
            yield from self._news(self._workers[number], now)

    def close(self, timeout_s: float) -> list[dict[str, Any]]:
        """End all workers, with their ``shutdown()``; return what they said at the end.

        Args:
            timeout_s: how long ``shutdown()`` may take.
        """
        said: list[dict[str, Any]] = []
        for worker in list(self._workers.values()):
            if worker.ready:
                worker.end(timeout_s)
            else:
                self._dismiss(worker)
        while self._workers:
            left = min(w.deadline or 0.0 for w in self._workers.values()) - time.monotonic()
            self._selector.select(max(0.0, left))
            for worker in list(self._workers.values()):
                said.extend({**answer, "worker": worker.number} for answer in worker.answers())
                late = _is_overdue(worker, time.monotonic())
                if late:
                    said.append({"is": "late", "worker": worker.number})
                if late or worker.has_ended():
                    self._dismiss(worker)
        return said

    def kill(self) -> None:
        """End all workers at once."""
        for worker in list(self._workers.values()):
            self._dismiss(worker)

    def _news(self, worker: Worker, now: float) -> Iterator[tuple[Worker, dict[str, Any]]]:
        ended = worker.has_ended()
        for answer in worker.answers():
            if answer["is"] == "ready":
                worker.ready = True
            elif answer["is"] in ("done", "failed"):
                worker.deadline = None
                self._in_vain = 0
            yield worker, answer
        if not ended and not _is_overdue(worker, now):
            return
        overdue = not ended
        self._dismiss(worker)
        self._replace(worker)
        yield worker, {"is": "gone", "how": worker.how(), "overdue": overdue}

    def _replace(self, worker: Worker) -> None:
        if worker.batch is None:
            self._in_vain += 1
            if self._in_vain > self._patience:
                when = "without a mini-batch" if worker.ready else "before init() had returned"
                raise CrewError(f"Workers die again and again {when}: {worker.how()}.")
        self._hire(worker.number)

    def _hire(self, number: int) -> None:
        try:
            worker = self._make(number)
        except OSError as error:
            raise CrewError(f"A worker could not be started: {error}.") from error
        self._workers[number] = worker
        for descriptor in worker.descriptors:
            self._selector.register(descriptor, selectors.EVENT_READ, number)

    def _dismiss(self, worker: Worker) -> None:
        for descriptor in worker.descriptors:
            self._selector.unregister(descriptor)
        worker.kill()
        worker.close()
        del self._workers[worker.number]


def _is_overdue(worker: Worker, now: float) -> bool:
    return worker.deadline is not None and now >= worker.deadline


class HasBatch(Protocol):
    """A worker, wherever it is."""

    batch: MiniBatch | None


def batch_of(worker: HasBatch) -> MiniBatch:
    """Take from a worker what it worked on."""
    assert worker.batch is not None
    batch, worker.batch = worker.batch, None
    return batch
