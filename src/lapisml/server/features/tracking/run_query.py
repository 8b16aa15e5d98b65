"""What a table of runs is asked for, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection, Select

from lapisml.server.features.tracking.filters import Clause, Order, parse_filter, parse_order
from lapisml.server.features.tracking.grammars import RUNS
from lapisml.server.features.tracking.records import RunInfo
from lapisml.server.features.tracking.run_states import by_both_words

NO_JOB = "run"
"""The type of a run that no job of the platform made."""

_GRAMMAR = replace(RUNS, listable=frozenset({"run_id", "run_name", "status", "user_id"}))


class Shown(StrEnum):
    """Which runs a table shows: an archived one was deleted by MLflow's client, or its job was archived."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    ALL = "all"


class JobNames(Protocol):
    """What the jobs' feature says of the jobs behind runs; a job and its run have one name."""

    def all(self, workspace_id: int) -> Select[tuple[str]]:
        """Select the names of a workspace's jobs."""
        ...

    def archived(self, workspace_id: int) -> Select[tuple[str]]:
        """Select the names of the jobs that were archived."""
        ...

    def of_types(self, workspace_id: int, types: Sequence[str]) -> Select[tuple[str]]:
        """Select the names of the jobs of some types."""
        ...

    def types(self, connection: Connection, workspace_id: int, names: Sequence[str]) -> dict[str, tuple[str, bool]]:
        """Give the type of each job among `names`, and whether it was archived."""
        ...


@dataclass(frozen=True)
class RunQuery:
    """Which runs, in which order.

    Attributes:
        experiments: public ids; empty: all.
        statuses: `JobState` values; empty: all.
        types: of jobs, and `NO_JOB`; empty: all.
        top_level: only runs that no other run started.
    """

    clauses: tuple[Clause, ...] = ()
    orders: tuple[Order, ...] = ()
    experiments: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    shown: Shown = Shown.ACTIVE
    top_level: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which keys of what runs logged are given with them; None: all."""

    metrics: tuple[str, ...] | None = ()
    params: tuple[str, ...] | None = ()
    tags: tuple[str, ...] | None = ()


ALL_KEYS = Wanted(None, None, None)


@dataclass(slots=True)
class TableRow:
    """One run in a table.

    Attributes:
        type: of the job, `NO_JOB` without one.
        metrics: (value, is_nan) of the latest point.
    """

    info: RunInfo
    experiment_name: str
    type: str
    is_archived: bool
    parent: str | None = None
    metrics: dict[str, tuple[float, int]] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that runs logged, each sorted."""

    metrics: list[str]
    params: list[str]
    tags: list[str]


@dataclass(slots=True)
class ExperimentRow:
    """An experiment and how its runs stand.

    Attributes:
        counts: state → number of runs.
        last_activity: when a run of it began or ended last; None without runs.
    """

    experiment_id: str
    name: str
    created_at: int
    counts: dict[str, int] = field(default_factory=dict)
    last_activity: int | None = None


def read_filter(text: str) -> tuple[Clause, ...]:
    """Parse a filter in MLflow's language; a status may be written in our words or in MLflow's.

    Raises:
        LapisError: Usage, with what was expected.
    """
    return tuple(by_both_words(clause) for clause in parse_filter(text, _GRAMMAR))


def read_orders(texts: Sequence[str]) -> tuple[Order, ...]:
    """Parse an order: ``metrics.acc DESC``.

    Raises:
        LapisError: Usage.
    """
    return tuple(parse_order(text, _GRAMMAR) for text in texts)
