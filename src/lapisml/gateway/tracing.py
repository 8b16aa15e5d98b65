"""Traces by OpenTelemetry: a span a request, made after its answer from the request log's entry.

Only when ``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``) is set; the library reads these
and its other variables itself. A client's ``traceparent`` (https://www.w3.org/TR/trace-context/) is the parent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lapisml.gateway.requestlog import Entry

_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NS = 1_000_000_000


class Tracing:
    """Makes spans and hands them to an exporter, on the thread that calls it.

    Args:
        provider: a tracer provider of ``opentelemetry.sdk``.
    """

    def __init__(self, provider: Any) -> None:
        from opentelemetry import trace

        self._trace = trace
        self._provider = provider
        self._tracer = provider.get_tracer("lapisml.gateway")

    def __call__(self, entries: Sequence[Entry]) -> None:
        """Make the spans of these requests."""
        for entry in entries:
            self._span(entry)

    def stop(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def _span(self, entry: Entry) -> None:
        started = int((entry.ended - entry.duration_s) * _NS)
        name = f"POST /{entry.workspace}/{entry.endpoint}/score" if entry.endpoint else "unrouted"
        span = self._tracer.start_span(
            name, self._parent(entry.trace), self._trace.SpanKind.SERVER, _attributes(entry), start_time=started
        )
        if entry.status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(int(entry.ended * _NS))

    def _parent(self, header: bytes) -> Any:
        """Return the context that the client named; None makes a trace of its own."""
        found = _PARENT.fullmatch(header)
        if found is None:
            return None
        parent = self._trace.SpanContext(
            trace_id=int(found[1], 16),
            span_id=int(found[2], 16),
            is_remote=True,
            trace_flags=self._trace.TraceFlags(int(found[3], 16)),
        )
        return self._trace.set_span_in_context(self._trace.NonRecordingSpan(parent)) if parent.is_valid else None


def _attributes(entry: Entry) -> dict[str, Any]:
    """Name things as https://opentelemetry.io/docs/specs/semconv/http/http-spans/ does."""
    return {
        "http.request.method": entry.method.decode("ascii", "replace"),
        "http.response.status_code": entry.status,
        "http.request.body.size": entry.bytes_in,
        "http.response.body.size": entry.bytes_out,
        "lapis.workspace": entry.workspace,
        "lapis.endpoint": entry.endpoint,
        "lapis.deployment": entry.deployment,
        "lapis.revision": entry.revision,
        "lapis.request_id": entry.request_id,
        "lapis.wait_seconds": entry.wait_s,
    }


def configured(environment: Mapping[str, str], warn: Callable[[str], object]) -> Tracing | None:
    """Make the tracing that the environment asks for; None when it asks for none, or the library is missing.

    Args:
        warn: is told, in a sentence, that something is missing.
    """
    if not any(environment.get(name) for name in _VARIABLES) or environment.get("OTEL_SDK_DISABLED") == "true":
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        warn("OTEL_EXPORTER_OTLP_ENDPOINT is set, but the library is missing: pip install 'lapisml[otel]'")
        return None
    name = environment.get("OTEL_SERVICE_NAME") or "lapis-gateway"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)
