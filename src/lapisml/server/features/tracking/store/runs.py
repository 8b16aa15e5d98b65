"""Rows of runs, and loading runs with all that they logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, delete

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.records import DatasetInput, RunData, RunInfo, RunModel
from lapisml.server.features.tracking.store.driver import fetch, fetch_among, fetch_each_among, run_many
from lapisml.server.features.tracking.tables import run_tags

_INFO = (
    "SELECT r.id, r.run_id, CASE WHEN e.is_default THEN '0' ELSE CAST(e.id AS TEXT) END, r.name, r.user_id, "
    "r.status, r.start_time, r.end_time, r.deleted_at, r.artifact_uri, r.owner_job "
    "FROM runs r JOIN experiments e ON e.id = r.experiment_id "
)
_ADD = (
    "INSERT INTO runs "
    "(workspace_id, experiment_id, run_id, name, user_id, status, start_time, artifact_uri, owner_job) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace_id, run_id) DO NOTHING RETURNING id"
)
_CHANGEABLE = frozenset({"experiment_id", "name", "status", "end_time", "deleted_at"})
_SET_TAG = (
    "INSERT INTO run_tags (run, key, value) VALUES (?, ?, ?) "
    "ON CONFLICT (run, key) DO UPDATE SET value = excluded.value"
)


class NewRun(NamedTuple):
    """The columns of a new run."""

    workspace_id: int
    experiment_id: int
    run_id: str
    name: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    owner_job: str | None


def find(connection: Connection, workspace_id: int, run_id: str) -> RunInfo | None:
    """Return the row of a run, None when there is none."""
    rows = fetch(connection, _INFO + "WHERE r.workspace_id = ? AND r.run_id = ?", (workspace_id, run_id))
    return RunInfo(*rows[0]) if rows else None


def require(connection: Connection, workspace_id: int, run_id: str) -> RunInfo:
    """Return the row of a run.

    Raises:
        LapisError: NotFound.
    """
    info = find(connection, workspace_id, run_id)
    if info is None:
        raise LapisError(ErrorCode.NOT_FOUND, f"Run with id={run_id[:80]} not found.")
    return info


def infos(connection: Connection, rows: Sequence[int]) -> list[RunInfo]:
    """Return the rows of runs by row id, in the order of `rows`."""
    rows_found = fetch_among(connection, _INFO + "WHERE r.id AMONG ?", rows)
    found = {row[0]: RunInfo(*row) for row in rows_found}
    return [found[row] for row in rows if row in found]


def named(connection: Connection, workspace_id: int, run_ids: Iterable[str]) -> list[RunInfo]:
    """Return the rows of runs by public id, in any order; those that are not there are left out."""
    sql = _INFO + "WHERE r.workspace_id = ? AND r.run_id AMONG ?"
    return [RunInfo(*row) for row in fetch_among(connection, sql, run_ids, before=(workspace_id,))]


def rows_of(connection: Connection, workspace_id: int, run_ids: Iterable[str]) -> dict[str, int]:
    """Return run id → row id of those that are there."""
    sql = "SELECT run_id, id FROM runs WHERE workspace_id = ? AND run_id AMONG ?"
    return dict(fetch_among(connection, sql, run_ids, before=(workspace_id,)))


def add(connection: Connection, values: NewRun) -> int | None:
    """Insert a run and return its row id, None when there is one of this id."""
    made = fetch(connection, _ADD, values)
    return int(made[0][0]) if made else None


def change(connection: Connection, row: int, **values: Any) -> None:
    """Change fields of a run, named as the columns are."""
    assert set(values) <= _CHANGEABLE
    columns = ", ".join(f"{column} = ?" for column in values)
    run_many(connection, f"UPDATE runs SET {columns} WHERE id = ?", [(*values.values(), row)])  # noqa: S608


def set_tags(connection: Connection, row: int, tags: Mapping[str, str]) -> None:
    """Write tags over those that are there."""
    run_many(connection, _SET_TAG, [(row, key, value) for key, value in tags.items()])


def delete_tag(connection: Connection, row: int, key: str) -> bool:
    """Delete a tag; says whether it was there."""
    gone = connection.execute(delete(run_tags).where(run_tags.c.run == row, run_tags.c.key == key))
    return gone.rowcount > 0


def load(connection: Connection, found: Iterable[RunInfo]) -> list[RunData]:
    """Load what runs logged: five queries, however many runs."""
    loaded = {info.row: RunData(info) for info in found}
    if loaded:
        params, tags, metrics, datasets, models = fetch_each_among(connection, _LOGGED, loaded)
        for run, key, value in params:
            loaded[run].params.append((key, value))
        for run, key, value in tags:
            loaded[run].tags.append((key, value))
        for run, key, value, timestamp, step, is_nan in metrics:
            loaded[run].metrics.append((key, value, timestamp, step, is_nan))
        for run, *fields, used_as in datasets:
            loaded[run].datasets.append(_dataset(fields, used_as))
        for run, model_id, direction, step in models:
            loaded[run].models.append(RunModel(model_id, direction, step))
    return list(loaded.values())


def latest_metrics(
    connection: Connection, workspace_id: int, run_ids: Sequence[str]
) -> list[tuple[str, str, float, int, int, int]]:
    """Return (run id, key, value, timestamp, step, is_nan) of the latest point of every metric."""
    sql = (
        "SELECT r.run_id, s.key, s.value, s.timestamp, s.step, s.is_nan FROM metric_series s "
        "JOIN runs r ON r.id = s.run WHERE r.workspace_id = ? AND r.run_id AMONG ?"
    )
    return fetch_among(connection, sql, run_ids, before=(workspace_id,))


_PARAMS = "SELECT run, key, value FROM run_params WHERE run AMONG ? ORDER BY run, key"
_TAGS = "SELECT run, key, value FROM run_tags WHERE run AMONG ? ORDER BY run, key"
_METRICS = "SELECT run, key, value, timestamp, step, is_nan FROM metric_series WHERE run AMONG ? ORDER BY run, key"
_DATASETS = (
    "SELECT i.run, d.name, d.digest, d.source_type, d.source, d.schema, d.profile, i.tags "
    "FROM run_datasets i JOIN datasets d ON d.id = i.dataset WHERE i.run AMONG ? ORDER BY i.run, d.id"
)
_MODELS = "SELECT run, model_id, direction, step FROM run_models WHERE run AMONG ? ORDER BY run, step, model_id"


_LOGGED = (_PARAMS, _TAGS, _METRICS, _DATASETS, _MODELS)


def _dataset(fields: Sequence[Any], tags: str) -> DatasetInput:
    name, digest, source_type, source, schema, profile = fields
    return DatasetInput(name, digest, source_type, source, schema, profile, orjson.loads(tags))
