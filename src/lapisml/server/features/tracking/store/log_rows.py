"""Rows that a batch of logged values becomes, and the statements that write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import Caller, Point

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


def check_run(caller: Caller, run_id: str, run: RunRow | None) -> LapisError | None:
    """Say why `caller` may not log to this run, None when it may."""
    if run is None:
        return LapisError(ErrorCode.NOT_FOUND, f"Run with id={run_id[:80]} not found.")
    if not caller.owns(run_id, run.owner_job):
        return LapisError(ErrorCode.FORBIDDEN, "A job may change its own run and the runs that it made, no other.")
    if run.deleted_at is not None:
        return invalid(f"The run {run_id} must be in the 'active' state. Current state is deleted.")
    return None


def stored(value: float) -> tuple[float, int]:
    """Give the stored form of a value: NaN is 0.0 with a mark, for SQLite keeps no NaN."""
    return (value, 0) if value == value else (0.0, 1)


def point_row(series: int, point: Point) -> PointRow:
    """Make the row of a point."""
    value = point.value
    if value == value:
        return (series, point.step, point.timestamp, value, 0)
    return (series, point.step, point.timestamp, 0.0, 1)


def latest_points(rows: Iterable[PointRow]) -> list[PointRow]:
    """Return the latest of each series by step, then time, then value; in the order of the series' ids."""
    latest: dict[int, PointRow] = {}
    for row in rows:
        before = latest.get(row[0])
        if before is None or before[1:4] < row[1:4]:
            latest[row[0]] = row
    return [latest[series] for series in sorted(latest)]
