"""Operations that go on at the server after their call: a poller that asks how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.poller import Poller

T = TypeVar("T")

Record = dict[str, Any]
Read = Callable[[], Record | None]
"""Reads the record of what is made; None when there is none any more."""

UNDER_WAY = ("Creating", "Updating", "Deleting")
"""Values of ``provisioning_state`` that are followed by another."""

FIRST_PAUSE_S, GROWTH, LONGEST_PAUSE_S = 0.05, 1.3, 1.0
"""Seconds between two looks: short at first, since most things are ready soon."""

AWAY_LIMIT_S = 60.0
"""Seconds for which the server may be away while somebody waits."""


def _ignore(_record: Record) -> None:
    """Take a record and do nothing."""


@dataclass(frozen=True)
class Time:
    """The clock that waiting goes by, seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class PendingPoller(Poller[T], Generic[T]):
    """What ``begin_…`` methods of endpoints return: the server works on, `result` waits for the end of it.

    Args:
        what: how a sentence calls what is made: ``deployment 'blue' of endpoint 'e'``.
        read: gives its record.
        give: turns the last record into the result; None when it is gone.
        first: the record that the request itself gave.
        is_removal: whether the end is that nothing is there any more.
        clock: what waiting goes by.
    """

    def __init__(
        self,
        what: str,
        read: Read,
        give: Callable[[Record | None], T],
        first: Record | None,
        *,
        is_removal: bool = False,
        clock: Time | None = None,
    ) -> None:
        self._what = what
        self._read = read
        self._give = give
        self._last = first
        self._is_removal = is_removal
        self._time = clock or Time()
        self._watch: Callable[[Record], None] = _ignore

    def watching(self, watch: Callable[[Record], None]) -> PendingPoller[T]:
        """Have `watch` told each record that is read while somebody waits; return the poller."""
        self._watch = watch
        return self

    def result(self, timeout: float | None = None) -> T:
        """Wait for the end and return what was made; what there is by then when `timeout` seconds have passed.

        Raises:
            LapisError: DeploymentFailed with the reason; ServerUnreachable when the server stays away.
        """
        self.wait(timeout)
        return self._give(self._last)

    def wait(self, timeout: float | None = None) -> None:
        """Wait for the end, at most `timeout` seconds; see `result`."""
        until = None if timeout is None else self._time.now() + timeout
        if self._last is not None:
            self._watch(self._last)
        for pause in _pauses():
            if self._is_over():
                break
            left = pause if until is None else min(pause, until - self._time.now())
            if left <= 0:
                return
            self._time.sleep(left)
            self._look()
        self._refuse_failure()

    def done(self) -> bool:
        """Ask the server once whether the operation has ended, well or badly."""
        if not self._is_over():
            self._look()
        return self._is_over()

    def status(self) -> str:
        """Return the last known state: ``Creating``, ``Updating``, ``Deleting``, ``Succeeded``, ``Failed``."""
        return "Succeeded" if self._last is None else str(self._last.get("provisioning_state") or "Succeeded")

    def _is_over(self) -> bool:
        return self._last is None or self.status() not in UNDER_WAY

    def _look(self) -> None:
        self._last = self._patiently()
        if self._last is not None:
            self._watch(self._last)

    def _patiently(self) -> Record | None:
        """Read the record; a server that is away for a while comes back."""
        until = self._time.now() + AWAY_LIMIT_S
        while True:
            try:
                return self._read()
            except LapisError as error:
                if error.code is not ErrorCode.SERVER_UNREACHABLE or self._time.now() >= until:
                    raise
                self._time.sleep(LONGEST_PAUSE_S)

    def _refuse_failure(self) -> None:
        if self._last is None:
            if not self._is_removal:
                raise LapisError(ErrorCode.NOT_FOUND, f"The {self._what} was deleted while it was made.")
        elif self.status() != "Succeeded":
            reason = str(self._last.get("provisioning_error") or "no reason is known").strip()
            verb = "could not be deleted" if self._is_removal else "failed"
            raise LapisError(ErrorCode.DEPLOYMENT_FAILED, f"The {self._what} {verb}: {reason}")


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_S
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_PAUSE_S)
