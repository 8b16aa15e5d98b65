"""The thread that turns the gateway's counts into figures, while there is a gateway."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.server.features.endpoints.exposition import read_counts
from lapisml.server.features.endpoints.figures import EVERY_S, Figures
from lapisml.server.features.endpoints.gateway_client import GatewayClient

log = logging.getLogger("lapis.endpoints")


class FigureSampler:
    """Reads the gateway's counts every few seconds.

    Attributes:
        on_news: called with a workspace's name and a topic when an endpoint has new figures.
    """

    def __init__(self, clock: Clock, gateway: GatewayClient, figures: Figures) -> None:
        self._clock = clock
        self._gateway = gateway
        self._figures = figures
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="endpoint-figures", daemon=True)
        self._is_silent = False
        self.on_news: Callable[[str, str], None] = _nobody

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def look(self) -> None:
        """Take one sample, when there is a gateway."""
        if not self._gateway.is_there:
            return
        counts = read_counts(self._gateway.counts())
        for workspace, endpoint in self._figures.take(counts, self._clock.now_ms()):
            self.on_news(workspace, f"online-endpoints/{endpoint}/figures")

    def _loop(self) -> None:
        while not self._stopping.wait(EVERY_S):
            try:
                self.look()
                self._is_silent = False
            except LapisError as error:
                if not self._is_silent:
                    log.warning("endpoint.figures.missing reason=%s", error.message)
                self._is_silent = True
            except Exception:  # a thread's boundary: one bad look must not end all
                log.exception("endpoint.figures.broken")


def _nobody(_workspace: str, _topic: str) -> None:
    """Stand in for a listener."""
