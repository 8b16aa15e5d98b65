"""What starts with the server and stops with it, in order."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger("lapisml.server")


class BackgroundService(Protocol):
    """Runs in threads of its own between `start` and `stop`."""

    def start(self) -> None:
        """Begin; returns at once."""
        ...

    def stop(self) -> None:
        """End within a second; whatever is half done is taken up again after the next start."""
        ...


class Lifetime:
    """Starts what was added, in order; stops in the reverse order. `stop` may be called without `start`."""

    def __init__(self) -> None:
        self._starts: list[Callable[[], None]] = []
        self._stops: list[Callable[[], None]] = []

    def add(self, service: BackgroundService) -> None:
        """Start and stop a service with the server."""
        self._starts.append(lambda: self._start(service))

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call something when the server stops, after everything that was added later has stopped."""
        self._stops.append(call)

    def start(self) -> None:
        """Start everything."""
        for start in self._starts:
            start()

    def stop(self) -> None:
        """Stop everything; a part that fails does not keep the others from stopping."""
        while self._stops:
            call = self._stops.pop()
            try:
                call()
            except Exception:  # the end of the process: the others must stop as well
                log.exception("server.stop_failed")

    def _start(self, service: BackgroundService) -> None:
        service.start()
        self._stops.append(service.stop)
