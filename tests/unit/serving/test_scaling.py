"""How many replicas there shall be."""

from __future__ import annotations

import pytest

from lapisml.runner.serving.scaling import Autoscaler, Scale

AUTO = {"type": "target_utilization", "min": 1, "max": 4, "target_percent": 50, "polling_s": 1}


def hold(scaler: Autoscaler, level: float, begin: float, seconds: int, capacity: int = 2) -> list[int]:
    """Report the same load each second; give what is decided each second."""
    found = []
    for second in range(seconds):
        scaler.load(level, begin + second)
        found.append(scaler.decide(capacity, begin + second + 1))
    return found


def test_a_fixed_number_is_that_number_whatever_the_load() -> None:
    scaler = Autoscaler(Scale.of({"type": "default", "instances": 3}), 0.0)
    assert hold(scaler, 50, 0, 10) == [3] * 10
    assert scaler.due is None


@pytest.mark.parametrize(("level", "wanted"), [(0.5, 1), (1.0, 1), (1.1, 2), (3.0, 3), (100.0, 4)])
def test_the_mean_of_requests_under_way_over_places_and_target_decides(level: float, wanted: int) -> None:
    scaler = Autoscaler(Scale.of(AUTO), 0.0)
    assert hold(scaler, level, 0, 10)[-1] == wanted


def test_fewer_are_wanted_only_after_fewer_were_enough_for_a_while() -> None:
    scaler = Autoscaler(Scale.of({**AUTO, "down_after_s": 20}), 0.0)
    assert hold(scaler, 4, 0, 10)[-1] == 4
    quiet = hold(scaler, 0, 10, 40)
    assert quiet[:20] == [4] * 20
    assert quiet[-1] == 1


def test_a_report_that_is_not_renewed_ends() -> None:
    scaler = Autoscaler(Scale.of({**AUTO, "down_after_s": 5}), 0.0)
    scaler.load(4, 0.0)
    scaler.load(4, 1.0)
    decided = [scaler.decide(2, float(second)) for second in range(2, 15)]
    assert decided[0] > 1
    assert decided[-1] == 1


def test_without_requests_a_minimum_of_zero_is_reached_and_the_next_request_ends_it_at_once() -> None:
    scaler = Autoscaler(Scale.of({**AUTO, "min": 0, "zero_after_s": 30}), 0.0)
    assert hold(scaler, 0, 0, 29) == [1] * 29
    assert scaler.decide(2, 31.0) == 0
    scaler.load(0, 40.0)
    assert scaler.wanted == 0
    scaler.load(1, 41.0)
    assert scaler.wanted == 1
    assert hold(scaler, 1, 42, 20)[-1] == 1


def test_new_bounds_hold_at_once() -> None:
    scaler = Autoscaler(Scale.of(AUTO), 0.0)
    scaler.rescale(Scale.of({"type": "default", "instances": 2}), 1.0)
    assert scaler.wanted == 2
    scaler.rescale(Scale.of({**AUTO, "min": 3}), 2.0)
    assert scaler.wanted == 3


def test_a_steady_load_gives_a_steady_number() -> None:
    scaler = Autoscaler(Scale.of(AUTO), 0.0)
    assert set(hold(scaler, 1.5, 0, 200)[5:]) == {2}
