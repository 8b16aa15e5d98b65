"""Importance finds what decides a sweep's results, whatever kind of parameter it is."""

from __future__ import annotations

import random

import pytest

from lapisml.core.sweeps.plan import read_plan
from lapisml.core.sweeps.progress import TrialPhase
from lapisml.server.features.sweeps.importance import FEWEST, flat, importance
from lapisml.server.features.sweeps.store import Trial

SPACE = {
    "rate": {"type": "loguniform", "min_value": -7.0, "max_value": 0.0},
    "noise": {"type": "uniform", "min_value": 0.0, "max_value": 1.0},
    "word": {"type": "choice", "values": ["good", "bad", None]},
}


def trials(count: int, decides: str) -> list[Trial]:
    chance = random.Random(3)
    made = []
    for number in range(count):
        drawn = {"rate": 10 ** chance.uniform(-3, 0), "noise": chance.random(), "word": chance.choice(["good", "bad"])}
        score = {"rate": -abs(drawn["rate"] - 0.01), "word": float(drawn["word"] == "good")}[decides]
        made.append(Trial(number, f"t{number}", drawn, phase=TrialPhase.COMPLETED, score=score))
    return made


@pytest.mark.parametrize("decides", ["rate", "word"])
@pytest.mark.parametrize("maximize", [True, False])
def test_what_decides_comes_first(decides: str, maximize: bool) -> None:
    goal = "maximize" if maximize else "minimize"
    plan = read_plan({"search_space": SPACE, "objective": {"goal": goal, "primary_metric": "m"}}, "s")
    results = trials(80, decides)
    if not maximize:
        for trial in results:
            trial.score = -(trial.score or 0.0)
    found = importance(plan, results)
    assert next(iter(found)) == decides
    assert set(found) == set(SPACE)
    assert sum(found.values()) == pytest.approx(1)


def test_nothing_is_said_of_few_results_and_of_what_never_varied() -> None:
    plan = read_plan({"search_space": SPACE, "objective": {"goal": "maximize", "primary_metric": "m"}}, "s")
    results = trials(FEWEST, "rate")
    assert importance(plan, results[1:]) == {}
    for trial in results:
        trial.parameters["word"] = "good"
    assert set(importance(plan, results)) == {"rate", "noise"}
    results[0].phase, results[1].score = TrialPhase.FAILED, float("nan")
    assert importance(plan, results) == {}


def test_parameters_within_others_are_named_by_their_path() -> None:
    assert flat({"lr": 0.1, "model": {"kind": "tree", "depth": {"of": 3}}}) == {
        "lr": 0.1,
        "model.kind": "tree",
        "model.depth.of": 3,
    }
