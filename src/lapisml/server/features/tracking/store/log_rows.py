"""Rows that a batch of logged values becomes, and the statements that write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

RunKey = tuple[int, str]
"""(workspace row, run id)."""

SeriesKey = tuple[int, str]
"""(run row, metric key)."""


class RunRow(NamedTuple):
    """What a batch needs to know of a run."""

    id: int
    owner_job: str | None
    deleted_at: int | None


class PairRow(NamedTuple):
    """A parameter or a tag."""

    run: int
    key: str
    value: str


class SeriesRow(NamedTuple):
    """A metric with its first point."""

    run: int
    key: str
    step: int
    timestamp: int
    value: float
    is_nan: int


PointRow = tuple[int, int, int, float, int]
"""One point of a metric: (series, step, timestamp, value, is_nan); a plain tuple, for there are so many."""


class LogStatements(Protocol):
    """The statements of a batch; one implementation a database."""

    def together(self, connection: Connection) -> AbstractContextManager[Any]:
        """Within the block, send statements whose answer nobody reads along with the next one that is read."""
        ...

    def lock_runs(self, connection: Connection, keys: Iterable[RunKey]) -> dict[RunKey, RunRow]:
        """Read runs and keep other writers of them out until the transaction ends."""
        ...

    def params(self, connection: Connection, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
        """Read the parameters that are there, by (run row, key)."""
        ...

    def add_params(self, connection: Connection, rows: Sequence[PairRow]) -> None:
        """Write new parameters."""
        ...

    def set_tags(self, connection: Connection, rows: Sequence[PairRow]) -> None:
        """Write tags over those that are there; no key twice."""
        ...

    def series(self, connection: Connection, rows: Sequence[SeriesRow]) -> dict[SeriesKey, int]:
        """Return the row ids of metrics, making those that are missing; no key twice."""
        ...

    def add_points(self, connection: Connection, rows: Sequence[PointRow]) -> None:
        """Write points; those that are there stay as they are."""
        ...

    def raise_latest(self, connection: Connection, rows: Sequence[PointRow]) -> None:
        """Make each point its metric's latest when it is later by step, then time, then value."""
        ...
