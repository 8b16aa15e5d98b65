"""Answers requests with the user's scoring script, one call at a time or in as many threads as it allows."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from typing import Any

from . import frames, shims, swagger
from .collector import Collector
from .engine import GRACE_S, Engine
from .errors import LoadError, RequestError, model_error
from .plan import Plan
from .script import RAW, Script, schemas, written
from .shims import monitoring
from .wire import Request

_USUAL = ("content-type", "content-length", "connection", "transfer-encoding", "server", "date")
"""Headers that the gateway writes itself."""


class ScriptEngine(Engine):
    """A scoring script.

    Args:
        plan: the replica's plan.
        collector: the deployment's collections.

    Raises:
        LoadError: the script can't be loaded, or its ``init()`` raised.
    """

    kind = "script"

    def __init__(self, plan: Plan, collector: Collector) -> None:
        if not plan.script:
            raise LoadError("the deployment names no scoring script")
        self._plan = plan
        self._current = threading.local()
        self.collects = bool(collector)
        shims.provide(lambda module: monitoring.fill(module, collector, self._current))
        self._script = Script(plan.script, plan.code)
        self.raw = self._script.takes == RAW or self._script.wants_headers or bool(collector.headers)
        self.under_way = plan.max_concurrent
        self._crew = Crew(self._serve, plan.max_concurrent) if plan.max_concurrent > 1 else None
        self.together = self._crew is not None

    def answer(self, requests: list[Request]) -> None:
        """Answer requests, or hand them to the threads."""
        for request in requests:
            if self._crew is not None:
                self._crew.take(request)
            else:
                self._serve(request)

    def overdue(self) -> list[Request]:
        """Return requests whose call takes too long."""
        return [] if self._crew is None else self._crew.longer_than(self._plan.timeout_s)

    def stuck(self) -> bool:
        """Say whether every thread is in a call that took far too long."""
        limit = self._plan.timeout_s + max(self._plan.timeout_s, GRACE_S)
        return self._crew is not None and len(self._crew.longer_than(limit)) == self._plan.max_concurrent

    def finish(self, timeout_s: float) -> None:
        """Wait for the calls under way."""
        until = time.monotonic() + timeout_s
        while self._crew is not None and self._crew.is_busy and time.monotonic() < until:
            time.sleep(0.01)

    def swagger(self) -> dict[str, Any]:
        """Return ``swagger.json`` or ``swagger2.json`` beside the script, else what the decorators say."""
        script = self._plan.script or ""
        for folder in dict.fromkeys(filter(None, (os.path.dirname(script), self._plan.code))):
            for name in ("swagger.json", "swagger2.json"):
                found = _document(os.path.join(folder, name))
                if found is not None:
                    return found
        return swagger.of_function(self._script.run, schemas())

    def _serve(self, request: Request) -> None:
        if request.answered:
            return
        try:
            head = {} if request.plain else request.head
            self._current.request_id = head.get("id")
            result = self._script.call(request.body, head)
            _answer(request, result)
        except RequestError as error:
            request.fail(error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the script raises is an answer
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
            request.fail(model_error(error))


def _answer(request: Request, result: Any) -> None:
    if hasattr(result, "status_code") and hasattr(result, "get_data"):
        headers = [(str(name), str(value)) for name, value in result.headers.items()]
        kind = next((value for name, value in headers if name.lower() == "content-type"), "application/json")
        head = {
            "status": int(result.status_code),
            "content_type": kind,
            "headers": [list(pair) for pair in headers if pair[0].lower() not in _USUAL],
        }
        request.answer(result.get_data(), frames.pack_head(head))
        return
    request.answer(written(result))


def _document(path: str) -> dict[str, Any] | None:
    if not os.path.isfile(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError) as error:
        raise LoadError(f"{os.path.basename(path)} beside the scoring script is no JSON: {error}") from error
    return found if isinstance(found, dict) else None


class Crew:
    """Threads that work on requests side by side.

    Args:
        serve: what to do with a request; must not raise.
        size: how many threads.
    """

    def __init__(self, serve: Any, size: int) -> None:
        self._serve = serve
        self._line: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._at_work: dict[int, tuple[float, Request]] = {}
        for number in range(size):
            threading.Thread(target=self._work, args=(number,), name=f"run-{number}", daemon=True).start()

    def take(self, request: Request) -> None:
        """Take a request."""
        self._line.put(request)

    @property
    def is_busy(self) -> bool:
        """Whether there is something to do."""
        return not self._line.empty() or bool(self._at_work)

    def longer_than(self, seconds: float) -> list[Request]:
        """Return the requests that are being worked on for longer."""
        now = time.monotonic()
        return [request for since, request in list(self._at_work.values()) if now - since > seconds]

    def _work(self, number: int) -> None:
        while True:
            request = self._line.get()
            self._at_work[number] = (time.monotonic(), request)
            self._serve(request)
            self._at_work.pop(number, None)
