"""What the driver remembers of a sweep between two passes; all of it is made again from the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lapisml.core.sweeps.plan import Plan
from lapisml.core.sweeps.policies import History
from lapisml.core.sweeps.progress import TrialState
from lapisml.server.features.sweeps.bayesian import Search
from lapisml.server.features.sweeps.store import Trial
from lapisml.server.features.tracking.records import HistoryPoint


class Course:
    """What one trial has logged of the primary metric, taken in piece by piece."""

    def __init__(self, name: str) -> None:
        self.history = History(name)
        self.since = 0
        self._latest: set[HistoryPoint] = set()

    def take(self, points: Iterable[HistoryPoint]) -> bool:
        """Take in points logged at or after `since`; says whether there was a new one."""
        before = len(self.history.values)
        for point in map(HistoryPoint._make, points):
            if point.timestamp == self.since and point in self._latest:
                continue
            if point.timestamp > self.since:
                self.since, self._latest = point.timestamp, set()
            self._latest.add(point)
            self.history.log(None if point.is_nan else point.value)
        return len(self.history.values) > before


@dataclass
class Memory:
    """One sweep.

    Attributes:
        component: the command of its trials, with what belongs to it.
        trials: in the order of their numbers.
        submitted: names of trials whose job exists.
        courses: trial's name → what it logged; kept while a policy wants it.
        search: what draws trials where results decide, else None.
        event: number of the last move that was read.
        read_at: when all children were read last, milliseconds.
        told: the best trial that was last written to the sweep.
        noted_at: when it was last written where the sweep stands, milliseconds.
    """

    plan: Plan
    component: Mapping[str, Any]
    trials: list[Trial]
    search: Search | None = None
    submitted: set[str] = field(default_factory=set)
    courses: dict[str, Course] = field(default_factory=dict)
    event: int = 0
    read_at: int = 0
    told: tuple[str, float] | None = None
    noted_at: int = 0
    by_name: dict[str, Trial] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name = {trial.name: trial for trial in self.trials}

    def add(self, trials: Sequence[Trial]) -> None:
        """Take in trials that were just drawn."""
        self.trials += trials
        self.by_name |= {trial.name: trial for trial in trials}

    def live(self) -> list[Trial]:
        """Give the trials that are not known to be over."""
        return [trial for trial in self.trials if trial.is_live]

    def states(self) -> list[TrialState]:
        """Give what decisions are made from."""
        return [trial.state() for trial in self.trials]

    def course(self, name: str) -> Course:
        """Give what a trial has logged."""
        return self.courses.setdefault(name, Course(name))
