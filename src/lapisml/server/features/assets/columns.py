"""What one column of a table holds, and how that is spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lapisml.server.features.assets.cells import shown_cell
from lapisml.server.features.assets.frames_wire import ColumnProfile, Histogram, TopValue

if TYPE_CHECKING:
    import polars as pl

_BINS = 24
_TOP = 10
LONGEST_SHOWN = 300
"""Characters of a value that is shown with a profile."""

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def column_profile(series: pl.Series) -> ColumnProfile:
    """Describe a column."""
    kind = _kind(series)
    missing = series.null_count()
    profile: ColumnProfile = {
        "name": series.name,
        "type": str(series.dtype),
        "kind": kind,
        "count": len(series) - missing,
        "missing": missing,
        "distinct": None if kind == "other" else series.drop_nulls().n_unique(),
    }
    if kind == "number":
        _describe_numbers(series, profile)
    elif kind == "time":
        _describe_times(series, profile)
    if kind in ("text", "boolean") or (kind == "number" and (profile["distinct"] or 0) <= _TOP):
        profile["top"] = _top(series)
    return profile


def _kind(series: pl.Series) -> str:
    import polars as pl

    kind = series.dtype
    if kind == pl.Boolean:
        return "boolean"
    if kind.is_numeric():
        return "number"
    if kind in (pl.Date, pl.Datetime):
        return "time"
    return "text" if kind in (pl.String, pl.Categorical, pl.Enum) else "other"


def _describe_numbers(series: pl.Series, profile: ColumnProfile) -> None:
    import polars as pl

    numbers = series.drop_nulls().cast(pl.Float64)
    numbers = numbers.filter(numbers.is_finite()).sort()
    if not len(numbers):
        return
    profile["min"], profile["max"] = float(numbers[0]), float(numbers[-1])
    profile["mean"] = _number(numbers.mean())
    profile["std"] = _number(numbers.std())
    profile["quantiles"] = [_number(numbers.quantile(part, "linear")) for part in _QUANTILES]
    profile["histogram"] = histogram(numbers)


def _describe_times(series: pl.Series, profile: ColumnProfile) -> None:
    import polars as pl

    moments = series.drop_nulls().cast(pl.Datetime("ms")).sort()
    if not len(moments):
        return
    profile["first"], profile["last"] = moments[0].isoformat(), moments[-1].isoformat()
    profile["histogram"] = histogram(moments.cast(pl.Int64).cast(pl.Float64))


def histogram(numbers: pl.Series) -> Histogram:
    """Count numbers (sorted, finite, at least one) in parts of equal width; the last part holds its upper edge."""
    import polars as pl

    low, high = float(numbers[0]), float(numbers[-1])
    if low == high or not math.isfinite(high - low):
        return {"edges": [low, high], "counts": [len(numbers)]}
    width = (high - low) / _BINS
    edges = [low + width * index for index in range(_BINS)]
    starts = [*numbers.search_sorted(pl.Series(edges[1:]), side="left").to_list(), len(numbers)]
    counts = [int(end) - int(begin) for begin, end in zip([0, *starts[:-1]], starts, strict=True)]
    return {"edges": [*edges, high], "counts": counts}


def _top(series: pl.Series) -> list[TopValue]:
    counted = series.drop_nulls().value_counts(sort=True, name="__count").head(_TOP)
    return [
        {"value": str(shown_cell(value, LONGEST_SHOWN)), "count": int(count)} for value, count in counted.iter_rows()
    ]


def _number(value: Any) -> float:
    """Give a statistic; one that there is none of (the spread of a single value) is zero."""
    return float(value) if value is not None and math.isfinite(float(value)) else 0.0
