"""Draws depend on the seed and the number alone; Sobol's points are those of the reference."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from scipy.stats import kstest, qmc

from lapisml.core.errors import LapisError
from lapisml.core.sweeps import sobol
from lapisml.core.sweeps.drawing import RandomDraw
from lapisml.core.sweeps.plan import read_plan

SPACE = {"lr": {"type": "loguniform", "min_value": -5, "max_value": 0}, "k": {"type": "choice", "values": ["a", "b"]}}


def document(**keys: object) -> dict[str, object]:
    return {
        "search_space": SPACE,
        "objective": {"goal": "Maximize", "primary_metric": "m"},
        "limits": {"max_total_trials": 8},
        **keys,
    }


def test_sobol_is_the_reference_sequence_shifted() -> None:
    reference = qmc.Sobol(sobol.MOST_AXES, scramble=False, bits=sobol.BITS).random(128)
    for axis in range(sobol.MOST_AXES):
        shift = Random(f"5/{axis}").getrandbits(sobol.BITS)
        ours = [int(sobol.point(n, axis, 5) * 2**sobol.BITS) ^ shift for n in range(128)]
        assert ours == (reference[:, axis] * 2**sobol.BITS).astype(int).tolist()


def test_sobol_is_more_even_than_chance() -> None:
    even = np.array([[sobol.point(n, axis, 1) for axis in range(3)] for n in range(64)])
    chance = np.array([[RandomDraw(1, n).unit(str(axis)) for axis in range(3)] for n in range(64)])
    assert qmc.discrepancy(even) < qmc.discrepancy(chance) / 2


def test_random_coordinates_are_uniform_and_independent() -> None:
    drawn = np.array([[RandomDraw(3, n).unit(axis) for axis in ("a", "b")] for n in range(2000)])
    assert kstest(drawn[:, 0], "uniform").pvalue > 0.001
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.08
    assert len(set(drawn[:, 0])) == 2000


@pytest.mark.parametrize("rule", ["random", "sobol"])
def test_a_seed_decides_and_another_name_does_not_matter(rule: str) -> None:
    sampling = {"type": "random", "seed": 11, "rule": rule}
    one, two = (read_plan(document(sampling_algorithm=sampling), name) for name in ("first", "second"))
    assert [one.values(n) for n in range(8)] == [two.values(n) for n in reversed(range(8))][::-1]
    other = read_plan(document(sampling_algorithm={**sampling, "seed": 12}), "first")
    assert [one.values(n) for n in range(8)] != [other.values(n) for n in range(8)]


def test_without_a_seed_the_name_decides() -> None:
    plans = [read_plan(document(), name) for name in ("a", "a", "b")]
    assert plans[0].values(0) == plans[1].values(0) != plans[2].values(0)


def test_the_order_of_parameters_does_not_matter() -> None:
    turned = document(search_space=dict(reversed(SPACE.items())))
    for sampling in ({"type": "random", "seed": 1, "rule": "sobol"}, "random", "grid"):
        space = {"k": SPACE["k"], "n": {"type": "randint", "upper": 3}} if sampling == "grid" else SPACE
        plans = [
            read_plan(document(search_space=dict(items), sampling_algorithm=sampling), "n")
            for items in (space.items(), reversed(list(space.items())))
        ]
        assert [plans[0].values(n) for n in range(4)] == [plans[1].values(n) for n in range(4)]
    assert list(read_plan(turned, "n").values(0)) == ["k", "lr"]


def test_a_grid_ends_with_its_last_combination() -> None:
    space = {"k": {"type": "choice", "values": [1, 2, 3]}}
    grid = document(search_space=space, sampling_algorithm="grid", limits={"max_total_trials": 50})
    assert read_plan(grid, "n").total == 3
    assert read_plan({**grid, "limits": {"max_total_trials": 2}}, "n").total == 2
    assert read_plan({**grid, "limits": {}}, "n").total == 3


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"sampling_algorithm": "grid"}, "search_space.lr"),
        ({"limits": {"max_total_trials": "many"}}, "limits.max_total_trials"),
        ({"limits": {"max_total_trials": 4, "timeout": 0}}, "limits.timeout"),
        ({"sampling_algorithm": {"type": "random", "logbase": 1}}, "sampling_algorithm.logbase"),
        ({"sampling_algorithm": {"type": "random", "logbase": "two"}}, "sampling_algorithm.logbase"),
        ({"early_termination": {"type": "bandit"}}, "early_termination"),
        (
            {"early_termination": {"type": "bandit", "slack_factor": 1, "slack_amount": 1}},
            "early_termination.slack_amount",
        ),
        ({"early_termination": {"type": "bandit", "slack_factor": -1}}, "early_termination.slack_factor"),
        (
            {"early_termination": {"type": "truncation_selection", "truncation_percentage": 100}},
            "early_termination.truncation_percentage",
        ),
        ({"early_termination": {"type": "hyperband"}}, "early_termination.type"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_at_its_place(keys: dict[str, object], place: str) -> None:
    with pytest.raises(LapisError) as caught:
        read_plan(document(**keys), "n")
    assert [problem.path for problem in caught.value.problems] == [place]


def test_too_many_axes_for_sobol_are_refused() -> None:
    space = {f"x{n}": {"type": "uniform", "min_value": 0, "max_value": 1} for n in range(sobol.MOST_AXES + 1)}
    with pytest.raises(LapisError, match="Sobol"):
        read_plan(document(search_space=space, sampling_algorithm={"type": "random", "rule": "sobol"}), "n")
