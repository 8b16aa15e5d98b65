"""Many runs at once, written straight into a server's database: what a team has after years."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lapisml.server.features.tracking.records import run_artifact_uri
from lapisml.server.features.tracking.tables import (
    experiments,
    metric_points,
    metric_series,
    run_params,
    run_tags,
    runs,
)
from lapisml.server.platform.database import Database

METRICS = ("accuracy", "loss", *(f"metric_{number:02}" for number in range(18)))
_STATES = ("Completed", "Completed", "Completed", "Failed", "Canceled")
_MODELS = ("tree", "forest", "linear")
_DAY_MS = 86_400_000
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Course:
    """A run with a curve of each of some metrics.

    Attributes:
        curves: metric → values, one a step and a second.
    """

    name: str
    params: dict[str, str]
    curves: Mapping[str, Sequence[float]]


def add_runs(database_url: str, count: int, experiment: str, now: int, metrics: Sequence[str] = METRICS) -> None:
    """Write runs ``<experiment>-0`` … that are over, each with one value of each metric, the last one the latest.

    Args:
        now: when the last one ended, milliseconds since 1970.
    """
    chance = random.Random(7)
    names = [f"{experiment}-{number}" for number in range(count)]
    ends = [now - (count - number) * (30 * _DAY_MS // max(1, count)) for number in range(count)]
    with _writing(database_url) as (connection, workspace):
        row = _experiment(connection, workspace, experiment, now)
        begin = _next(connection, runs)
        made = range(begin, begin + count)
        states = [chance.choice(_STATES) for _ in names]
        rows = zip(made, names, ends, states, strict=True)
        _insert(connection, runs, (_run(workspace, row, *one) for one in rows))
        _insert(connection, run_params, (pair for run in made for pair in _params(run, chance)))
        _insert(connection, run_tags, ({"run": run, "key": "team", "value": f"team {run % 5}"} for run in made))
        first = _next(connection, metric_series)
        values = [chance.random() for _ in range(count * len(metrics))]
        owners = [(run, key, end) for run, end in zip(made, ends, strict=True) for key in metrics]
        _insert(connection, metric_series, _series(first, owners, values))
        points = enumerate(zip(owners, values, strict=True), start=first)
        _insert(connection, metric_points, (_point(series, owner[2], 0, value) for series, (owner, value) in points))


def add_courses(database_url: str, courses: Iterable[Course], experiment: str, now: int) -> None:
    """Write runs with curves; their ids are their names."""
    with _writing(database_url) as (connection, workspace):
        row = _experiment(connection, workspace, experiment, now)
        for course in courses:
            run = _next(connection, runs)
            _insert(connection, runs, [_run(workspace, row, run, course.name, now, "Completed")])
            _insert(connection, run_params, [{"run": run, "key": k, "value": v} for k, v in course.params.items()])
            for key, values in course.curves.items():
                series, begin = _next(connection, metric_series), now - 1000 * len(values)
                last = values[-1]
                owner = [(run, key, begin + 1000 * (len(values) - 1))]
                _insert(connection, metric_series, _series(series, owner, [last], len(values) - 1))
                points = (_point(series, begin + 1000 * step, step, value) for step, value in enumerate(values))
                _insert(connection, metric_points, points)


class _writing:  # noqa: N801 - reads as a verb
    """One transaction, which says which workspace is the default."""

    def __init__(self, database_url: str) -> None:
        self._database = Database(database_url)
        self._transaction = self._database.write()

    def __enter__(self) -> tuple[sa.Connection, int]:
        connection = self._transaction.__enter__()
        row = connection.execute(sa.text("SELECT id FROM workspaces WHERE name = 'default'")).scalar_one()
        return connection, int(row)

    def __exit__(self, *error: Any) -> None:
        self._transaction.__exit__(*error)
        self._database.close()


def _experiment(connection: sa.Connection, workspace: int, name: str, now: int) -> int:
    found = sa.select(experiments.c.id).where(experiments.c.workspace_id == workspace, experiments.c.name == name)
    there = connection.execute(found).scalar_one_or_none()
    if there is not None:
        return int(there)
    values = {"workspace_id": workspace, "name": name, "is_default": False, "created_at": now, "updated_at": now}
    return int(connection.execute(sa.insert(experiments).values(values).returning(experiments.c.id)).scalar_one())


def _next(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0) + 1)).scalar_one())


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    for part in _parts(rows):
        connection.execute(sa.insert(table), part)


def _parts(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == _ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _run(workspace: int, experiment: int, row: int, name: str, end: int, state: str) -> dict[str, Any]:
    return {
        "id": row, "workspace_id": workspace, "experiment_id": experiment, "run_id": name, "name": name,
        "user_id": "ada", "status": state, "start_time": end - 60_000, "end_time": end,
        "artifact_uri": run_artifact_uri(name),
    }  # fmt: skip


def _params(run: int, chance: random.Random) -> list[dict[str, Any]]:
    found = {"model": _MODELS[run % 3], "depth": str(run % 12), "rate": f"{10 ** -chance.uniform(1, 5):.6f}"}
    return [{"run": run, "key": key, "value": value} for key, value in found.items()]


def _series(
    first: int, owners: Sequence[tuple[int, str, int]], values: Sequence[float], step: int = 0
) -> Iterator[dict[str, Any]]:
    for series, ((run, key, at), value) in enumerate(zip(owners, values, strict=True), start=first):
        yield {"id": series, "run": run, "key": key, "step": step, "timestamp": at, **_stored(value)}


def _point(series: int, at: int, step: int, value: float) -> dict[str, Any]:
    return {"series": series, "timestamp": at, "step": step, **_stored(value)}


def _stored(value: float) -> dict[str, Any]:
    return {"value": 0.0, "is_nan": 1} if math.isnan(value) else {"value": value, "is_nan": 0}
