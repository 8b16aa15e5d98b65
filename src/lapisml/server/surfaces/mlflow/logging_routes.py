"""The hot path: what runs log. On the event loop, without threads; durable when the answer leaves."""

from __future__ import annotations

from typing import Any

from lapisml.server.features.tracking import limits
from lapisml.server.features.tracking.limits import check_int64, check_key, check_number, invalid, key_fault
from lapisml.server.features.tracking.records import LogEntry, Point
from lapisml.server.features.tracking.runs import Runs
from lapisml.server.surfaces.mlflow.call import Call, HotHandler
from lapisml.server.surfaces.mlflow.fields import Fields


def logging_routes(runs: Runs) -> dict[str, HotHandler]:
    """Make the routes, by address below ``/mlflow/``; all are POST."""

    async def log_metric(call: Call) -> None:
        await runs.log(LogEntry(call.caller, _run_id(call.fields), points=(_point(call.fields),)))

    async def log_parameter(call: Call) -> None:
        pair = (call.fields.required("key"), call.fields.text("value"))
        params = limits.check_pairs([pair], limits.MAX_PARAM_LENGTH)
        await runs.log(LogEntry(call.caller, _run_id(call.fields), params=params))

    async def set_tag(call: Call) -> None:
        pair = (call.fields.required("key"), call.fields.text("value"))
        tags = limits.check_pairs([pair], limits.MAX_TAG_LENGTH)
        await runs.log(LogEntry(call.caller, _run_id(call.fields), tags=tags))

    async def log_batch(call: Call) -> None:
        await runs.log(batch(call))

    return {
        "runs/log-metric": log_metric,
        "runs/log-parameter": log_parameter,
        "runs/set-tag": set_tag,
        "runs/log-batch": log_batch,
    }


def batch(call: Call) -> LogEntry:
    """Read the body of ``log-batch``.

    Raises:
        LapisError: Usage.
    """
    fields = call.fields
    metrics = fields.get("metrics") or []
    params, tags = fields.pairs("params"), fields.pairs("tags")
    if not isinstance(metrics, list):
        raise invalid("Invalid value for parameter 'metrics': expected a list.")
    limits.check_batch(len(metrics), len(params), len(tags))
    keys = [key for key, _ in params]
    if len(keys) != len(set(keys)):
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        raise invalid(f"Duplicate parameter keys have been submitted: {repeated}. A request has one value per key.")
    return LogEntry(
        call.caller,
        _run_id(fields),
        points=_metrics(metrics),
        params=limits.check_pairs(params, limits.MAX_PARAM_LENGTH),
        tags=limits.check_pairs(tags, limits.MAX_TAG_LENGTH),
    )


def _run_id(fields: Fields) -> str:
    return fields.required("run_id", "run_uuid")


def _point(fields: Fields) -> Point:
    return _metric({name: fields.get(name) for name in _POINT_FIELDS})


_POINT_FIELDS = ("key", "value", "timestamp", "step", "model_id", "dataset_name", "dataset_digest")


def _metrics(found: list[Any]) -> list[Point]:
    """Read the metrics of a batch. A thousand come at once, so the usual form is read without a detour."""
    points: list[Point] = []
    for one in found:
        if type(one) is dict and len(one) == 4:
            key, value, timestamp, step = one.get("key"), one.get("value"), one.get("timestamp"), one.get("step")
            if (
                type(value) is float
                and type(timestamp) is int
                and type(step) is int
                and type(key) is str
                and 0 <= timestamp <= _MOST
                and -_MOST <= step <= _MOST
                and key_fault(key) is None
            ):
                points.append(Point(key, value, timestamp, step))
                continue
        points.append(_metric(one))
    return points


_MOST = 2**63 - 1


def _metric(one: Any) -> Point:
    """Read a metric in any form that MLflow's clients send.

    Raises:
        LapisError: Usage.
    """
    if not isinstance(one, dict):
        raise invalid("Invalid value for parameter 'metrics': expected objects.")
    get = one.get
    key, value, timestamp, step = get("key"), get("value"), get("timestamp"), get("step")
    if not isinstance(key, str):
        raise invalid("Missing value for required parameter 'key'.")
    if value is None or timestamp is None:
        raise invalid(f"Missing value for required parameter '{'value' if value is None else 'timestamp'}'.")
    point = Point(
        check_key(key),
        check_number(value, "value"),
        check_int64(timestamp, "timestamp"),
        check_int64(step or 0, "step"),
    )
    if point.timestamp < 0:
        raise invalid("'timestamp' must be a nonnegative 64-bit integer.")
    return _measured_on(point, one) if get("model_id") or get("dataset_name") else point


def _measured_on(point: Point, one: dict[str, Any]) -> Point:
    names = [one.get(name) or "" for name in ("model_id", "dataset_name", "dataset_digest")]
    if not all(isinstance(name, str) and len(name) <= limits.MAX_DATASET_NAME_LENGTH for name in names):
        raise invalid("'model_id', 'dataset_name' and 'dataset_digest' must be strings of at most 500 characters.")
    return point._replace(model_id=names[0], dataset_name=names[1], dataset_digest=names[2])
