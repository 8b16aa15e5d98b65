"""Traces, spans and assessments in MLflow's JSON form, both ways."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

import orjson

from lapisml.server.features.tracking.limits import check_int64, check_number, invalid
from lapisml.server.features.tracking.traces.records import SPANS_TAG, Assessment, Span, SpanBatch, Trace
from lapisml.server.features.tracking.traces.summary import as_text, plain
from lapisml.server.surfaces.mlflow.fields import Fields
from lapisml.server.surfaces.mlflow.wire import Json, pairs

_STATUS_NUMBERS = {"UNSET": 0, "OK": 1, "ERROR": 2}
_STATUS_WORDS = {number: word for word, number in _STATUS_NUMBERS.items()}
_STATES = {0: "STATE_UNSPECIFIED", 1: "OK", 2: "ERROR", 3: "IN_PROGRESS"}
_V2_STATES = {"TRACE_STATUS_UNSPECIFIED": "STATE_UNSPECIFIED", "UNSPECIFIED": "STATE_UNSPECIFIED"}
_SPAN_TYPE = "mlflow.spanType"
_KINDS = ("feedback", "expectation", "issue")
_KEPT_OF_SPAN = (
    "kind", "trace_state", "events", "links", "flags",
    "dropped_attributes_count", "dropped_events_count", "dropped_links_count",
)  # fmt: skip
_KEPT_OF_ASSESSMENT = ("source", "rationale", "metadata", "span_id", "overrides")


def timestamp(millis: int) -> str:
    """Write a time as protobuf's JSON form does."""
    seconds, rest = divmod(millis, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def read_timestamp(value: Any, what: str) -> int:
    """Read a time of protobuf's JSON form; returns milliseconds.

    Raises:
        LapisError: Usage.
    """
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", str(value))
    try:
        written = "" if match is None else match.group(1) + match.group(3).replace("Z", "+00:00")
        whole = datetime.fromisoformat(written)
        fraction = "" if match is None else match.group(2) or ""
    except ValueError:
        raise invalid(f"Invalid value for parameter '{what}': expected a time such as 2024-05-01T12:00:00Z.") from None
    return int(whole.timestamp()) * 1000 + int(fraction.ljust(3, "0")[:3])


def duration(millis: int) -> str:
    """Write a duration as protobuf's JSON form does."""
    return f"{millis // 1000}.{millis % 1000:03d}s"


def read_duration(value: Any, what: str) -> int:
    """Read a duration of protobuf's JSON form; returns milliseconds.

    Raises:
        LapisError: Usage.
    """
    match = re.fullmatch(r"(\d{1,12})(?:\.(\d{1,9}))?s", str(value))
    if match is None:
        raise invalid(f"Invalid value for parameter '{what}': expected a duration such as 1.5s.")
    return int(match.group(1)) * 1000 + int((match.group(2) or "0").ljust(3, "0")[:3])


def trace_info(found: Trace) -> Json:
    """Write the head of a trace (version 3)."""
    written: Json = {
        "trace_id": found.trace_id,
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": found.experiment_id},
        },
        "request_time": timestamp(found.timestamp_ms),
        "state": found.state,
        "trace_metadata": found.metadata,
        "tags": found.tags,
        "assessments": [assessment(found.trace_id, one) for one in found.assessments],
    }
    if found.execution_time_ms is not None:
        written["execution_duration"] = duration(found.execution_time_ms)
    for name in ("client_request_id", "request_preview", "response_preview"):
        if getattr(found, name) is not None:
            written[name] = getattr(found, name)
    return written


def trace_info_v2(found: Trace) -> Json:
    """Write the head of a trace (version 2)."""
    return {
        "request_id": found.trace_id,
        "experiment_id": found.experiment_id,
        "timestamp_ms": found.timestamp_ms,
        "execution_time_ms": found.execution_time_ms or 0,
        "status": "TRACE_STATUS_UNSPECIFIED" if found.state == "STATE_UNSPECIFIED" else found.state,
        "request_metadata": pairs(found.metadata.items()),
        "tags": pairs(found.tags.items()),
    }


def trace(found: Trace, spans: list[Span]) -> Json:
    """Write a trace with its spans."""
    otel_id = found.trace_id.removeprefix("tr-")
    return {"trace_info": trace_info(found), "spans": [span(otel_id, one) for one in spans]}


def read_trace(fields: Fields) -> Trace:
    """Read the head of a trace (version 3); tags that the server keeps itself are left out.

    Raises:
        LapisError: Usage.
    """
    place = fields.object("trace_location").object("mlflow_experiment")
    length = fields.get("execution_duration")
    return Trace(
        row=0,
        trace_id=fields.required("trace_id"),
        experiment_id=place.text("experiment_id") or "0",
        timestamp_ms=read_timestamp(fields.get("request_time"), "request_time"),
        execution_time_ms=None if length is None else read_duration(length, "execution_duration"),
        state=read_state(fields.get("state")),
        client_request_id=fields.text("client_request_id") or None,
        request_preview=fields.text("request_preview") or None,
        response_preview=fields.text("response_preview") or None,
        tags={key: text for key, text in _mapping(fields, "tags").items() if key != SPANS_TAG},
        metadata=_mapping(fields, "trace_metadata"),
        assessments=[read_assessment(one) for one in fields.objects("assessments", 1000)],
    )


def read_state(word: Any) -> str:
    """Read the state of a trace, given by name or number, in the words of version 2 or 3."""
    if isinstance(word, int):
        return _STATES.get(word, "STATE_UNSPECIFIED")
    return _V2_STATES.get(str(word or ""), str(word or "STATE_UNSPECIFIED"))


