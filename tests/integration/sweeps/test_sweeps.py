"""Sweeps on a real server, with trials that are real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lapisml.core.sweeps.plan import read_plan
from tests.integration.sweeps.conftest import Sweeps
from tests.integration.sweeps.trials import parameters, script, sweep
from tests.support.polling import eventually

CHOICES = {"x": {"type": "choice", "values": [0.1, 0.9, 0.5]}, "word": {"type": "choice", "values": ["left", "right"]}}
SCORE = 'log("accuracy", float(sys.argv[1])); open(sys.argv[2] + "/made.txt", "w").write(sys.argv[1])'


def test_a_grid_finds_its_best_trial_and_gives_its_outputs(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, SCORE) + " ${{search_space.x}} ${{outputs.model}} ${{search_space.word}}"
    made = f"echo ${{{{search_space.word}}}} > outputs/word.txt; {command}"
    document = sweep(made, CHOICES, sampling_algorithm="grid", limits={"max_total_trials": None}, outputs={"model": {}})
    name = sweeps.start(document)
    job = sweeps.wait(name, "Completed")
    trials = sweeps.trials(name)
    assert [parameters(t) for t in trials] == [
        {"x": x, "word": word} for word in ("left", "right") for x in (0.1, 0.9, 0.5)
    ]
    best = trials[1]
    assert job["properties"]["best_child_run_id"] == best["name"]
    assert float(job["properties"]["score"]) == 0.9
    assert "6 of 6 trials are over" in job["status_reason"]
    assert best["name"] in job["status_reason"]
    outputs = {o["name"]: o for o in sweeps.call("GET", f"/jobs/{name}/outputs")[1]["value"]}
    of_best = {o["name"]: o for o in sweeps.call("GET", f"/jobs/{best['name']}/outputs")[1]["value"]}
    assert outputs.keys() == of_best.keys() == {"artifacts", "model"}
    assert {o["uri"] for o in outputs.values()} == {o["uri"] for o in of_best.values()}


def test_trials_are_runs_below_the_sweeps_run(sweeps: Sweeps, tmp_path: Path) -> None:
    body = 'log("word", "as the script wrote it", kind="log-parameter"); log("accuracy", float(sys.argv[1]))'
    command = script(tmp_path, body) + " ${{search_space.x}}"
    name = sweeps.start(sweep(command, CHOICES, sampling_algorithm="grid", limits={"max_total_trials": 3}))
    sweeps.wait(name, "Completed")
    trials = sweeps.trials(name)
    assert len(trials) == 3
    for trial in trials:
        run = sweeps.run(trial["name"])
        drawn = parameters(trial)
        assert run["tags"]["mlflow.parentRunId"] == name
        assert json.loads(run["tags"]["hyperparameters"]) == drawn
        assert run["params"] == {"x": str(drawn["x"]), "word": "as the script wrote it"}
        assert run["metrics"]["accuracy"] == drawn["x"]
    parent = sweeps.run(name)
    assert parent["metrics"]["accuracy"] == 0.9
    assert parent["tags"]["best_child_run_id"] == trials[1]["name"]


@pytest.mark.parametrize("sampling", [{"type": "random", "seed": 7}, {"type": "random", "seed": 7, "rule": "sobol"}])
def test_a_seed_gives_the_same_trials(sweeps: Sweeps, tmp_path: Path, sampling: dict[str, object]) -> None:
    space = {"lr": {"type": "loguniform", "min_value": -7, "max_value": -1}, "n": {"type": "randint", "upper": 100}}
    command = script(tmp_path, 'log("accuracy", float(sys.argv[1]))') + " ${{search_space.lr}} ${{search_space.n}}"
    document = sweep(command, space, sampling_algorithm=sampling)
    drawn = []
    for _ in range(2):
        name = sweeps.start(document)
        sweeps.wait(name, "Completed")
        drawn.append([parameters(trial) for trial in sweeps.trials(name)])
    assert drawn[0] == drawn[1]
    assert drawn[0] == [read_plan(document, "any").values(number) for number in range(4)]
    assert len({trial["lr"] for trial in drawn[0]}) == 4


def test_a_bayesian_search_learns_from_what_trials_logged(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, 'log("loss", (float(sys.argv[1]) - 3) ** 2)') + " ${{search_space.x}}"
    document = sweep(
        command,
        {"x": {"type": "uniform", "min_value": -10, "max_value": 10}},
        sampling_algorithm={"type": "bayesian", "seed": 3},
        objective={"goal": "minimize", "primary_metric": "loss"},
        limits={"max_total_trials": 13, "max_concurrent_trials": 2},
    )
    name = sweeps.start(document)
    job = sweeps.wait(name, "Completed", timeout=90)
    xs = [parameters(trial)["x"] for trial in sweeps.trials(name)]
    assert len(set(xs)) == 13
    assert float(job["properties"]["score"]) == min((x - 3) ** 2 for x in xs)


def test_a_failed_trial_counts_and_the_search_goes_on(sweeps: Sweeps, tmp_path: Path) -> None:
    body = 'sys.exit(3) if sys.argv[1] == "0.9" else log("accuracy", float(sys.argv[1]))'
    command = script(tmp_path, body) + " ${{search_space.x}}"
    name = sweeps.start(sweep(command, CHOICES, sampling_algorithm="grid", limits={"max_total_trials": None}))
    job = sweeps.wait(name, "Completed")
    assert "6 of 6 trials are over (2 failed)" in job["status_reason"]
    assert float(job["properties"]["score"]) == 0.5


def test_a_sweep_whose_trials_all_fail_says_why(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, 'print("the cause", file=sys.stderr); sys.exit(4)') + " ${{search_space.x}}"
    name = sweeps.start(sweep(command, CHOICES, limits={"max_total_trials": 2}))
    job = sweeps.wait(name, "Failed")
    assert job["status_code"] == "AllTrialsFailed"
    assert "All 2 trials failed" in job["status_reason"]
    assert "the cause" in job["status_reason"]


def test_a_metric_that_nobody_logs_is_named_with_what_was_logged(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, 'log("acuracy", 0.5); log("loss", 2.0)') + " ${{search_space.x}}"
    name = sweeps.start(sweep(command, CHOICES, limits={"max_total_trials": 2}))
    job = sweeps.wait(name, "Failed")
    assert job["status_code"] == "NoMetric"
    assert "'accuracy'" in job["status_reason"]
    assert "Logged were: acuracy, loss. Did you mean 'acuracy'?" in job["status_reason"]


def test_nan_is_no_value(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, 'log("accuracy", "NaN" if sys.argv[1] == "0.9" else float(sys.argv[1]))')
    name = sweeps.start(sweep(f"{command} ${{{{search_space.x}}}}", {"x": CHOICES["x"]}, sampling_algorithm="grid"))
    job = sweeps.wait(name, "Completed")
    assert float(job["properties"]["score"]) == 0.5
    assert "1 without a value of the metric" in job["status_reason"]
    only = script(tmp_path, 'log("accuracy", "NaN")')
    name = sweeps.start(sweep(f"{only} ${{{{search_space.x}}}}", CHOICES, limits={"max_total_trials": 2}))
    job = sweeps.wait(name, "Failed")
    assert "only as NaN or infinite" in job["status_reason"]


def test_a_bandit_ends_trials_that_are_far_behind(sweeps: Sweeps, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    body = f"""
value = float(sys.argv[1])
for step in range(1, 4):
    log("accuracy", value * step, step)
