"""Time as a dependency: milliseconds since 1970-01-01 UTC."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Gives the present time; tests pass a fake one (``lapisml.testing.clock``)."""

    def now_ms(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000
