"""One transaction's worth of logged values: checked against their runs, then written table by table."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from lapisml.core.errors import LapisError
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import RUN_NAME_TAG, LogEntry, Point
from lapisml.server.features.tracking.store.driver import driver_errors, run_many
from lapisml.server.features.tracking.store.log_express import Express
from lapisml.server.features.tracking.store.log_postgres import PostgresLog
from lapisml.server.features.tracking.store.log_rows import (
    LogStatements,
    PairRow,
    RunRow,
    SeriesKey,
    SeriesRow,
    check_run,
    latest_points,
    point_row,
    stored,
)
from lapisml.server.features.tracking.store.log_sqlite import SqliteLog
from lapisml.server.platform.database import Database

_MODEL_METRIC = (
    "INSERT INTO logged_model_metrics "
    "(model, key, step, timestamp, value, is_nan, run_id, dataset_name, dataset_digest) "
    "SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM logged_models WHERE workspace_id = ? AND model_id = ? "
    "ON CONFLICT DO NOTHING"
)
_RENAME = "UPDATE runs SET name = ? WHERE id = ?"
_CACHED_SERIES = 50_000


@dataclass(slots=True)
class _Rows:
    """What the accepted entries of a batch become."""

    points: list[tuple[int, Point]] = field(default_factory=list)
    params: dict[tuple[int, str], str] = field(default_factory=dict)
    tags: dict[tuple[int, str], str] = field(default_factory=dict)
    model_points: list[tuple[LogEntry, Point]] = field(default_factory=list)


class LogBatches:
    """Writes batches of logged values. One thread uses it.

    It remembers the row ids of metrics that it wrote last, so that a further point of a metric needs one
    insert and one update; ids never change, so the memory cannot be wrong (a run is never deleted for good).
    """

    def __init__(self, database: Database) -> None:
        self._statements: LogStatements = SqliteLog() if database.is_sqlite else PostgresLog()
        self._series: OrderedDict[SeriesKey, int] = OrderedDict()
        self._express = None if database.is_sqlite else Express(database.engine)

    def write_shortly(self, entries: Sequence[LogEntry]) -> list[LapisError | None] | None:
        """Write entries by the short way, see `Express`; None, with nothing written, when that cannot be."""
        return None if self._express is None else self._express.write(entries, self._series)

    def close(self) -> None:
        """Give back what was kept."""
        if self._express is not None:
            self._express.close()

    def write(self, connection: Connection, entries: Sequence[LogEntry]) -> list[LapisError | None]:
        """Write what may be written and return one outcome an entry.

        A refused entry leaves nothing behind; the others are written.
        """
        with driver_errors(connection), self._statements.together(connection):
            return self._write(connection, entries)

    def _write(self, connection: Connection, entries: Sequence[LogEntry]) -> list[LapisError | None]:
        keys = {(e.caller.workspace_id, e.run_id): None for e in entries}
        runs = self._statements.lock_runs(connection, keys)
        if self._express is not None:
            self._express.remember(runs)
        known = self._known_params(connection, entries, runs)
        rows = _Rows()
        outcomes: list[LapisError | None] = []
        for entry in entries:
            run = runs.get((entry.caller.workspace_id, entry.run_id))
            fault = check_run(entry.caller, entry.run_id, run) or _param_fault(entry, run, known)
            outcomes.append(fault)
            if fault is None and run is not None:
                _collect(rows, entry, run.id, known)
        self._write_rows(connection, rows)
        return outcomes

    def forget(self) -> None:
        """Forget remembered ids; needed when a transaction that made some was rolled back."""
        self._series.clear()

    def _known_params(
        self, connection: Connection, entries: Sequence[LogEntry], runs: dict[tuple[int, str], RunRow]
    ) -> dict[tuple[int, str], str]:
        keys: dict[tuple[int, str], None] = {}
        for entry in entries:
            run = runs.get((entry.caller.workspace_id, entry.run_id)) if entry.params else None
            if run is not None:
                keys.update({(run.id, key): None for key, _ in entry.params})
        return self._statements.params(connection, keys) if keys else {}

    def _write_rows(self, connection: Connection, rows: _Rows) -> None:
        if rows.params:
            self._statements.add_params(connection, [PairRow(*key, value) for key, value in rows.params.items()])
        if rows.tags:
            self._statements.set_tags(connection, [PairRow(*key, value) for key, value in rows.tags.items()])
            names = [(value, run) for (run, key), value in rows.tags.items() if key == RUN_NAME_TAG]
            run_many(connection, _RENAME, names)
        if rows.points:
            self._write_points(connection, rows.points)
        run_many(connection, _MODEL_METRIC, [_model_row(entry, point) for entry, point in rows.model_points])

    def _write_points(self, connection: Connection, points: list[tuple[int, Point]]) -> None:
        ids = self._series_ids(connection, points)
        rows = [point_row(ids[run, point.key], point) for run, point in points]
        self._statements.add_points(connection, rows)
        self._statements.raise_latest(connection, latest_points(rows))

    def _series_ids(self, connection: Connection, points: list[tuple[int, Point]]) -> dict[SeriesKey, int]:
        ids: dict[SeriesKey, int] = {}
        missing: dict[SeriesKey, SeriesRow] = {}
        for run, point in points:
            key = (run, point.key)
            if key in ids or key in missing:
                continue
            known = self._series.get(key)
            if known is None:
                missing[key] = SeriesRow(run, point.key, point.step, point.timestamp, *stored(point.value))
            else:
                ids[key] = known
        if missing:
            made = self._statements.series(connection, list(missing.values()))
            ids.update(made)
            self._remember(made)
        return ids

    def _remember(self, made: dict[SeriesKey, int]) -> None:
        self._series.update(made)
        while len(self._series) > _CACHED_SERIES:
            self._series.popitem(last=False)


def _param_fault(entry: LogEntry, run: RunRow | None, known: dict[tuple[int, str], str]) -> LapisError | None:
    """Find a parameter that would change: a parameter is written once."""
    seen: dict[str, str] = {}
    for key, value in entry.params:
        before = seen.get(key, known.get((run.id, key)) if run is not None else None)
        if before is not None and before != value:
            return invalid(
                "Changing param values is not allowed. "
                f"Param with key='{key}' was already logged with value='{before[:200]}' "
                f"for run ID='{entry.run_id}'. Attempted logging new value '{value[:200]}'."
            )
        seen[key] = value
    return None


def _collect(rows: _Rows, entry: LogEntry, run: int, known: dict[tuple[int, str], str]) -> None:
    for key, value in entry.params:
        if (run, key) not in known:
            rows.params[run, key] = known[run, key] = value
    rows.tags.update({(run, key): value for key, value in entry.tags})
    for point in entry.points:
        rows.points.append((run, point))
        if point.model_id:
            rows.model_points.append((entry, point))


def _model_row(entry: LogEntry, point: Point) -> tuple[object, ...]:
    value, is_nan = stored(point.value)
    return (
        point.key, point.step, point.timestamp, value, is_nan, entry.run_id,
        point.dataset_name, point.dataset_digest, entry.caller.workspace_id, point.model_id,
    )  # fmt: skip
