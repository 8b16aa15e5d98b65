"""Asking several machines at a time, so that a slow one keeps nobody waiting for the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

A = TypeVar("A")


@dataclass
class _Late:
    """A question that was not answered in time; its answer is taken when it comes."""

    answer: Future[Any]
    question: Any
    since: float


class Asking(Generic[A]):
    """Puts one question each to several machines.

    A machine that is late is not asked again before it has answered; its answer is given to whoever asks the same then.

    Args:
        machines: how many there are.
        patience_s: how long an answer is waited for.
        name: of the threads.
    """

    def __init__(self, machines: int, patience_s: float, name: str) -> None:
        self._patience_s = patience_s
        self._threads = ThreadPoolExecutor(max(4, 2 * machines), thread_name_prefix=name)
        self._lock = threading.Lock()
        self._late: dict[int, _Late] = {}

    def ask(
        self, questions: Mapping[int, Any], put: Callable[[int, Any], A], late: Callable[[int, Any, float], A]
    ) -> dict[int, A]:
        """Return the answer of each machine.

        Args:
            questions: number of the machine → question; compared by equality.
            put: asks; on a thread of its own.
            late: gives the answer that stands for one which did not come; told for how many seconds it is awaited.
        """
        deadline = time.monotonic() + self._patience_s
        awaited = {number: self._begin(number, question, put) for number, question in questions.items()}
        wait([one.answer for one in awaited.values()], self._patience_s)
        again = {
            number: self._begin(number, questions[number], put)
            for number, one in awaited.items()
            if one.answer.done() and one.question != questions[number]
        }
        wait([one.answer for one in again.values()], max(0.0, deadline - time.monotonic()))
        return {number: self._end(number, questions[number], one, late) for number, one in {**awaited, **again}.items()}

    def close(self) -> None:
        """Take no more questions; what is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, number: int, question: Any, put: Callable[[int, Any], A]) -> _Late:
        with self._lock:
            late = self._late.get(number)
            if late is not None and not late.answer.done():
                return late
            if late is not None:
                del self._late[number]
                if late.question == question:
                    return late
        return _Late(self._threads.submit(put, number, question), question, time.monotonic())

    def _end(self, number: int, question: Any, one: _Late, late: Callable[[int, Any, float], A]) -> A:
        done = one.answer.done()
        with self._lock:
            if not done:
                self._late[number] = one
            elif self._late.get(number) is one:
                del self._late[number]
        if done and one.question == question:
            answer: A = one.answer.result()
            return answer
        return late(number, question, time.monotonic() - one.since)
