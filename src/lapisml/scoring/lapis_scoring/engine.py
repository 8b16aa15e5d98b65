"""What the loop asks of whatever answers requests: a model without code, or a script."""

from __future__ import annotations

from typing import Any

from .wire import Request

GRACE_S = 5.0
"""How long a call may go on after its time is over, seconds, at least; then its replica is taken for lost."""


class Engine:
    """Answers requests.

    Attributes:
        kind: ``mlflow`` or ``script``.
        raw: whether it wants method, path, query and headers of each request.
        collects: whether it wants each request's id, for the data collector.
        under_way: how many requests it may be given before one is answered.
        together: whether it is given all that has arrived, or one after the other (each with a time limit of its own).
        gathers: whether requests that arrive together are worth waiting for.
    """

    kind = "mlflow"
    raw = False
    collects = False
    under_way = 1
    together = True
    gathers = False

    def answer(self, requests: list[Request]) -> None:
        """Answer requests, in any order; those that were answered or cancelled meanwhile may be left out.

        Never raises for what a client sent or a model did: that is an answer.
        """
        raise NotImplementedError

    def overdue(self) -> list[Request]:
        """Return requests that this engine's own threads have worked on for longer than allowed, unanswered."""
        return []

    def stuck(self) -> bool:
        """Say whether every thread of its own is lost to calls that don't return."""
        return False

    def finish(self, timeout_s: float) -> None:
        """Wait for what this engine's own threads work on."""

    def swagger(self) -> dict[str, Any]:
        """Describe requests and answers as Swagger 2.0."""
        raise NotImplementedError
