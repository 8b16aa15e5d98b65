"""Search spaces: every form against its closed form, grids, nested choices, bad input."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lapisml.core.errors import LapisError
from lapisml.core.sweeps.drawing import RandomDraw
from lapisml.core.sweeps.reading import read_space
from lapisml.core.sweeps.spaces import Numeric, as_text, axes, combinations, draw, first_of_each, nth, texts

NUMBERS = st.floats(-50, 50)
UNITS = st.floats(0, 1, exclude_max=True)


def one(**given: Any) -> Numeric:
    made = read_space({"x": given})["x"]
    assert isinstance(made, Numeric)
    return made


CLOSED: list[tuple[dict[str, Any], Any]] = [
    ({"type": "uniform", "min_value": -2, "max_value": 3}, stats.uniform(-2, 5)),
    ({"type": "loguniform", "min_value": -6, "max_value": 1}, stats.loguniform(math.exp(-6), math.exp(1))),
    ({"type": "normal", "mu": 4, "sigma": 2}, stats.norm(4, 2)),
    ({"type": "lognormal", "mu": 1, "sigma": 0.5}, stats.lognorm(0.5, scale=math.e)),
]


@pytest.mark.parametrize(("given_", "reference"), CLOSED, ids=lambda value: str(value)[:24])
def test_a_form_is_the_quantile_of_its_distribution(given_: dict[str, Any], reference: Any) -> None:
    dimension = one(**given_)
    for u in np.linspace(0.001, 0.999, 97):
        assert dimension.at(float(u)) == pytest.approx(reference.ppf(u), rel=1e-9)


@pytest.mark.parametrize(("given_", "reference"), CLOSED, ids=lambda value: str(value)[:24])
def test_a_quantised_form_is_the_nearest_multiple(given_: dict[str, Any], reference: Any) -> None:
    dimension = one(**{**given_, "type": f"q{given_['type']}", "q": 0.25})
    for u in np.linspace(0.001, 0.999, 97):
        assert dimension.at(float(u)) == pytest.approx(round(reference.ppf(u) / 0.25) * 0.25)


@given(UNITS, st.integers(1, 10**6))
def test_randint_is_from_zero_below_upper(u: float, upper: int) -> None:
    value = one(type="randint", upper=upper).at(u)
    assert isinstance(value, int)
    assert 0 <= value < upper


def test_randint_gives_every_value_alike() -> None:
    dimension = one(type="randint", upper=7)
    counts = np.bincount([int(dimension.at(u)) for u in np.linspace(0, 1, 7000, endpoint=False)])
    assert counts.tolist() == [1000] * 7


@given(UNITS, UNITS, NUMBERS, st.floats(0.01, 20))
def test_values_rise_with_the_coordinate(u: float, v: float, first: float, width: float) -> None:
    for kind in ("uniform", "loguniform", "quniform", "qloguniform"):
        q = {"q": 2} if kind.startswith("q") else {}
        dimension = one(type=kind, min_value=first, max_value=first + width, **q)
        assert (dimension.at(u) <= dimension.at(v)) or u > v
    normal = one(type="normal", mu=first, sigma=width)
    assert (normal.at(u) <= normal.at(v)) or u > v


@given(UNITS, NUMBERS, st.floats(0.01, 20))
def test_limits_hold(u: float, low: float, width: float) -> None:
    assert low <= one(type="uniform", min_value=low, max_value=low + width).at(u) <= low + width


def test_a_whole_step_gives_whole_numbers_and_a_fraction_no_noise() -> None:
    whole = one(type="quniform", min_value=1, max_value=100, q=5).at(0.33)
    assert isinstance(whole, int)
    assert as_text(one(type="quniform", min_value=0, max_value=1, q=0.1).at(0.31)) == "0.3"


def test_the_base_of_logarithms() -> None:
    space = read_space({"x": {"type": "loguniform", "min_value": -4, "max_value": 0}}, base=10)
    dimension = space["x"]
    assert isinstance(dimension, Numeric)
    assert dimension.at(0.5) == pytest.approx(0.01)


def test_the_far_ends_of_a_normal_are_numbers() -> None:
    dimension = one(type="normal", mu=0, sigma=1)
    assert math.isfinite(dimension.at(0.0))
    assert math.isfinite(dimension.at(1.0))
    assert dimension.at(0.5) == NormalDist().inv_cdf(0.5)


NESTED = {
    "model": {
        "type": "choice",
        "values": [
            {"kind": "forest", "depth": {"type": "randint", "upper": 3}},
            {"kind": "linear", "c": {"type": "choice", "values": [0.1, 1.0]}, "tags": {"a": 1}},
            "none",
        ],
    },
    "seed": {"type": "choice", "values": [1, 2]},
}


def test_a_grid_holds_every_combination_once() -> None:
    space = read_space(NESTED)
    count = combinations(space)
    assert count == (3 + 2 + 1) * 2
    found = [nth(space, index) for index in range(count)]
    assert len({str(values) for values in found}) == count
    assert found[0] == {"model": {"depth": 0, "kind": "forest"}, "seed": 1}
    assert found[1]["seed"] == 2
    assert found[-1] == {"model": "none", "seed": 2}


def test_inner_spaces_are_drawn_and_named() -> None:
    space = read_space(NESTED)
    assert axes(space) == {"model": 3, "model.0.depth": None, "model.1.c": 2, "seed": 2}
    for number in range(40):
        values = draw(space, RandomDraw(1, number))
        words = texts(values)
        if isinstance(values["model"], dict) and values["model"]["kind"] == "forest":
            assert words["model.depth"] in ("0", "1", "2")
        elif isinstance(values["model"], dict):
            assert words["model.tags.a"] == "1"
            assert words["model.tags"] == '{"a": 1}'
    kinds = [
        sample["model"]["kind"] if isinstance(sample["model"], dict) else "none" for sample in first_of_each(space)
    ]
    assert kinds == ["forest", "linear", "none"]


def test_a_number_without_end_has_no_grid() -> None:
    assert combinations(read_space({"x": {"type": "uniform", "min_value": 0, "max_value": 1}})) is None
    assert combinations(read_space({"x": {"type": "qnormal", "mu": 0, "sigma": 1, "q": 1}})) is None
    assert combinations(read_space({"x": {"type": "quniform", "min_value": 0, "max_value": 1, "q": 0.25}})) == 5


@given(st.data())
def test_the_grid_of_steps_is_what_can_be_drawn(data: st.DataObject) -> None:
    low = data.draw(st.integers(-20, 20))
    dimension = one(type="quniform", min_value=low, max_value=low + data.draw(st.integers(1, 30)), q=2)
    grid = [dimension.nth(index) for index in range(dimension.count() or 0)]
    assert dimension.at(data.draw(UNITS)) in grid


@pytest.mark.parametrize(
    ("given_", "place", "words"),
    [
        ({"type": "choice", "values": []}, "search_space.x.values", "nothing to choose from"),
        ({"type": "uniform", "min_value": 0}, "search_space.x.max_value", "missing"),
        ({"type": "uniform", "min_value": 2, "max_value": 1}, "search_space.x.max_value", "below min_value"),
        ({"type": "loguniform", "min_value": 0, "max_value": 1000}, "search_space.x.max_value", "too large"),
        ({"type": "lognormal", "mu": 1, "sigma": 500}, "search_space.x.mu", "too large"),
        ({"type": "normal", "mu": 1, "sigma": 0}, "search_space.x.sigma", "standard deviation"),
        ({"type": "quniform", "min_value": 0, "max_value": 1, "q": 0}, "search_space.x.q", "no step"),
        ({"type": "randint", "upper": 0}, "search_space.x.upper", "upper end"),
        ({"type": "uniform", "min_value": "low", "max_value": 1}, "search_space.x.min_value", "not a number"),
        ({"type": "beta"}, "search_space.x", "not a search space"),
        (3, "search_space.x", "not a search space"),
    ],
)
def test_a_fault_is_named_with_its_place(given_: Any, place: str, words: str) -> None:
    with pytest.raises(LapisError) as caught:
        read_space({"x": given_})
    assert [(p.path, words in p.message) for p in caught.value.problems] == [(place, True)]


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "True"), (0.1, "0.1"), (1e-07, "1e-07"), (5, "5"), ("a b", "a b"), ([1, "x"], '[1, "x"]'), (None, "")],
)
def test_values_are_written_as_scripts_read_them(value: Any, text: str) -> None:
    assert as_text(value) == text
