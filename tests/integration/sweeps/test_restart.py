"""Sweeps over a server that is killed, and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lapisml.core.sweeps.plan import read_plan
from tests.conftest import ServerFactory
from tests.integration.sweeps.conftest import Sweeps
from tests.integration.sweeps.trials import parameters, script, sweep
from tests.support.polling import eventually

SPACE = {"x": {"type": "uniform", "min_value": 0, "max_value": 1}, "n": {"type": "randint", "upper": 9}}
TRIALS = 8


def _over(sweeps: Sweeps, name: str) -> int:
    return sum(trial["status"] == "Completed" for trial in sweeps.trials(name))


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
def test_no_trial_is_lost_doubled_or_drawn_twice(start_server: ServerFactory, tmp_path: Path, algorithm: str) -> None:
    server = start_server()
    sweeps = Sweeps(server)
    marks = tmp_path / "marks"
    command = script(tmp_path, 'log("accuracy", float(sys.argv[1]))')
    run = f"echo ${{{{search_space.x}}}} >> {marks}; {command} ${{{{search_space.x}}}} ${{{{search_space.n}}}}"
    document = sweep(
        run, SPACE, sampling_algorithm={"type": algorithm, "seed": 4},
        limits={"max_total_trials": TRIALS, "max_concurrent_trials": 2},
    )  # fmt: skip
    name = sweeps.start(document)
    for least in (0, 2, 5):
        eventually(lambda least=least: _over(sweeps, name) >= least, 60, what=f"{least} trials that are over")
        server.kill9()
        server.start()
    job = sweeps.wait(name, "Completed", timeout=90)
    trials = sweeps.trials(name)
    assert [trial["step"] for trial in trials] == [str(number) for number in range(TRIALS)]
    assert {trial["status"] for trial in trials} == {"Completed"}
    drawn = [parameters(trial) for trial in trials]
    if algorithm == "random":
        assert drawn == [read_plan(document, name).values(number) for number in range(TRIALS)]
    ran = Counter(marks.read_text().split())
    assert ran == Counter(str(values["x"]) for values in drawn)
    assert max(ran.values()) == 1
    assert float(job["properties"]["score"]) == max(values["x"] for values in drawn)


def test_a_policy_goes_on_after_a_restart(start_server: ServerFactory, tmp_path: Path) -> None:
    server = start_server()
    sweeps = Sweeps(server)
    gate = tmp_path / "gate"
    body = f"""
value = float(sys.argv[1])
log("accuracy", value, 1)
while not os.path.exists({str(gate)!r}):
    time.sleep(0.02)
log("accuracy", value, 2)
time.sleep(0 if value > 0.5 else 600)
"""
    command = script(tmp_path, body) + " ${{search_space.x}}"
    document = sweep(
        command, {"x": {"type": "choice", "values": [0.1, 0.9]}}, sampling_algorithm="grid",
        early_termination={"type": "median_stopping", "evaluation_interval": 1, "delay_evaluation": 2},
        limits={"max_total_trials": 2, "max_concurrent_trials": 2},
    )  # fmt: skip
    name = sweeps.start(document)
    eventually(lambda: [t["status"] for t in sweeps.trials(name)] == ["Running"] * 2, 60, what="two running trials")
    server.kill9()
    gate.touch()
    server.start()
    job = sweeps.wait(name, "Completed")
    assert [(t["status"], t["status_code"]) for t in sweeps.trials(name)] == [
        ("Canceled", "EarlyTerminated"),
        ("Completed", "Succeeded"),
    ]
    assert float(job["properties"]["score"]) == 0.9


@pytest.mark.postgres
def test_a_sweep_on_postgresql(start_server: ServerFactory, postgres_url: str, tmp_path: Path) -> None:
    sweeps = Sweeps(start_server({"LAPIS_DATABASE_URL": postgres_url}))
    body = '[log("accuracy", float(sys.argv[1]) * step, step) for step in (1, 2)]'
    command = script(tmp_path, body) + " ${{search_space.x}}"
    document = sweep(
        command, SPACE, sampling_algorithm="bayesian",
        early_termination={"type": "truncation_selection", "truncation_percentage": 20, "delay_evaluation": 5},
    )  # fmt: skip
    name = sweeps.start(document)
    job = sweeps.wait(name, "Completed")
    drawn = [parameters(trial)["x"] for trial in sweeps.trials(name)]
    assert len(set(drawn)) == 4
    assert float(job["properties"]["score"]) == pytest.approx(2 * max(drawn))