def _mapping(fields: Fields, name: str) -> dict[str, str]:
    found = fields.get(name) or {}
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise invalid(f"Invalid value for parameter '{name}': expected an object whose values are strings.")
    return found


def span(otel_id: str, found: Span) -> Json:
    """Write a span in OpenTelemetry's JSON form, its ids as protobuf's JSON has bytes.

    Args:
        otel_id: the trace's id in hexadecimal; anything else becomes zeros.
    """
    rest = dict(found.rest)
    status: Json = {"code": _STATUS_NUMBERS[found.status]}
    message = rest.pop("message", None)
    written: Json = {
        "trace_id": _bytes(otel_id if re.fullmatch(r"[0-9a-f]{32}", otel_id) else "0" * 32),
        "span_id": _bytes(found.span_id),
        "name": found.name,
        "start_time_unix_nano": found.start_ns,
        "attributes": [{"key": key, "value": value} for key, value in found.attributes.items()],
        "status": status | ({"message": message} if message else {}),
        **rest,
    }
    if found.parent_id is not None:
        written["parent_span_id"] = _bytes(found.parent_id)
    if found.end_ns is not None:
        written["end_time_unix_nano"] = found.end_ns
    if "links" in rest:
        ids = ("trace_id", "span_id")
        written["links"] = [{k: _bytes(v) if k in ids else v for k, v in link.items()} for link in rest["links"]]
    return written


def _bytes(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def read_batches(resources: list[Json]) -> list[SpanBatch]:
    """Read the spans of an export, by trace.

    Raises:
        LapisError: Usage.
    """
    batches: dict[str, SpanBatch] = {}
    for resource in resources:
        attributes = resource.get("resource", {}).get("attributes", ())
        texts = {one.get("key", ""): as_text(plain(one.get("value"))) for one in attributes if one.get("value")}
        for scope in resource.get("scope_spans", ()):
            for one in scope.get("spans", ()):
                trace_id, found = _read_span(one)
                batch = batches.setdefault(trace_id, SpanBatch(trace_id, []))
                batch.spans.append(found)
                batch.resource |= texts
    return list(batches.values())


def _read_span(given: Json) -> tuple[str, Span]:
    otel_id, span_id = given.get("trace_id", ""), given.get("span_id", "")
    if len(otel_id) != 32 or len(span_id) != 16 or len(given.get("parent_span_id", "")) not in (0, 16):
        raise invalid("Cannot convert OpenTelemetry span to MLflow span: its ids have the wrong length.")
    attributes = {one["key"]: one.get("value", {}) for one in given.get("attributes", ()) if one.get("key")}
    status = given.get("status", {})
    rest = {name: given[name] for name in _KEPT_OF_SPAN if given.get(name)}
    begun, ended = given.get("start_time_unix_nano", 0), given.get("end_time_unix_nano") or None
    for time in (begun, ended or 0):
        check_int64(time, "time_unix_nano")
    found = Span(
        span_id=span_id,
        parent_id=given.get("parent_span_id") or None,
        name=given.get("name", ""),
        type=as_text(plain(attributes.get(_SPAN_TYPE)) or "UNKNOWN")[:250],
        status=_STATUS_WORDS.get(status.get("code", 0), "UNSET"),
        start_ns=begun,
        end_ns=ended,
        attributes=attributes,
        rest=rest | ({"message": status["message"]} if status.get("message") else {}),
    )
    return f"tr-{otel_id}", found


def assessment(trace_id: str, found: Assessment) -> Json:
    """Write an assessment."""
    return {
        "assessment_id": found.assessment_id,
        "assessment_name": found.name,
        "trace_id": trace_id,
        "create_time": timestamp(found.created_at),
        "last_update_time": timestamp(found.updated_at),
        "valid": found.valid,
        **found.body,
    }


def read_assessment(fields: Fields) -> Assessment:
    """Read an assessment.

    Raises:
        LapisError: Usage.
    """
    kinds = [kind for kind in _KINDS if fields.get(kind) is not None]
    if len(kinds) != 1:
        raise invalid("Exactly one of `expectation`, `feedback`, or `issue` should be specified.")
    value, form = read_value(fields, kinds[0])
    body = {name: fields.get(name) for name in _KEPT_OF_ASSESSMENT if fields.get(name)}
    source = fields.object("source")
    source.text("source_type"), source.text("source_id"), fields.text("rationale"), _mapping(fields, "metadata")
    created = read_timestamp(fields.get("create_time"), "create_time")
    updated = fields.get("last_update_time")
    return Assessment(
        assessment_id=fields.text("assessment_id"),
        name=fields.required("assessment_name"),
        kind=kinds[0],
        value=value,
        body={**body, kinds[0]: form},
        created_at=created,
        updated_at=created if updated is None else read_timestamp(updated, "last_update_time"),
        valid=fields.get("valid") is not False,
    )


def read_value(fields: Fields, kind: str) -> tuple[str | None, Json]:
    """Read what an assessment says: as JSON text for searches, and in MLflow's form.

    Raises:
        LapisError: Usage.
    """
    form = fields.object(kind)
    serialized = form.object("serialized_value")
    if kind == "expectation" and serialized.text("value"):
        text: str | None = serialized.text("value")
        try:
            orjson.loads(text or "")
        except orjson.JSONDecodeError:
            raise invalid("The serialized value of an expectation must be JSON.") from None
    else:
        value = form.get("value")
        if isinstance(value, float | int) and not isinstance(value, bool):
            check_number(value, "value")
        text = None if value is None and kind != "feedback" else orjson.dumps(value).decode()
    return text, fields.get(kind)