while value < 0.9 and not os.path.exists({str(gate)!r}):
    time.sleep(0.02)
"""
    command = script(tmp_path, body) + " ${{search_space.x}}"
    policy = {"type": "bandit", "slack_factor": 0.2, "evaluation_interval": 1, "delay_evaluation": 2}
    document = sweep(
        command,
        {"x": {"type": "choice", "values": [0.9, 0.3, 0.89]}},
        sampling_algorithm="grid",
        early_termination=policy,
        limits={"max_total_trials": 3, "max_concurrent_trials": 3},
    )
    name = sweeps.start(document)
    try:
        stopped = eventually(
            lambda: next((t for t in sweeps.trials(name) if t["status"] == "Canceled"), None),
            30,
            what="a stopped trial",
        )
    finally:
        gate.touch()
    assert parameters(stopped)["x"] == 0.3
    assert stopped["status_code"] == "EarlyTerminated"
    assert "its best by interval" in stopped["status_reason"]
    assert "below" in stopped["status_reason"]
    job = sweeps.wait(name, "Completed")
    assert "1 stopped early" in job["status_reason"]
    states = [trial["status"] for trial in sweeps.trials(name)]
    assert states == ["Completed", "Canceled", "Completed"]


def test_the_time_limit_of_a_sweep_keeps_the_best_so_far(sweeps: Sweeps, tmp_path: Path) -> None:
    body = 'log("accuracy", float(sys.argv[1])); time.sleep(0 if sys.argv[1] == "0.1" else 600)'
    command = script(tmp_path, body) + " ${{search_space.x}}"
    limits = {"max_total_trials": 6, "max_concurrent_trials": 2, "timeout": 4}
    name = sweeps.start(sweep(command, CHOICES, sampling_algorithm="grid", limits=limits))
    job = sweeps.wait(name, "Completed")
    assert job["status_code"] == "TimeLimitReached"
    assert job["status_reason"].startswith("It reached its time limit of 4 seconds.")
    assert float(job["properties"]["score"]) == 0.1
    trials = sweeps.trials(name)
    assert {t["status_code"] for t in trials if t["status"] == "Canceled"} == {"SweepTimeLimit"}
    assert all(trial["status"] in ("Completed", "Canceled") for trial in trials)


def test_the_time_limit_of_a_trial_ends_it_and_what_it_logged_counts(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, 'log("accuracy", float(sys.argv[1])); time.sleep(600)') + " ${{search_space.x}}"
    limits = {"max_total_trials": 2, "max_concurrent_trials": 2, "trial_timeout": 2}
    name = sweeps.start(sweep(command, CHOICES, sampling_algorithm="grid", limits=limits))
    job = sweeps.wait(name, "Completed")
    assert "2 of 2 trials are over (2 stopped early)" in job["status_reason"]
    assert float(job["properties"]["score"]) == 0.9


def test_cancel_reaches_every_trial(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, "time.sleep(600)") + " ${{search_space.x}}"
    name = sweeps.start(sweep(command, CHOICES))
    eventually(lambda: [t for t in sweeps.trials(name) if t["status"] == "Running"], 30, what="a running trial")
    sweeps.call("POST", f"/jobs/{name}/cancel")
    sweeps.wait(name, "Canceled")
    trials = sweeps.trials(name)
    assert 1 <= len(trials) <= 2
    assert {trial["status"] for trial in trials} == {"Canceled"}


def test_inputs_outputs_and_a_registered_model_of_the_best_trial(sweeps: Sweeps, tmp_path: Path) -> None:
    body = 'open(sys.argv[3] + "/m.txt", "w").write(sys.argv[1] + sys.argv[2]); log("accuracy", float(sys.argv[1]))'
    command = script(tmp_path, body) + " ${{search_space.x}} ${{inputs.note}} ${{outputs.model}}"
    place = "azureml://datastores/workspaceblobstore/paths/sweeps/of-this-test/"
    asset = f"model_{tmp_path.name.replace('-', '_')[-20:]}"
    document = sweep(
        command,
        CHOICES,
        sampling_algorithm="grid",
        limits={"max_total_trials": 4},
        inputs={"note": "hello"},
        outputs={"model": {"type": "custom_model", "path": place, "name": asset}},
    )
    name = sweeps.start(document)
    job = sweeps.wait(name, "Completed")
    assert any("folder of its own name" in warning for warning in job["warnings"])
    best = job["properties"]["best_child_run_id"]
    outputs = {o["name"]: o for o in sweeps.call("GET", f"/jobs/{name}/outputs")[1]["value"]}
    assert outputs["model"]["uri"] == f"{place}{best}/"
    status, body_ = sweeps.call("GET", f"/models/{asset}/versions/1")
    assert status == 200, body_
    assert body_["path"].endswith(f"/{best}/")
    versions = sweeps.call("GET", f"/models/{asset}/versions/2")
    assert versions[0] == 404
