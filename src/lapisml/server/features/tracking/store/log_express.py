"""The short way on PostgreSQL: points of metrics that are known go in one statement, which is its own transaction.

A point by the usual way costs the server five answers (begin, look at the run, insert, update, commit). What the
usual way finds out about runs and metrics once (row ids, who owns a run) never changes, so a further point of a
known metric needs one statement; only whether the run was deleted meanwhile is asked there. Anything else goes
the usual way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.errors import LapisError
from lapisml.server.features.tracking.records import LogEntry
from lapisml.server.features.tracking.store.driver import driver_errors, number_array, raw
from lapisml.server.features.tracking.store.log_rows import (
    PointRow,
    RunKey,
    RunRow,
    SeriesKey,
    check_run,
    latest_points,
    point_row,
)

_MOST_RUNS = 20_000

_STATEMENT = """
WITH active AS (
    SELECT id FROM runs WHERE id = ANY(%(runs)s::bigint[]) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE
), added AS (
    INSERT INTO metric_points (series, step, timestamp, value, is_nan)
    SELECT n.series, n.step, n.timestamp, n.value, n.is_nan
    FROM unnest(%(run)s::bigint[], %(series)s::bigint[], %(step)s::bigint[], %(timestamp)s::bigint[],
                %(value)s::float8[], %(is_nan)s::smallint[]) AS n(run, series, step, timestamp, value, is_nan)
    JOIN active ON active.id = n.run
    ON CONFLICT DO NOTHING
), raised AS (
    UPDATE metric_series s SET step = n.step, timestamp = n.timestamp, value = n.value, is_nan = n.is_nan
    FROM unnest(%(l_series)s::bigint[], %(l_step)s::bigint[], %(l_timestamp)s::bigint[],
                %(l_value)s::float8[], %(l_is_nan)s::smallint[]) AS n(id, step, timestamp, value, is_nan)
    WHERE s.id = n.id AND s.run IN (SELECT id FROM active)
      AND (s.step, s.timestamp, s.value) < (n.step, n.timestamp, n.value)
)
SELECT id FROM active"""


class Express:
    """Writes points of known metrics. One thread uses it.

    It keeps a connection of its own, so that nobody asks the server first whether it is still there; when that
    connection fails, the usual way is taken and finds out.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._line: Connection | None = None
        self._runs: OrderedDict[RunKey, RunRow] = OrderedDict()

    def remember(self, runs: Mapping[RunKey, RunRow]) -> None:
        """Take note of runs that the usual way has looked up."""
        self._runs.update({key: run._replace(deleted_at=None) for key, run in runs.items()})
        while len(self._runs) > _MOST_RUNS:
            self._runs.popitem(last=False)

    def write(self, entries: Sequence[LogEntry], series: Mapping[SeriesKey, int]) -> list[LapisError | None] | None:
        """Write entries and return one outcome each; None when they are to go the usual way.

        Points that go the usual way after having been written here are stored once all the same.

        Args:
            series: the row ids of known metrics.
        """
        rows = self._rows(entries, series)
        found = None if rows is None else self._send(rows)
        if found is None:
            return None
        outcomes = []
        for entry in entries:
            run = self._runs[entry.caller.workspace_id, entry.run_id]
            known = run if run.id in found else run._replace(deleted_at=1)
            outcomes.append(check_run(entry.caller, entry.run_id, known))
        return outcomes

    def close(self) -> None:
        """Give the connection back."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _rows(self, entries: Sequence[LogEntry], series: Mapping[SeriesKey, int]) -> list[tuple[int, PointRow]] | None:
        """Return (run, point) of every entry that may be written, None when something about them is not known."""
        rows: list[tuple[int, PointRow]] = []
        for entry in entries:
            run = self._runs.get((entry.caller.workspace_id, entry.run_id))
            if run is None or entry.params or entry.tags:
                return None
            allowed = check_run(entry.caller, entry.run_id, run) is None
            for point in entry.points:
                known = series.get((run.id, point.key))
                if known is None or point.model_id:
                    return None
                if allowed:
                    rows.append((run.id, point_row(known, point)))
        return rows

    def _send(self, rows: Sequence[tuple[int, PointRow]]) -> set[int] | None:
        """Write points and return the runs that take some; None when the connection fails."""
        latest = latest_points(row for _, row in rows)
        runs = [run for run, _ in rows]
        values = {"runs": number_array(set(runs)), "run": number_array(runs)}
        for place, column in enumerate(("series", "step", "timestamp", "value", "is_nan")):
            values[column] = number_array(row[place] for _, row in rows)
            values[f"l_{column}"] = number_array(row[place] for row in latest)
        try:
            if self._line is None:
                self._line = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            with driver_errors(self._line):
                return {row[0] for row in raw(self._line).execute(_STATEMENT, values).fetchall()}
        except SQLAlchemyError:
            self._drop_line()
            return None

    def _drop_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.invalidate()
            line.close()
