"""The filter language of traces as such, and regular expressions that would take forever."""

from __future__ import annotations

import pytest

from lapisml.core.errors import LapisError
from lapisml.server.features.tracking.filters import Clause, Grammar, Order, parse_filter, parse_order
from lapisml.server.features.tracking.grammars import (
    EVALUATION_DATASETS,
    EXPERIMENTS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    TRACES,
)
from lapisml.server.features.tracking.traces.records import Span
from lapisml.server.features.tracking.traces.summary import (
    counts_tokens,
    people_of,
    previews,
    state_of,
    time_of,
    tokens_of,
)
from lapisml.server.surfaces.mlflow import trace_wire


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("trace.status = 'OK'", Clause("attribute", "state", "=", "OK")),
        ("timestamp > 5", Clause("attribute", "timestamp_ms", ">", 5)),
        ("span.attributes.a.b = 'c'", Clause("span", "attributes.a.b", "=", "c")),
        ("span.attributes.`a b` LIKE 'c%'", Clause("span", "attributes.`a b`", "LIKE", "c%")),
        ("feedback.good = 'yes'", Clause("feedback", "good", "=", "yes")),
        ("feedback.score >= 0.5", Clause("feedback", "score", ">=", 0.5)),
        ("expectation.x IS NOT NULL", Clause("expectation", "x", "IS NOT NULL", None)),
        ("request_metadata.`mlflow.user` RLIKE '^a.*b$'", Clause("metadata", "mlflow.user", "RLIKE", "^a.*b$")),
        ("name NOT IN ('a', 'b')", Clause("attribute", "name", "NOT IN", ("a", "b"))),
        ("prompt = 'greet/1'", Clause("attribute", "prompt", "=", "greet/1")),
    ],
)
def test_comparisons(text: str, clause: Clause) -> None:
    assert parse_filter(text, TRACES) == [clause]


@pytest.mark.parametrize(
    "text",
    [
        "prompt LIKE 'a'", "text = 'a'", "span.content = 'a'", "issue.id != 'a'", "status > 'OK'", "timestamp = 'x'",
        "feedback.a > 'b'", "nope = 'a'", "tags.a RLIKE '('", "tags.a RLIKE '(a+)+b'", "tags.a RLIKE '(a|a){9}'",
        "tags.a RLIKE 'a*a*a*a*a*b'", r"tags.a RLIKE '(a)\1'", "tags.a RLIKE '" + "a" * 300 + "'",
    ],
)  # fmt: skip
def test_what_cannot_be_compared(text: str) -> None:
    with pytest.raises(LapisError):
        parse_filter(text, TRACES)


def test_orders() -> None:
    assert parse_order("timestamp DESC", TRACES) == Order("attribute", "timestamp_ms", False)
    assert parse_order("tags.`a b`", TRACES) == Order("tag", "a b", True)
    with pytest.raises(LapisError):
        parse_order("client_request_id", TRACES)


@pytest.mark.parametrize(
    ("grammar", "text"),
    [
        (EXPERIMENTS, "tags.x"), (EVALUATION_DATASETS, "tags.x DESC"), (REGISTERED_MODELS, "tags.x"),
        (MODEL_VERSIONS, "tags.x"), (RUNS, "dataset.name"), (TRACES, "span.name"), (TRACES, "feedback.a"),
    ],
)  # fmt: skip
def test_what_is_no_order(grammar: Grammar, text: str) -> None:
    with pytest.raises(LapisError, match="order_by"):
        parse_order(text, grammar)


def a_span(span_id: str, parent: str | None, usage: int | None = None, status: str = "OK", **texts: str) -> Span:
    attributes: dict[str, dict[str, object]] = {key: {"string_value": text} for key, text in texts.items()}
    if usage is not None:
        pairs = [{"key": "input_tokens", "value": {"int_value": usage}}]
        attributes["mlflow.chat.tokenUsage"] = {"kvlist_value": {"values": pairs}}
    return Span(span_id, parent, span_id, "LLM", status, 2_000_000, 9_000_000, attributes)


def test_what_spans_tell_of_their_trace() -> None:
    root = a_span("a", None, status="ERROR", **{"mlflow.spanInputs": "x" * 2000, "user.id": "u"})
    parts = [a_span("b", "a", 5), a_span("c", "b", 3), a_span("d", "a", 2)]
    assert (state_of([root, *parts]), state_of(parts)) == ("ERROR", "IN_PROGRESS")
    assert time_of([root]) == (2, 9)
    assert len(previews(root)[0] or "") == 1000
    assert people_of([root, *parts]) == {"mlflow.trace.user": "u"}
    assert tokens_of([root, *parts]) == {"mlflow.trace.tokenUsage": '{"input_tokens":7}'}
    assert (counts_tokens([root]), counts_tokens(parts)) == (False, True)
    circle = [a_span("a", "b", 1), a_span("b", "a", 1)]
    assert tokens_of(circle) == {}


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("1970-01-01T00:00:01Z", 1000), ("2024-01-01T00:00:00.123456789Z", 1704067200123),
        ("2024-01-01T01:00:00.5+01:00", 1704067200500), ("1969-12-31T23:59:59.250Z", -750),
    ],
)  # fmt: skip
def test_times(text: str, millis: int) -> None:
    assert trace_wire.read_timestamp(text, "t") == millis
    assert trace_wire.read_timestamp(trace_wire.timestamp(millis), "t") == millis


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01T00:00:00Z", "2024-01-01", "1", None])
def test_what_is_no_time(text: str | None) -> None:
    with pytest.raises(LapisError):
        trace_wire.read_timestamp(text, "t")


@pytest.mark.parametrize(("text", "millis"), [("0s", 0), ("1.5s", 1500), ("3.000000001s", 3000), ("12.34s", 12340)])
def test_durations(text: str, millis: int) -> None:
    assert trace_wire.read_duration(text, "d") == millis
    assert trace_wire.read_duration(trace_wire.duration(millis), "d") == millis
