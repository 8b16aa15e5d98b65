"""What is said of a column."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from lapisml.server.features.assets.cells import shown_cell
from lapisml.server.features.assets.columns import column_profile, histogram


def test_numbers_are_counted_without_the_missing_and_the_infinite() -> None:
    values = [1.0, 2.0, 3.0, 4.0, None, float("inf"), float("nan")]
    profile = column_profile(pl.Series("x", values))
    assert (profile["kind"], profile["count"], profile["missing"]) == ("number", 6, 1)
    assert (profile["min"], profile["max"], profile["mean"]) == (1.0, 4.0, 2.5)
    assert profile["quantiles"][2] == 2.5
    assert sum(profile["histogram"]["counts"]) == 4


@pytest.mark.parametrize("numbers", [[5.0, 5.0], [0.0, 1.0], list(map(float, range(1000))), [-1e300, 1e300, 0.0]])
def test_every_number_is_in_one_part_of_the_histogram(numbers: list[float]) -> None:
    found = histogram(pl.Series(sorted(numbers)))
    edges = found["edges"]
    assert sum(found["counts"]) == len(numbers)
    assert len(edges) == len(found["counts"]) + 1
    assert (edges[0], edges[-1]) == (min(numbers), max(numbers))
    for index, count in enumerate(found["counts"][:-1]):
        assert count == sum(edges[index] <= number < edges[index + 1] for number in numbers)


def test_texts_moments_and_truth_values() -> None:
    text = column_profile(pl.Series("t", ["b", "a", "b", None]))
    assert (text["distinct"], text["top"][0]) == (2, {"value": "b", "count": 2})
    days = column_profile(pl.Series("d", [date(2026, 1, 2), date(2026, 1, 1)]))
    assert (days["kind"], days["first"][:10], days["last"][:10]) == ("time", "2026-01-01", "2026-01-02")
    assert column_profile(pl.Series("b", [True, False, True]))["top"][0] == {"value": "True", "count": 2}
    assert column_profile(pl.Series("l", [[1], [2]]))["kind"] == "other"
    assert column_profile(pl.Series("n", [None, None]))["count"] == 0


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2**53, str(2**53)), (float("nan"), "nan"), ("x" * 400, "x" * 300 + "…"), (None, None), (1, 1),
        (b"\x00\xff", "00 ff"), (date(2026, 1, 2), "2026-01-02"),
        ([1, {"a": date(2026, 1, 2)}], '[1,{"a":"2026-01-02"}]'),
    ],
)  # fmt: skip
def test_values_go_as_a_page_can_hold_them(value: Any, shown: Any) -> None:
    assert shown_cell(value, 300) == shown
