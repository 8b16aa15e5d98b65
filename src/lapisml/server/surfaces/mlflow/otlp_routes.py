"""OpenTelemetry's export of traces over HTTP, ``POST v1/traces``.

MLflow's client sends its spans here, and any other OpenTelemetry exporter may.
Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
"""

from __future__ import annotations

from typing import Any

from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import Caller
from lapisml.server.features.tracking.traces.service import Traces
from lapisml.server.surfaces.mlflow.call import Receive, Scope, read_body
from lapisml.server.surfaces.mlflow.otlp import read_export
from lapisml.server.surfaces.mlflow.trace_wire import read_batches

ADDRESS = "v1/traces"


class SpanExport:
    """Takes exports of spans.

    Args:
        traces: keeps them.
        max_body: most bytes of a body, sent and decompressed.
    """

    def __init__(self, traces: Traces, max_body: int) -> None:
        self._traces = traces
        self._max_body = max_body

    async def read(self, scope: Scope, receive: Receive) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of an export."""
        headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"content-type", b"content-encoding", b"x-mlflow-experiment-id", b"x-mlflow-run-id")
        }
        return await read_body(receive, self._max_body), headers

    def take(self, caller: Caller, body: bytes, headers: dict[str, str]) -> tuple[bytes, str]:
        """Write the spans of an export; returns body and type of the answer.

        Raises:
            LapisError: Usage, NotFound, Forbidden.
        """
        experiment = headers.get("x-mlflow-experiment-id", "")
        if not experiment:
            raise invalid("Missing header x-mlflow-experiment-id: it names the experiment of the traces.")
        kind = headers.get("content-type", "")
        resources: list[dict[str, Any]] = read_export(body, kind, headers.get("content-encoding", ""), self._max_body)
        batches = read_batches(resources)
        if batches:
            self._traces.log_spans(caller, experiment, batches, headers.get("x-mlflow-run-id") or None)
        return (b"{}", "application/json") if "json" in kind else (b"", "application/x-protobuf")
