"""The shape of a long-running operation for operations that are done when their call returns."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Poller(Generic[T]):
    """What ``begin_…`` methods return; the work is done already, or goes on at the server by itself.

    Args:
        result: what `result` gives.
    """

    def __init__(self, result: T) -> None:
        self._result = result

    def result(self, timeout: float | None = None) -> T:  # noqa: ARG002 - the shape of azure.core's LROPoller
        """Return the result of the operation."""
        return self._result

    def wait(self, timeout: float | None = None) -> None:
        """Return when the operation is done: at once."""

    def done(self) -> bool:
        """Say whether the operation is done: it is."""
        return True

    def status(self) -> str:
        """Return ``Succeeded``."""
        return "Succeeded"
