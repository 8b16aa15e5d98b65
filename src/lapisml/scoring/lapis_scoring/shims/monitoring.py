"""``azureml.ai.monitoring``: scripts hand frames to collections with `Collector`."""

from __future__ import annotations

import sys
import threading
import time
import types
import uuid
from typing import Any


class BasicCorrelationContext:
    """Ties what was collected for one request together.

    Args:
        id: the request's id; made up when left out.
        timestamp: when it was, seconds since 1970.
        headers: kept with the events.
    """

    def __init__(self, id: str | None = None, timestamp: int | None = None, headers: Any = None) -> None:  # noqa: A002
        self.id = id or str(uuid.uuid4())
        self.timestamp = timestamp or int(time.time())
        self.headers = headers or {}

    def get_id(self) -> str:
        """Return the request's id."""
        return self.id

    def get_timestamp(self) -> int:
        """Return when it was."""
        return self.timestamp

    def get_headers(self) -> Any:
        """Return what is kept with the events."""
        return self.headers

    def __str__(self) -> str:
        return self.id


def fill(module: types.ModuleType, collector: Any, current: threading.local) -> None:
    """Put the package's names into a module.

    Args:
        module: the module.
        collector: the replica's collections; None = none.
        current: holds ``request_id`` of the request that this thread works on.
    """
    told: set[str] = set()

    def complain(name: str, sentence: str, on_error: Any) -> None:
        if on_error is not None:
            on_error(Exception(sentence))
        elif name not in told:
            told.add(name)
            sys.stderr.write(f"lapis: {sentence}\n")

    class Collector:
        """A collection of the deployment's data collector.

        Args:
            name: the collection.
            on_error: called with an exception when something can't be kept; without it the log says so, once.
        """

        def __init__(self, *, name: str, on_error: Any = None) -> None:
            self.name = name
            self.on_error = on_error
            self._is_on = bool(collector) and collector.wants(name)
            if not self._is_on:
                complain(name, f"collection {name} is not enabled in data_collector; its data is dropped", on_error)

        def collect(self, data: Any, correlation_context: Any = None) -> Any:
            """Keep a DataFrame; return what ties further ones to it."""
            context = correlation_context
            if context is None:
                context = BasicCorrelationContext(getattr(current, "request_id", None))
            if not hasattr(data, "to_json"):
                sentence = f"Collector.collect takes a pandas DataFrame, not a {type(data).__name__}"
                complain(f"{self.name} type", sentence, self.on_error)
            elif self._is_on:
                kept = data.copy()
                headers = {str(name): str(value) for name, value in (context.get_headers() or {}).items()}
                collector.keep(self.name, lambda: _records(kept), _kind(data), context.get_id(), headers)
            return context

    module.Collector = Collector  # type: ignore[attr-defined]
    module.BasicCorrelationContext = BasicCorrelationContext  # type: ignore[attr-defined]
    module.CorrelationContext = BasicCorrelationContext  # type: ignore[attr-defined]
    module.get_context = BasicCorrelationContext  # type: ignore[attr-defined]


def _records(frame: Any) -> Any:
    if hasattr(frame, "columns"):
        return frame.to_dict(orient="records")
    return frame.to_frame().to_dict(orient="records")


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
