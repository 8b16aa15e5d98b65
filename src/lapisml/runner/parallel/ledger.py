"""What became of each mini-batch, and whether the job may go on: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass

IGNORE = -1
"""A threshold that is never passed."""


@dataclass(frozen=True)
class Limits:
    """How much may fail.

    Attributes:
        max_retries: further attempts that a failed mini-batch gets.
        error_threshold: items that may fail, -1 for any number.
        mini_batch_error_threshold: mini-batches that may fail, -1 for any number.
        allowed_failed_percent: mini-batches of a hundred that may fail, None for any number.
    """

    max_retries: int = 2
    error_threshold: int = IGNORE
    mini_batch_error_threshold: int = IGNORE
    allowed_failed_percent: float | None = None


class Ledger:
    """Counts mini-batches and items.

    An item is a file or a row. A mini-batch that failed for good fails with all its items; one that succeeded
    with fewer results than items fails with the difference. More results than items is no fault.

    Attributes:
        completed, failed, retried: mini-batches, and attempts beyond the first.
        items, failed_items: items of all ended mini-batches, and those of them that failed.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.completed = 0
        self.failed = 0
        self.retried = 0
        self.items = 0
        self.failed_items = 0

    @property
    def ended(self) -> int:
        """Mini-batches that have ended, well or badly."""
        return self.completed + self.failed

    def may_retry(self, attempt: int) -> bool:
        """Say whether a mini-batch whose `attempt` (from 1) failed is tried again, and count it."""
        again = attempt <= self._limits.max_retries
        self.retried += again
        return again

    def succeed(self, items: int, results: int | None) -> None:
        """Enter a mini-batch whose ``run()`` returned.

        Args:
            items: how many files or rows it held.
            results: how many results it gave; None when results are not counted.
        """
        self.completed += 1
        self.items += items
        if results is not None:
            self.failed_items += max(0, items - results)

    def fail(self, items: int) -> None:
        """Enter a mini-batch that is given up."""
        self.failed += 1
        self.items += items
        self.failed_items += items

    def passed(self, total: int | None = None) -> str | None:
        """Return the sentence about a threshold that is passed, None while none is.

        Args:
            total: number of all mini-batches, None while it is not known.
        """
        limits = self._limits
        if 0 <= limits.mini_batch_error_threshold < self.failed:
            return f"{_count(self.failed, 'mini-batch')} failed, more than mini_batch_error_threshold allows " + (
                f"({limits.mini_batch_error_threshold})."
            )
        if 0 <= limits.error_threshold < self.failed_items:
            return f"{_count(self.failed_items, 'item')} failed, more than error_threshold allows " + (
                f"({limits.error_threshold})."
            )
        percent = limits.allowed_failed_percent
        if percent is not None and total and self.failed * 100 > percent * total:
            return f"{self.failed} of {_count(total, 'mini-batch')} failed, more than {percent:g} %."
        return None


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}es" if noun.endswith("ch") else f"{number} {noun}s"
