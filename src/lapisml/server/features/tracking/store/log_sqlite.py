"""Writing what runs log, on SQLite. The caller's transaction holds the only write lock of the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Connection

from lapisml.server.features.tracking.store.driver import raw
from lapisml.server.features.tracking.store.log_rows import (
    PairRow,
    PointRow,
    RunKey,
    RunRow,
    SeriesKey,
    SeriesRow,
)

_RUN = "SELECT id, owner_job, deleted_at FROM runs WHERE workspace_id = ? AND run_id = ?"
_SERIES = "SELECT id FROM metric_series WHERE run = ? AND key = ?"
_NEW_SERIES = (
    "INSERT INTO metric_series (run, key, step, timestamp, value, is_nan) VALUES (?, ?, ?, ?, ?, ?) RETURNING id"
)
_POINT = "INSERT OR IGNORE INTO metric_points (series, step, timestamp, value, is_nan) VALUES (?, ?, ?, ?, ?)"
_ROWS_AT_ONCE = 100
_POINTS = _POINT + ", (?, ?, ?, ?, ?)" * (_ROWS_AT_ONCE - 1)
"""A hundred rows in one statement take half the time of a hundred statements."""

_LATEST = (
    "UPDATE metric_series SET step = ?, timestamp = ?, value = ?, is_nan = ? "
    "WHERE id = ? AND (step, timestamp, value) < (?, ?, ?)"
)
_PARAM = "SELECT value FROM run_params WHERE run = ? AND key = ?"
_NEW_PARAM = "INSERT OR IGNORE INTO run_params (run, key, value) VALUES (?, ?, ?)"
_TAG = (
    "INSERT INTO run_tags (run, key, value) VALUES (?, ?, ?) "
    "ON CONFLICT (run, key) DO UPDATE SET value = excluded.value"
)


class SqliteLog:
    """The statements of a batch on SQLite."""

    def together(self, _connection: Connection) -> AbstractContextManager[Any]:
        """Do nothing: there is no way to a server to be saved."""
        return nullcontext()

    def lock_runs(self, connection: Connection, keys: Iterable[RunKey]) -> dict[RunKey, RunRow]:
        """Read the runs that are there."""
        driver, found = raw(connection), {}
        for key in keys:
            row = driver.execute(_RUN, key).fetchone()
            if row is not None:
                found[key] = RunRow(*row)
        return found

    def params(self, connection: Connection, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
        """Read the parameters that are there, by (run row, key)."""
        driver, found = raw(connection), {}
        for key in keys:
            row = driver.execute(_PARAM, key).fetchone()
            if row is not None:
                found[key] = row[0]
        return found

    def add_params(self, connection: Connection, rows: Sequence[PairRow]) -> None:
        """Write new parameters."""
        raw(connection).executemany(_NEW_PARAM, rows)

    def set_tags(self, connection: Connection, rows: Sequence[PairRow]) -> None:
        """Write tags over those that are there."""
        raw(connection).executemany(_TAG, rows)

    def series(self, connection: Connection, rows: Sequence[SeriesRow]) -> dict[SeriesKey, int]:
        """Return the row ids of metrics, making those that are missing with their first point as latest."""
        driver, ids = raw(connection), {}
        for row in rows:
            found = driver.execute(_SERIES, (row.run, row.key)).fetchone()
            ids[row.run, row.key] = (found or driver.execute(_NEW_SERIES, row).fetchone())[0]
        return ids

    def add_points(self, connection: Connection, rows: Sequence[PointRow]) -> None:
        """Write points; those that are there stay as they are."""
        driver = raw(connection)
        whole = len(rows) - len(rows) % _ROWS_AT_ONCE
        for start in range(0, whole, _ROWS_AT_ONCE):
            values = [value for row in rows[start : start + _ROWS_AT_ONCE] for value in row]
            driver.execute(_POINTS, values)
        driver.executemany(_POINT, rows[whole:])

    def raise_latest(self, connection: Connection, rows: Sequence[PointRow]) -> None:
        """Make each point its metric's latest when it is later by step, then time, then value."""
        values = [
            (step, timestamp, value, is_nan, series, step, timestamp, value)
            for series, step, timestamp, value, is_nan in rows
        ]
        raw(connection).executemany(_LATEST, values)
