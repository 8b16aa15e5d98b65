"""How long both forms take for requests of several sizes, and from which size on the original is the better one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .session import Rows, size

SIZES = (1, 8, 64, 512, 4096, 32768)
_LONG_ENOUGH = 0.1
"""Seconds of calls after which a size is known well enough."""
_CALLS = 200
_MARGIN = 1.05
"""How much faster the original must be to be asked: where they are equal, one form less is at work."""
_SLOW_US = 300_000.0
"""Microseconds of a call after which no larger size is tried: such a request is no matter of microseconds."""


def measure(
    original: Callable[[Any], Any], graph: Callable[[Any], Any], rows: Rows
) -> tuple[list[dict[str, float]], int | None]:
    """Time both forms.

    Args:
        original, graph: answer rows.
        rows: some; repeated up to the sizes.

    Returns:
        ``[{"rows", "original_us", "graph_us"}]``, and the smallest number of rows from which on the original is
        faster in every size that was tried; None when the graph is faster in the largest.
    """
    sizes: list[dict[str, float]] = []
    for count in SIZES:
        given = repeated(rows, count)
        first, second = _median_us(original, given), _median_us(graph, given)
        sizes.append({"rows": count, "original_us": round(first, 2), "graph_us": round(second, 2)})
        if max(first, second) > _SLOW_US:
            break
    return sizes, batch_from(sizes)


def batch_from(sizes: list[dict[str, float]]) -> int | None:
    """Return from how many rows on the original is faster; None for never. 1 means: always."""
    found: int | None = None
    for one in reversed(sizes):
        if one["graph_us"] < one["original_us"] * _MARGIN:
            break
        found = int(one["rows"])
    return found


def repeated(rows: Rows, count: int) -> Rows:
    """Return `count` rows, made of the given ones again and again."""
    places = np.arange(count) % size(rows)
    if isinstance(rows, np.ndarray):
        return np.ascontiguousarray(rows[places])
    return {name: np.ascontiguousarray(column[places]) for name, column in rows.items()}


def _median_us(answer: Callable[[Any], Any], rows: Rows) -> float:
    """Return the median time of a call, microseconds; the first call does not count."""
    answer(rows)
    taken: list[float] = []
    total = 0.0
    while len(taken) < 3 or (total < _LONG_ENOUGH and len(taken) < _CALLS):
        begin = time.perf_counter()
        answer(rows)
        taken.append(time.perf_counter() - begin)
        total += taken[-1]
    return 1e6 * sorted(taken)[len(taken) // 2]
