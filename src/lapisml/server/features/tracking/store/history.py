"""Reading the points of metrics."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from sqlalchemy import Connection

from lapisml.server.features.tracking.records import HistoryPoint
from lapisml.server.features.tracking.store.driver import fetch, fetch_among, is_sqlite

_SERIES = "SELECT id FROM metric_series WHERE run = ? AND key = ?"
_POINTS = "SELECT value, timestamp, step, is_nan FROM metric_points WHERE series = ? "
_AFTER = "AND (timestamp, step, value, is_nan) > (?, ?, ?, ?) "
_ORDER = "ORDER BY timestamp, step, value, is_nan "
_COUNT = "SELECT count(*) FROM metric_points WHERE series = ? AND step BETWEEN ? AND ?"
_PLACES = (
    "SELECT value, timestamp, step, is_nan FROM (SELECT value, timestamp, step, is_nan, "
    "row_number() OVER (ORDER BY step, timestamp, value, is_nan) - 1 AS place "
    "FROM metric_points WHERE series = ? AND step BETWEEN ? AND ?) AS numbered "
    "WHERE place AMONG ? ORDER BY place"
)
_EVERY_STEP = (-(2**63), 2**63 - 1)
_WANTED_SQLITE = "(SELECT key AS run_id, value AS since FROM json_each(?))"
_WANTED_POSTGRES = "unnest(?::text[], ?::bigint[])"
_SINCE = (
    "SELECT w.run_id, p.value, p.timestamp, p.step, p.is_nan FROM {wanted} AS w{columns} "
    "JOIN runs r ON r.workspace_id = ? AND r.run_id = w.run_id "
    "JOIN metric_series s ON s.run = r.id AND s.key = ? "
    "JOIN metric_points p ON p.series = s.id AND p.timestamp >= w.since "
    "ORDER BY w.run_id, p.timestamp, p.step, p.value, p.is_nan"
)


def points(
    connection: Connection, run: int, key: str, limit: int | None, after: HistoryPoint | None
) -> list[HistoryPoint]:
    """Return the points of a metric by time, step and value, as plain tuples of `HistoryPoint`'s shape.

    Args:
        limit: at most so many; None for all.
        after: begin behind this point.
    """
    series = _series(connection, run, key)
    if series is None:
        return []
    sql = _POINTS
    values: list[float] = [series]
    if after is not None:
        sql, values = sql + _AFTER, [series, after.timestamp, after.step, after.value, after.is_nan]
    sql += _ORDER
    if limit is not None:
        sql, values = sql + "LIMIT ?", [*values, limit]
    return fetch(connection, sql, values)  # type: ignore[return-value]


def since(
    connection: Connection, workspace_id: int, key: str, wanted: Mapping[str, int]
) -> dict[str, list[HistoryPoint]]:
    """Return the points of one metric of several runs, by time, step and value: one query, however many runs.

    Args:
        wanted: run id → only points logged at or after this time.
    """
    if is_sqlite(connection):
        sql, which = _SINCE.format(wanted=_WANTED_SQLITE, columns=""), [orjson.dumps(dict(wanted)).decode()]
    else:
        sql = _SINCE.format(wanted=_WANTED_POSTGRES, columns="(run_id, since)")
        which = [list(wanted), list(wanted.values())]  # type: ignore[list-item]
    found: dict[str, list[HistoryPoint]] = {}
    for run_id, *point in fetch(connection, sql, [*which, workspace_id, key]):
        found.setdefault(run_id, []).append(HistoryPoint(*point))
    return found


def sample(connection: Connection, run: int, key: str, most: int, steps: tuple[int, int] | None) -> list[HistoryPoint]:
    """Return at most `most` points by step, spread evenly, the first and the last among them.

    Args:
        steps: only points from the first to the last of these steps.
    """
    series = _series(connection, run, key)
    if series is None:
        return []
    chosen = (series, *(steps or _EVERY_STEP))
    count = fetch(connection, _COUNT, chosen)[0][0]
    found = fetch_among(connection, _PLACES, sorted(_spread(count, most)), before=chosen)
    return [HistoryPoint(*row) for row in found]


def _spread(count: int, most: int) -> set[int]:
    """Choose at most `most` of the places 0 … count-1, evenly, both ends included."""
    if count <= most:
        return set(range(count))
    if most <= 1:
        return {count - 1}
    return {round(i * (count - 1) / (most - 1)) for i in range(most)}


def _series(connection: Connection, run: int, key: str) -> int | None:
    rows = fetch(connection, _SERIES, (run, key))
    return int(rows[0][0]) if rows else None
