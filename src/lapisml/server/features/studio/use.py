"""How much of a compute was in use over time, from when its jobs waited and ran. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lapisml.server.features.jobs.board import Span


def use_over_time(spans: Iterable[Span], since: int, now: int, points: int) -> tuple[list[float], list[float]]:
    """Give the mean number of busy nodes and of waiting jobs in `points` equal parts of a time.

    Args:
        since, now: the time's begin and end, milliseconds since the epoch.
    """
    step = max(1.0, (now - since) / points)
    busy, waiting = [0.0] * points, [0.0] * points
    for span in spans:
        got = span.allotted_at if span.allotted_at is not None else span.ended_at or now
        _add(waiting, span.created_at - since, got - since, step, 1.0)
        if span.allotted_at is not None:
            _add(busy, span.allotted_at - since, (span.ended_at or now) - since, step, float(max(1, span.nodes)))
    return [round(value, 3) for value in busy], [round(value, 3) for value in waiting]


def _add(parts: list[float], begin: float, end: float, step: float, weight: float) -> None:
    """Add `weight` to each part as far as the time from `begin` to `end` fills it."""
    begin, end = max(0.0, begin), min(end, step * len(parts))
    if end <= begin:
        return
    first, last = int(begin // step), min(int(end // step), len(parts) - 1)
    for index in range(first, last + 1):
        covered = min(end, (index + 1) * step) - max(begin, index * step)
        parts[index] += weight * max(0.0, covered) / step
