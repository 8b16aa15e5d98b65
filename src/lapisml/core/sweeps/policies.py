"""Early termination: which trial is so far behind that it need not go on.

Each time a trial logs the primary metric counts as one interval. A policy looks at a trial at the last interval
that the trial has reached and that the policy applies to, and compares it with all trials at that same interval:
the verdict depends on what was logged and on nothing else, so it is the same after a restart and whatever the
order in which news comes in. The rules are those that Azure ML documents for bandit, median stopping and
truncation selection (https://learn.microsoft.com/azure/machine-learning/how-to-tune-hyperparameters).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol


class History:
    """What a trial has logged of the primary metric, interval by interval.

    Attributes:
        name: the trial.
        finished: whether the trial is over.
        values: one for each interval, in order; None where it was NaN or infinite.
    """

    def __init__(self, name: str, values: Iterable[float | None] = (), finished: bool = False) -> None:
        self.name = name
        self.finished = finished
        self.values: list[float | None] = []
        self._bests: list[tuple[float, float] | None] = []
        self._averages: list[float | None] = []
        self._sum, self._count = 0.0, 0
        for value in values:
            self.log(value)

    def log(self, value: float | None) -> None:
        """Take in the next value; NaN and infinity count as none."""
        known = value if value is not None and math.isfinite(value) else None
        before = self._bests[-1] if self._bests else None
        if known is not None:
            self._sum, self._count = self._sum + known, self._count + 1
            before = (known, known) if before is None else (min(before[0], known), max(before[1], known))
        self.values.append(known)
        self._bests.append(before)
        self._averages.append(self._sum / self._count if self._count else None)

    def best(self, maximize: bool, until: int | None = None) -> float | None:
        """Give the best value of the first `until` intervals; None when there was none."""
        reached = len(self.values) if until is None else min(until, len(self.values))
        bests = self._bests[reached - 1] if reached else None
        return None if bests is None else bests[1 if maximize else 0]

    def average(self, until: int) -> float | None:
        """Give the average of the first `until` intervals; None when there was no value."""
        reached = min(until, len(self.values))
        return self._averages[reached - 1] if reached else None


@dataclass(frozen=True)
class Timing:
    """When a policy applies: at every multiple of `every` intervals that is at least `delay`."""

    every: int = 1
    delay: int = 0

    def last(self, reached: int) -> int | None:
        """Give the last interval at which the policy applies to a trial that has reached `reached` of them."""
        interval = reached - reached % max(self.every, 1)
        return interval if interval >= max(self.delay, 1) else None


@dataclass(frozen=True)
class Verdict:
    """That a trial is to be ended, and why: a sentence with the figures in it."""

    trial: str
    reason: str


class Rule(Protocol):
    """How far behind is too far."""

    def judge(self, trial: History, interval: int, everybody: Sequence[History], maximize: bool) -> str | None:
        """Say why a trial is too far behind at an interval; None when it is not.

        Args:
            everybody: all trials of the sweep, this one too, those that are over too.
        """
        ...


@dataclass(frozen=True)
class Policy:
    """A rule and when it applies."""

    rule: Rule
    timing: Timing

    def judge(self, trials: Sequence[History], maximize: bool) -> list[Verdict]:
        """Say which of the trials that are not over are to be ended."""
        found = []
        for trial in trials:
            interval = None if trial.finished else self.timing.last(len(trial.values))
            if interval is not None:
                reason = self.rule.judge(trial, interval, trials, maximize)
                if reason is not None:
                    found.append(Verdict(trial.name, reason))
        return found


@dataclass(frozen=True)
class Bandit:
    """A trial ends when its best value is outside a slack around the best of all trials at the same interval.

    The slack is a factor: to maximize, what is below ``best / (1 + factor)`` ends, to minimize, what is above
    ``best * (1 + factor)``; or an amount. Where the best is negative, the same distance is kept on the worse side.
    """

    factor: float | None = None
    amount: float | None = None

    def judge(self, trial: History, interval: int, everybody: Sequence[History], maximize: bool) -> str | None:
        """See `Rule`."""
        own = trial.best(maximize, interval)
        bests = [best for one in everybody if (best := one.best(maximize, interval)) is not None]
        if own is None:
            return None
        best = max(bests) if maximize else min(bests)
        bound = self._bound(best, maximize)
        if (own >= bound) if maximize else (own <= bound):
            return None
        side = "below" if maximize else "above"
        return f"its best by interval {interval}, {own:.6g}, is {side} {bound:.6g} (the best of all is {best:.6g})"

    def _bound(self, best: float, maximize: bool) -> float:
        if self.factor is None:
            return best - (self.amount or 0.0) if maximize else best + (self.amount or 0.0)
        if maximize:
            return best - abs(best) * self.factor / (1 + self.factor)
        return best + abs(best) * self.factor


@dataclass(frozen=True)
class MedianStopping:
    """A trial ends when its best value is worse than the median of the running averages of all trials."""

    def judge(self, trial: History, interval: int, everybody: Sequence[History], maximize: bool) -> str | None:
        """See `Rule`."""
        own = trial.best(maximize, interval)
        averages = [average for one in everybody if (average := one.average(interval)) is not None]
        if own is None:
            return None
        middle = median(averages)
        if (own >= middle) if maximize else (own <= middle):
            return None
        side = "below" if maximize else "above"
        return f"its best by interval {interval}, {own:.6g}, is {side} {middle:.6g}, the median of the running averages"


@dataclass(frozen=True)
class TruncationSelection:
    """A trial ends when its value at an interval is among the worst `percentage` of all trials that reached it."""

    percentage: float
    exclude_finished: bool = False

    def judge(self, trial: History, interval: int, everybody: Sequence[History], maximize: bool) -> str | None:
        """See `Rule`."""
        own = trial.values[interval - 1]
        if own is None:
            return None
        others = [one for one in everybody if not (self.exclude_finished and one.finished)]
        values = [v for one in others if len(one.values) >= interval and (v := one.values[interval - 1]) is not None]
        cut = int(len(values) * self.percentage / 100)
        better = sum(value > own if maximize else value < own for value in values)
        if cut == 0 or better < len(values) - cut:
            return None
        return f"at interval {interval} its {own:.6g} is among the worst {cut} of {len(values)} trials"
