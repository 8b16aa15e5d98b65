"""The wire form of what the web page asks of runs."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from lapisml.server.features.tracking.curves import Curve
from lapisml.server.features.tracking.limits import json_number
from lapisml.server.features.tracking.run_query import ExperimentRow, TableRow
from lapisml.server.platform.wire import timestamp


class RunRow(TypedDict):
    """A run in a table. Times are ISO 8601 in UTC; a number that JSON lacks is ``NaN``, ``Infinity``, ``-Infinity``.

    Attributes:
        type: of the job behind it; ``run`` when no job of the platform made it.
        parent: the run that started this one.
        metrics: latest values.
    """

    run_id: str
    name: str
    type: str
    status: str
    experiment_id: str
    experiment_name: str
    user: str
    parent: str | None
    start_time: str | None
    end_time: str | None
    archived: bool
    metrics: dict[str, float | str]
    params: dict[str, str]
    tags: dict[str, str]


class RunCount(TypedDict):
    """How many runs a search finds."""

    total: int


class RunKeys(TypedDict):
    """The keys that the latest runs logged."""

    metrics: list[str]
    params: list[str]
    tags: list[str]


class ExperimentBody(TypedDict):
    """An experiment and how its runs stand; `counts` is state → number."""

    id: str
    name: str
    created_at: str | None
    last_activity: str | None
    total: int
    counts: dict[str, int]


class CurveBody(TypedDict):
    """The points of one metric of one run that are worth drawing; `count` says how many it has."""

    run_id: str
    key: str
    count: int
    x: list[float]
    y: list[float | str]


class ViewBody(TypedDict):
    """A view of the table of runs that a person keeps."""

    name: str
    state: dict[str, Any]


def run_row(row: TableRow) -> RunRow:
    """Write a run of the table."""
    info = row.info
    return {
        "run_id": info.run_id,
        "name": info.name,
        "type": row.type,
        "status": info.status,
        "experiment_id": info.experiment_id,
        "experiment_name": row.experiment_name,
        "user": info.user_id,
        "parent": row.parent,
        "start_time": timestamp(info.start_time),
        "end_time": timestamp(info.end_time),
        "archived": row.is_archived,
        "metrics": {key: json_number(value, is_nan) for key, (value, is_nan) in row.metrics.items()},
        "params": row.params,
        "tags": row.tags,
    }


def experiment_body(row: ExperimentRow) -> ExperimentBody:
    """Write an experiment."""
    return {
        "id": row.experiment_id,
        "name": row.name,
        "created_at": timestamp(row.created_at),
        "last_activity": timestamp(row.last_activity),
        "total": sum(row.counts.values()),
        "counts": row.counts,
    }


def curve_body(curve: Curve) -> CurveBody:
    """Write a curve."""
    plain: list[float | str] = [*curve.y]
    return {
        "run_id": curve.run_id,
        "key": curve.key,
        "count": curve.count,
        "x": curve.x,
        "y": plain if curve.is_plain else [json_number(value, value != value) for value in curve.y],
    }
