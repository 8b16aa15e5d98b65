"""What the traces feature takes and gives. Times are milliseconds since the epoch, UTC, unless a name says ``ns``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NAME_TAG = "mlflow.traceName"
ARTIFACT_TAG = "mlflow.artifactLocation"
SPANS_TAG = "mlflow.trace.spansLocation"
SPANS_HERE = "TRACKING_STORE"
SOURCE_RUN = "mlflow.sourceRun"
SESSION = "mlflow.trace.session"
USER = "mlflow.trace.user"
TOKEN_USAGE = "mlflow.trace.tokenUsage"  # noqa: S105  (counts of words, no secret)

RUN_LINK = "run"
PROMPT_LINK = "prompt"

IN_PROGRESS = "IN_PROGRESS"
STATES = ("STATE_UNSPECIFIED", "OK", "ERROR", IN_PROGRESS)


def trace_artifact_uri(trace_id: str) -> str:
    """Give the address of the files of a trace."""
    return f"mlflow-artifacts:/traces/{trace_id}/artifacts"


@dataclass(slots=True)
class Assessment:
    """What a person, a judge or a piece of code says of a trace.

    Attributes:
        kind: ``feedback``, ``expectation`` or ``issue``.
        value: the value as JSON text, None when there is none (an error, an issue).
        body: the rest in MLflow's form: source, rationale, metadata, span_id, overrides, value or error.
        valid: False once another assessment overrides it.
    """

    assessment_id: str
    name: str
    kind: str
    value: str | None
    body: dict[str, Any]
    created_at: int
    updated_at: int
    valid: bool = True


@dataclass(slots=True)
class Span:
    """One span.

    Attributes:
        status: ``UNSET``, ``OK`` or ``ERROR``.
        attributes: key → value in OpenTelemetry's JSON form (``{"string_value": …}``).
        rest: what else the span carries: events, links, the status's message.
    """

    span_id: str
    parent_id: str | None
    name: str
    type: str
    status: str
    start_ns: int
    end_ns: int | None
    attributes: dict[str, dict[str, Any]]
    rest: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Trace:
    """The head of a trace; `experiment_id` is the public id."""

    row: int
    trace_id: str
    experiment_id: str
    timestamp_ms: int
    execution_time_ms: int | None
    state: str
    client_request_id: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    owner_job: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    assessments: list[Assessment] = field(default_factory=list)


@dataclass(slots=True)
class SpanBatch:
    """Spans of one trace that came together.

    Attributes:
        resource: attributes of what sent them, as texts.
    """

    trace_id: str
    spans: list[Span]
    resource: dict[str, str] = field(default_factory=dict)
