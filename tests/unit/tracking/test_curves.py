"""Curves: fewer points that look the same, and a memory that is never wrong."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from sqlalchemy import text

from lapisml.server.features.tracking import curves as module
from lapisml.server.features.tracking.curves import Axis, Curve, CurveQuery, Curves
from lapisml.server.features.tracking.downsample import chosen
from lapisml.server.features.tracking.records import Point
from tests.unit.tracking.conftest import Bench


@pytest.mark.parametrize("count", [1, 10, 11, 999, 1000, 5003])
@pytest.mark.parametrize("most", [10, 64, 500])
def test_every_peak_stays_and_there_are_not_too_many(count: int, most: int) -> None:
    chance = random.Random(count)
    values = np.array([chance.gauss(0, 1) for _ in range(count)])
    if count > 900:
        values[[3, 500]] = [math.inf, -math.inf]
        values[700] = math.nan
    places = chosen(values, most)
    assert len(places) <= max(most, 10)
    assert {0, count - 1} <= set(places.tolist())
    assert (np.diff(places) > 0).all()
    kept = values[places]
    assert np.nanmax(kept) == np.nanmax(values)
    assert np.nanmin(kept) == np.nanmin(values)
    assert np.isnan(kept).any() == np.isnan(values).any()


def test_a_series_that_is_not_a_number_anywhere_is_thinned_too() -> None:
    assert 2 <= len(chosen(np.full(1000, math.nan), 20)) <= 20


def one(curves: Curves, run: str, **query: object) -> Curve:
    """Return the only curve of a run."""
    (found,) = curves.find(1, CurveQuery((run,), None, **query))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("long", [5, 10_000], ids=["in memory", "read each time"])
def test_what_is_added_is_seen_wherever_it_lies(tracking: Bench, monkeypatch: pytest.MonkeyPatch, long: int) -> None:
    monkeypatch.setattr(module, "_LONG", long)
    curves, run = Curves(tracking.database), tracking.run()
    tracking.log(run, *[Point("loss", step / 2, 1000 + step, step) for step in range(8)])
    assert one(curves, run).y == [step / 2 for step in range(8)]
    tracking.log(run, Point("loss", math.nan, 1008, 8), Point("loss", math.inf, 1008, 8))
    at_end = one(curves, run)
    assert (at_end.count, at_end.x[-2:], at_end.y[-1]) == (10, [8, 8], math.inf)
    assert math.isnan(at_end.y[-2])
    tracking.log(run, Point("loss", -1.0, 500, 3))
    in_past = one(curves, run, axis=Axis.TIME)
    assert (in_past.x[0], in_past.y[0], in_past.count) == (500, -1.0, 11)
    assert one(curves, run).x == [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 8]
    assert one(curves, run, axis=Axis.RELATIVE).x[:2] == [0.0, 0.5]
    window = one(curves, run, start=4.5, end=6)
    assert window.x == [4, 5, 6, 7]


def test_a_long_series_of_one_moment_is_whole(tracking: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONG", 1)
    run = tracking.run()
    tracking.log(run, *[Point("loss", float(step), 1000, step) for step in (2, 0, 1)])
    assert one(Curves(tracking.database), run).y == [0.0, 1.0, 2.0]


def test_curves_of_many_runs_come_by_key_and_of_the_workspace_alone(tracking: Bench) -> None:
    curves = Curves(tracking.database)
    first, second = tracking.run(run_id="a"), tracking.run(run_id="b")
    tracking.log(second, Point("loss", 1.0, 1, 0), Point("acc", 0.5, 1, 0))
    tracking.log(first, Point("loss", 2.0, 1, 0))
    found = curves.find(1, CurveQuery((second, first), None))
    assert [(curve.key, curve.run_id, curve.y) for curve in found] == [
        ("acc", "b", [0.5]),
        ("loss", "a", [2.0]),
        ("loss", "b", [1.0]),
    ]
    assert [curve.key for curve in curves.find(1, CurveQuery((second,), ("acc", "none")))] == ["acc"]
    assert curves.find(2, CurveQuery((second,), None)) == []


def test_memory_is_bounded(tracking: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONG", 1)
    monkeypatch.setattr(module, "_MOST_KEPT", 5)
    curves, run = Curves(tracking.database), tracking.run()
    tracking.log(run, *[Point(key, step, step, step) for key in "abc" for step in range(3)])
    assert len(curves.find(1, CurveQuery((run,), None))) == 3
    assert sum(map(len, curves._kept.values())) <= 5
    with tracking.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM metric_points")).scalar_one() == 9
