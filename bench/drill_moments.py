"""What happens during a drill, counted, so that blows can wait for it."""

from __future__ import annotations

import threading
from collections import Counter


class Moments:
    """Counts what happens, and wakes whoever waits for it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._news = threading.Condition()

    def tell(self, moment: str, times: int = 1) -> None:
        """Note that something happened."""
        with self._news:
            self._counts[moment] += times
            self._news.notify_all()

    def count(self, moment: str) -> int:
        """Return how often it has happened."""
        with self._news:
            return self._counts[moment]

    def next(self, *moments: str, timeout: float) -> str | None:
        """Wait until one of them happens once more; say which."""
        with self._news:
            before = Counter(self._counts)
            self._news.wait_for(lambda: any(self._counts[one] > before[one] for one in moments), timeout)
            return next((one for one in moments if self._counts[one] > before[one]), None)

    def reaches(self, moment: str, count: int) -> None:
        """Wait until it has happened so often."""
        with self._news:
            self._news.wait_for(lambda: self._counts[moment] >= count or bool(self._counts["broken"]))
