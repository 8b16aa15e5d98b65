"""A clock that stands still until a test moves it."""

from __future__ import annotations


class FakeClock:
    """Implements `lapisml.core.clock.Clock`.

    Args:
        now_ms: where it begins, milliseconds since the epoch, UTC (default 2026-01-01).
    """

    def __init__(self, now_ms: int = 1_767_225_600_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        return self._now_ms

    def advance(self, milliseconds: int) -> int:
        """Move the clock (back, with a negative number) and return the new time."""
        self._now_ms += milliseconds
        return self._now_ms
