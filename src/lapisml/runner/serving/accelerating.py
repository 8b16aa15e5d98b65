"""The faster form of a model, made beside the replicas that already answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lapisml.runner.serving.plan import Plan
from lapisml.runner.serving.replica import Form


class Acceleration:
    """x"""

    def __init__(self, plan: Plan, env: Mapping[str, str], threads: Callable[[], int]) -> None:
        self.facts: dict[str, Any] = {"state": "off", "reason": ""}

    def descriptors(self) -> list[int]:
        return []

    def turn(self) -> Form | None:
        return None

    def give_up(self, reason: str) -> None:
        self.facts = {"state": "refused", "reason": reason}

    def taken_over(self) -> None:
        return

    def close(self) -> None:
        return
