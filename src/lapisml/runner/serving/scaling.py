"""How many replicas shall run: bounds from the document, load from the gateway. Decides only, and keeps no time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_STALE_S = 2.5
"""Seconds after which a report of load no longer holds: the gateway sends one a second while there is any."""
_TIMES = ("polling_s", "window_s", "down_after_s", "zero_after_s")


@dataclass(frozen=True)
class Scale:
    """The bounds, and what load is wanted on a replica.

    Attributes:
        minimum, maximum: replicas; a minimum of 0 lets all of them end when nobody asks.
        target: share of a replica's places that shall be taken, over 0 to 1.
        polling_s: seconds between decisions.
        window_s: seconds over which the load is averaged.
        down_after_s: seconds for which fewer must have been enough before one is ended.
        zero_after_s: seconds without a request after which the last one is ended.
        start: how many there are at first; None means the minimum, but at least one.
    """

    minimum: int = 1
    maximum: int = 1
    target: float = 0.7
    polling_s: float = 1.0
    window_s: float = 3.0
    down_after_s: float = 60.0
    zero_after_s: float = 300.0
    start: int | None = None

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Scale:
        """Read ``ServingSpec.scale``; bounds that contradict each other give way to the minimum."""
        if plain.get("type", "default") == "default":
            count = max(0, int(plain.get("instances", 1)))
            return cls(count, count)
        minimum = max(0, int(plain.get("min", 1)))
        given = {name: float(plain[name]) for name in _TIMES if name in plain}
        target = min(1.0, max(0.01, float(plain.get("target_percent", 70)) / 100))
        start = None if plain.get("start") is None else max(0, int(plain["start"]))
        return cls(minimum, max(1, minimum, int(plain.get("max", 1))), target, **given, start=start)

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to decide."""
        return self.minimum == self.maximum

    @property
    def first(self) -> int:
        """How many there are before anything is known of the load."""
        if self.start is not None:
            return min(self.maximum, max(self.minimum, self.start))
        return max(1, self.minimum) if self.maximum else 0

    def takes(self, capacity: int) -> float:
        """Give the load, requests under way, that is the target of the greatest number of replicas.

        Args:
            capacity: requests that one replica takes at a time.
        """
        return round(self.maximum * max(1, capacity) * (1.0 if self.is_fixed else self.target), 3)


class Autoscaler:
    """Decides how many replicas there shall be.

    Little's law: requests under way at a time = rate × duration, so the mean of those under way and waiting, over
    what one replica takes at a time, is the number of busy replicas; that over the target is how many are wanted.
    More are started at once, fewer only after the lesser number has been enough for a while.

    Args:
        scale: the bounds.
        now: seconds on a monotonic clock, here and in every method.

    Attributes:
        wanted: how many there shall be.
    """

    def __init__(self, scale: Scale, now: float) -> None:
        self._scale = scale
        self._levels: deque[tuple[float, float]] = deque([(now, 0.0)])
        self._needs: deque[tuple[float, int]] = deque()
        self._asked_at = now
        self._due = now + scale.polling_s
        self.wanted = scale.first

    @property
    def due(self) -> float | None:
        """When to decide again; None when only a change of the bounds can change anything."""
        return None if self._scale.is_fixed else self._due

    def begin(self, now: float) -> None:
        """Begin to look at the load now: the replicas are ready."""
        self._asked_at = now
        self._due = now + self._scale.polling_s

    def rescale(self, scale: Scale, now: float) -> None:
        """Go by other bounds from now on."""
        self._scale = scale
        self._needs.clear()
        self.begin(now)
        self.wanted = min(scale.maximum, max(scale.minimum, self.wanted))

    def load(self, under_way: float, now: float) -> None:
        """Take a report: requests that are worked on or wait."""
        self._levels.append((now, max(0.0, under_way)))
        if under_way > 0:
            self._asked_at = now
            self.wanted = max(self.wanted, min(1, self._scale.maximum))

    def decide(self, capacity: int, now: float) -> int:
        """Return `wanted`, decided anew when it is time to.

        Args:
            capacity: requests that one replica takes at a time.
            now: as above.
        """
        scale = self._scale
        if scale.is_fixed or now < self._due:
            return self.wanted
        self._due = now + scale.polling_s
        need = math.ceil(self._mean(now) / (max(1, capacity) * scale.target) - 1e-9)
        self._needs.append((now, need))
        while self._needs and self._needs[0][0] < now - scale.down_after_s:
            self._needs.popleft()
        lately = max(count for _at, count in self._needs)
        lower = min(self.wanted, max(1, lately))
        wanted = min(scale.maximum, max(scale.minimum, need, lower))
        idle = now - self._asked_at >= scale.zero_after_s
        self.wanted = 0 if idle and scale.minimum == 0 else wanted
        return self.wanted

    def _mean(self, now: float) -> float:
        """Return the mean number of requests under way over the window; a report that is not renewed ends."""
        window = max(self._scale.window_s, self._scale.polling_s)
        begin = now - window
        while len(self._levels) > 1 and self._levels[1][0] <= begin:
            self._levels.popleft()
        area = 0.0
        ends = [*[at for at, _level in self._levels][1:], now]
        for (at, level), end in zip(self._levels, ends, strict=True):
            area += level * max(0.0, min(end, at + _STALE_S) - max(at, begin))
        return area / window
