"""Spans from the request log's entries."""

from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from lapisml.gateway.requestlog import Entry
from lapisml.gateway.tracing import Tracing, configured

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _spans(*entries: Entry) -> tuple[ReadableSpan, ...]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing = Tracing(provider)
    tracing(entries)
    tracing.stop()
    return exporter.get_finished_spans()


def _entry(trace: bytes = b"", status: int = 200) -> Entry:
    return Entry(1000.0, 0.5, 0.1, "a-1", b"", trace, "ws", "ep", "blue", "a" * 12, b"POST", status, 10, 20)


def test_a_span_is_as_long_as_its_request_and_says_what_served_it() -> None:
    (span,) = _spans(_entry())
    assert (span.start_time, span.end_time) == (999_500_000_000, 1_000_000_000_000)
    assert (span.name, span.kind) == ("POST /ws/ep/score", SpanKind.SERVER)
    assert span.attributes is not None
    assert span.attributes["lapis.revision"] == "a" * 12
    assert span.attributes["http.response.status_code"] == 200
    assert span.parent is None


def test_the_clients_span_is_the_parent() -> None:
    (span,) = _spans(_entry(PARENT))
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert span.context is not None
    assert span.context.trace_id == span.parent.trace_id


def test_a_parent_that_is_none_is_passed_over() -> None:
    for trace in (b"nonsense", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", PARENT + b"x"):
        (span,) = _spans(_entry(trace))
        assert span.parent is None


def test_an_error_of_ours_is_marked() -> None:
    fine, bad = _spans(_entry(status=404), _entry(status=503))
    assert fine.status.status_code is StatusCode.UNSET
    assert bad.status.status_code is StatusCode.ERROR


def test_nothing_is_traced_unasked() -> None:
    warnings: list[str] = []
    assert configured({}, warnings.append) is None
    off = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_SDK_DISABLED": "true"}
    assert configured(off, warnings.append) is None
    assert warnings == []
