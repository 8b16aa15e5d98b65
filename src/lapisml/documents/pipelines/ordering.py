"""The order of steps, and the rings in which steps wait for each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

_MOST_RINGS = 20


def order(needs: Mapping[str, Collection[str]]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Put steps into an order in which each comes after those that it needs.

    Kahn's algorithm: the steps that need nothing come first, then those that only need these, and so on.

    Args:
        needs: step → steps; names that are no keys are passed over.

    Returns:
        The order, without the steps that can't be placed; and the rings, each as the names along it, so that each
        needs the one before and the first needs the last.
    """
    remaining = {name: {other for other in wanted if other in needs} for name, wanted in needs.items()}
    placed = _place(remaining)
    rings: list[list[str]] = []
    while remaining and len(rings) < _MOST_RINGS:
        ring = _ring(remaining)
        rings.append(ring)
        for name in ring:
            remaining.pop(name, None)
        _place(remaining)
    return tuple(placed), rings


def _place(remaining: dict[str, set[str]]) -> list[str]:
    """Take out the steps that wait for nothing, again and again; leaves those in rings or behind them."""
    missing: dict[str, int] = {}
    followers: dict[str, list[str]] = {}
    for name, wanted in remaining.items():
        present = [other for other in wanted if other in remaining]
        missing[name] = len(present)
        for other in present:
            followers.setdefault(other, []).append(name)
    ready = deque(name for name, count in missing.items() if not count)
    placed = []
    while ready:
        name = ready.popleft()
        placed.append(name)
        for follower in followers.get(name, ()):
            missing[follower] -= 1
            if not missing[follower]:
                ready.append(follower)
    for name in placed:
        del remaining[name]
    return placed


def _ring(remaining: Mapping[str, set[str]]) -> list[str]:
    """Find one ring: every step left waits for another that is left, so walking must come back to itself."""
    names = {name: place for place, name in enumerate(remaining)}
    walked: dict[str, int] = {}
    at = next(iter(remaining))
    while at not in walked:
        walked[at] = len(walked)
        at = min((other for other in remaining[at] if other in names), key=names.__getitem__)
    ring = list(walked)[walked[at] :][::-1]
    start = min(range(len(ring)), key=lambda place: names[ring[place]])
    return ring[start:] + ring[:start]
