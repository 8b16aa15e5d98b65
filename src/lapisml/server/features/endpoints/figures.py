"""What endpoints did in the last minutes: short series made of the gateway's counts, kept in memory.

A point stands for the time since the point before it, so points of several deployments add up to those of their
endpoint, and several points to a longer time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lapisml.server.features.endpoints.exposition import Counts, Name

EVERY_S = 5.0
"""Time between two points, seconds."""
_POINTS = 180
"""How many are kept: a quarter of an hour."""
_RECENT_MS = 60_000


@dataclass(frozen=True)
class Point:
    """What one deployment, or one endpoint, did between two moments.

    Attributes:
        at: the later moment, milliseconds since the epoch.
        seconds: length of the time.
        buckets: upper bound, seconds → answers that took no longer, within this time.
        queued, in_flight, ready, wanted: requests and replicas at the later moment.
    """

    at: int
    seconds: float
    requests: int = 0
    errors: int = 0
    buckets: Mapping[float, int] | None = None
    queued: int = 0
    in_flight: int = 0
    ready: int = 0
    wanted: int = 0

    @property
    def rate(self) -> float:
        """Answered requests per second."""
        return self.requests / self.seconds if self.seconds > 0 else 0.0

    @property
    def error_share(self) -> float | None:
        """Share of the answers that are errors, 0 to 1; None without answers."""
        return self.errors / self.requests if self.requests else None

    def quantile(self, share: float) -> float | None:
        """Give the time within which this share of the answers came, seconds; None without answers."""
        return quantile(self.buckets or {}, share)


class Figures:
    """Keeps the points of all deployments; called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Name, Counts] = {}
        self._taken_at: int | None = None
        self._points: dict[Name, deque[Point]] = {}

    def take(self, counts: Mapping[Name, Counts], at: int) -> set[tuple[str, str]]:
        """Add a point for each deployment, and forget those that are gone.

        Args:
            at: now, milliseconds since the epoch.

        Returns:
            The endpoints, as (workspace, name), of which there is news.
        """
        with self._lock:
            seconds = (at - self._taken_at) / 1000 if self._taken_at is not None else 0.0
            self._points = {name: self._points.get(name) or deque(maxlen=_POINTS) for name in counts}
            news = {name[:2] for name, found in counts.items() if self._add(name, found, at, seconds)}
            self._counts, self._taken_at = dict(counts), at
        return news

    def series(self, workspace: str, endpoint: str) -> dict[str, list[Point]]:
        """Give the points of an endpoint's deployments, by name, the oldest first."""
        with self._lock:
            return {name[2]: list(points) for name, points in self._points.items() if name[:2] == (workspace, endpoint)}

    def recent(self, workspace: str, endpoint: str) -> Point | None:
        """Give the last minute of an endpoint as one point; None when nothing is known of it."""
        points = merged(self.series(workspace, endpoint).values())
        return joined([one for one in points if points[-1].at - one.at < _RECENT_MS])

    def _add(self, name: Name, found: Counts, at: int, seconds: float) -> bool:
        if seconds <= 0:
            return False  # nobody knows since when the gateway counts
        before = self._counts.get(name, Counts())
        points = self._points[name]
        last = points[-1] if points else None
        points.append(_between(before, found, at, seconds))
        return last is None or _is_news(last, points[-1])


def merged(series: Iterable[Iterable[Point]]) -> list[Point]:
    """Add up the points of several deployments that stand for the same time, the oldest first."""
    by_time: dict[int, Point] = {}
    for points in series:
        for one in points:
            there = by_time.get(one.at)
            by_time[one.at] = one if there is None else _sum(there, one)
    return [by_time[at] for at in sorted(by_time)]


def joined(points: list[Point]) -> Point | None:
    """Make one point of several that follow each other; None of none."""
    if not points:
        return None
    whole = points[0]
    for one in points[1:]:
        whole = replace(
            _sum(whole, one),
            at=one.at,
            seconds=whole.seconds + one.seconds,
            queued=one.queued,
            in_flight=one.in_flight,
            ready=one.ready,
            wanted=one.wanted,
        )
    return whole


def quantile(buckets: Mapping[float, int], share: float) -> float | None:
    """Estimate a quantile from a histogram, as Prometheus does: evenly spread within a bucket.

    Args:
        buckets: upper bound → how many were no larger; the last bound is infinite.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0
    if not total:
        return None
    rank, lower, below = share * total, 0.0, 0
    for bound in bounds:
        if buckets[bound] >= rank:
            if bound == float("inf"):
                return lower
            return lower + (bound - lower) * (rank - below) / max(1, buckets[bound] - below)
        lower, below = bound, buckets[bound]
    return lower


def _between(before: Counts, after: Counts, at: int, seconds: float) -> Point:
    """Make the point between two counts; those of a gateway that started meanwhile began at nothing."""
    base = before if after.requests >= before.requests else Counts()
    return Point(
        at=at,
        seconds=seconds,
        requests=after.requests - base.requests,
        errors=max(0, after.errors - base.errors),
        buckets={bound: max(0, count - base.buckets.get(bound, 0)) for bound, count in after.buckets.items()},
        queued=after.queued,
        in_flight=after.in_flight,
        ready=after.ready,
        wanted=after.wanted,
    )


def _is_news(before: Point, after: Point) -> bool:
    """Say whether a point shows anything that the one before it did not; nothing happening twice is no news."""
    return bool(before.requests or after.requests) or _standing(before) != _standing(after)


def _standing(point: Point) -> tuple[int, int, int, int]:
    return point.queued, point.in_flight, point.ready, point.wanted


def _sum(one: Point, other: Point) -> Point:
    first, second = one.buckets or {}, other.buckets or {}
    return replace(
        one,
        requests=one.requests + other.requests,
        errors=one.errors + other.errors,
        buckets={bound: first.get(bound, 0) + second.get(bound, 0) for bound in {**first, **second}},
        queued=one.queued + other.queued,
        in_flight=one.in_flight + other.in_flight,
        ready=one.ready + other.ready,
        wanted=one.wanted + other.wanted,
    )
