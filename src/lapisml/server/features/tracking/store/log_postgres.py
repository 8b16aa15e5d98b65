"""Writing what runs log, on PostgreSQL: one statement a table, however many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection

from lapisml.server.features.tracking.store.driver import number_array, raw
from lapisml.server.features.tracking.store.log_rows import (
    PairRow,
    PointRow,
    RunKey,
    RunRow,
    SeriesKey,
    SeriesRow,
)

_RUNS = """
SELECT workspace_id, run_id, id, owner_job, deleted_at FROM runs
WHERE (workspace_id, run_id) IN (SELECT * FROM unnest(%s::int[], %s::text[])) ORDER BY id FOR NO KEY UPDATE"""
_PARAMS = """
SELECT p.run, p.key, p.value FROM run_params p
JOIN unnest(%s::bigint[], %s::text[]) AS n(run, key) ON p.run = n.run AND p.key = n.key"""
_NEW_PARAMS = """
INSERT INTO run_params (run, key, value) SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])
ON CONFLICT DO NOTHING"""
_TAGS = """
INSERT INTO run_tags (run, key, value) SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])
ON CONFLICT (run, key) DO UPDATE SET value = excluded.value"""
_SERIES = """
SELECT s.id, s.run, s.key FROM metric_series s
JOIN unnest(%s::bigint[], %s::text[]) AS n(run, key) ON s.run = n.run AND s.key = n.key"""
_NEW_SERIES = """
INSERT INTO metric_series (run, key, step, timestamp, value, is_nan)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::float8[], %s::smallint[])
ON CONFLICT (run, key) DO UPDATE SET run = excluded.run RETURNING id, run, key"""
_POINTS = """
INSERT INTO metric_points (series, step, timestamp, value, is_nan)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::float8[], %s::smallint[])
ON CONFLICT DO NOTHING"""
_LATEST = """
UPDATE metric_series s SET step = n.step, timestamp = n.timestamp, value = n.value, is_nan = n.is_nan
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::float8[], %s::smallint[])
     AS n(id, step, timestamp, value, is_nan)
WHERE s.id = n.id AND (s.step, s.timestamp, s.value) < (n.step, n.timestamp, n.value)"""


class PostgresLog:
    """The statements of a batch on PostgreSQL.

    Runs are locked in the order of their ids, so that two servers that log to the same runs take turns
    instead of stopping each other.
    """

    def together(self, connection: Connection) -> AbstractContextManager[Any]:
        """Use the protocol's pipeline mode: a point costs two ways to the server instead of five."""
        pipeline: AbstractContextManager[Any] = raw(connection).pipeline()
        return pipeline

    def lock_runs(self, connection: Connection, keys: Iterable[RunKey]) -> dict[RunKey, RunRow]:
        """Read runs and lock their rows."""
        rows = raw(connection).execute(_RUNS, _columns(list(keys), 2)).fetchall()
        return {(row[0], row[1]): RunRow(*row[2:]) for row in rows}

    def params(self, connection: Connection, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
        """Read the parameters that are there, by (run row, key)."""
        rows = raw(connection).execute(_PARAMS, _columns(list(keys), 2)).fetchall()
        return {(run, key): value for run, key, value in rows}

    def add_params(self, connection: Connection, rows: Sequence[PairRow]) -> None:
        """Write new parameters."""
        raw(connection).execute(_NEW_PARAMS, _columns(rows, 3))

    def set_tags(self, connection: Connection, rows: Sequence[PairRow]) -> None:
        """Write tags over those that are there."""
        raw(connection).execute(_TAGS, _columns(rows, 3))

    def series(self, connection: Connection, rows: Sequence[SeriesRow]) -> dict[SeriesKey, int]:
        """Return the row ids of metrics, making those that are missing with their first point as latest."""
        driver = raw(connection)
        found = driver.execute(_SERIES, _columns([row[:2] for row in rows], 2)).fetchall()
        ids = {(run, key): series for series, run, key in found}
        missing = [row for row in rows if (row.run, row.key) not in ids]
        if missing:
            made = driver.execute(_NEW_SERIES, _columns(missing, 6)).fetchall()
            ids.update({(run, key): series for series, run, key in made})
        return ids

    def add_points(self, connection: Connection, rows: Sequence[PointRow]) -> None:
        """Write points; those that are there stay as they are."""
        raw(connection).execute(_POINTS, _numbers(rows))

    def raise_latest(self, connection: Connection, rows: Sequence[PointRow]) -> None:
        """Make each point its metric's latest when it is later by step, then time, then value."""
        raw(connection).execute(_LATEST, _numbers(rows))


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Turn rows into one list a column, as ``unnest`` takes them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _numbers(rows: Sequence[PointRow]) -> list[str]:
    """Do as `_columns` for points, all of whose columns are numbers."""
    return [number_array(column) for column in zip(*rows, strict=True)] if rows else ["{}"] * 5
