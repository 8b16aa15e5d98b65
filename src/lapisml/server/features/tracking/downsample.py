"""Fewer points of a curve, so chosen that it looks the same. Pure.

The points are cut into buckets of equally many; of each bucket its first, its least, its greatest and its last
point stay, and its first that is no number. So every peak of the curve is in what is left, and where the points lie
close so do those that are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy is loaded when somebody looks at a curve
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]

LEAST_POINTS = 10


def chosen(values: Numbers, most: int) -> Places:
    """Choose the places of at most `most` values, ascending.

    Args:
        most: at least `LEAST_POINTS`.
    """
    import numpy as np

    count = len(values)
    if count <= most:
        return np.arange(count)
    is_nan = np.isnan(values)
    size = -(-count // (most // (5 if is_nan.any() else 4)))
    starts = np.arange(0, count, size)
    ends = np.minimum(starts + size, count) - 1
    least = _places(np.where(is_nan, np.inf, values), size, np.inf).argmin(axis=1) + starts
    greatest = _places(np.where(is_nan, -np.inf, values), size, -np.inf).argmax(axis=1) + starts
    parts = [starts, least, greatest, ends]
    if is_nan.any():
        marks = _places(is_nan, size, False)
        parts.append((marks.argmax(axis=1) + starts)[marks.any(axis=1)])
    return np.unique(np.concatenate(parts))


def _places(values: NDArray[np.generic], size: int, fill: float | bool) -> NDArray[np.generic]:
    """Put values into rows of `size`, the last one filled up."""
    import numpy as np

    rows = -(-len(values) // size)
    padded = np.full(rows * size, fill, dtype=values.dtype)
    padded[: len(values)] = values
    return padded.reshape(rows, size)
