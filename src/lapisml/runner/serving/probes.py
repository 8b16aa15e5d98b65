"""Probes: asked at intervals, passed or missed; so many in a row change the verdict. Decides only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ProbeSettings:
    """How a probe is asked; the defaults are those of Azure ML.

    Attributes:
        initial_delay_s: seconds after the start before a missing answer counts.
        period_s: seconds between two questions.
        timeout_s: seconds that an answer may take.
        success_threshold, failure_threshold: answers, misses in a row that change the verdict.
    """

    initial_delay_s: float = 10.0
    period_s: float = 10.0
    timeout_s: float = 2.0
    success_threshold: int = 1
    failure_threshold: int = 30

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> ProbeSettings:
        """Read ``ServingSpec.liveness`` or ``readiness``; what is absent or None has its default."""
        numbers = {n: float(plain[n]) for n in ("initial_delay_s", "period_s", "timeout_s") if plain.get(n) is not None}
        counts = {
            n: max(1, int(plain[n])) for n in ("success_threshold", "failure_threshold") if plain.get(n) is not None
        }
        return cls(**numbers, **counts)  # type: ignore[arg-type]  # the names part floats from whole numbers

    @property
    def patience_s(self) -> float:
        """Seconds from the start until a replica that never answers has failed."""
        return self.initial_delay_s + self.period_s * (self.failure_threshold - 1) + self.timeout_s


class Probe:
    """One probe of one process.

    A process that says by itself that it is there is asked at once; the initial delay only keeps silence before
    its end from counting.

    Args:
        settings: how it is asked.
        now: seconds on a monotonic clock, here and in every method: when the process was started.

    Attributes:
        passes: the verdict, None until there is one.
        due: when `turn` has something to do.
    """

    def __init__(self, settings: ProbeSettings, now: float) -> None:
        self._settings = settings
        self._asked = False
        self._hits = self._misses = 0
        self.passes: bool | None = None
        self.due = now + settings.initial_delay_s

    def hurry(self, now: float) -> None:
        """Ask at once: the process has said that it is there."""
        if not self._asked:
            self.due = now

    def turn(self, now: float, reachable: bool) -> bool:
        """Do what is due; True when the question is to be sent now.

        Args:
            now: as above.
            reachable: whether the process can be asked at all; it has missed when it can't.
        """
        if now < self.due:
            return False
        if self._asked:
            self._miss()
            self._asked = False
            self.due = now + max(0.0, self._settings.period_s - self._settings.timeout_s)
            return False
        if not reachable:
            self._miss()
            self.due = now + self._settings.period_s
            return False
        self._asked = True
        self.due = now + self._settings.timeout_s
        return True

    def answered(self, now: float) -> None:
        """Take an answer; one that nobody waits for any more means nothing."""
        if not self._asked:
            return
        self._asked = False
        self._misses = 0
        self._hits += 1
        self.due = now + self._settings.period_s
        if self._hits >= self._settings.success_threshold:
            self.passes = True

    def _miss(self) -> None:
        self._hits = 0
        self._misses += 1
        if self._misses >= self._settings.failure_threshold:
            self.passes = False
