"""What is refused before a sweep begins, and the forms that a trial may have."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sweeps.conftest import Sweeps
from tests.integration.sweeps.trials import parameters, script, sweep

X = {"x": {"type": "choice", "values": [0.1, 0.9]}}
RATE = {"rate": {"type": "uniform", "min_value": 0, "max_value": 1}}


@pytest.mark.parametrize(
    ("document", "path", "words"),
    [
        (sweep("echo ${{search_space.rat}}", RATE), "trial.command", "rat"),
        (sweep("echo", RATE, compute="azureml:nowhere"), "compute", "no compute 'nowhere'"),
        (sweep("echo", RATE, trial={"environment": "azureml:gone:1"}), "trial.environment", "gone"),
        (sweep("echo", RATE, trial={"code": "azureml://codes/" + "0" * 64}), "trial.code", "no code snapshot"),
        (sweep("echo", RATE, sampling_algorithm="grid"), "search_space.rate", "grid"),
        (
            sweep("echo ${{search_space.m.deep}}", {"m": {"type": "choice", "values": [{"deep": 1}, "flat"]}}),
            "trial.command",
            "every option",
        ),
        (
            sweep("echo", {"m": {"type": "choice", "values": [{"deep": {"type": "randint", "upper": 0}}]}}),
            "search_space.m.values[0].deep.upper",
            "upper end",
        ),
        ({**sweep("echo", RATE), "trial": "azureml:gone:1"}, "trial", "gone"),
        (sweep("echo ${{inputs.data}}", RATE, inputs={"data": {"path": "azureml:none:1"}}), "inputs.data.path", "none"),
    ],
)
def test_a_fault_is_found_before_anything_runs(sweeps: Sweeps, document: dict[str, Any], path: str, words: str) -> None:
    error = sweeps.refused(document)
    found = [(p["path"], p["message"]) for p in error["problems"]]
    assert any(place.startswith(path) and words in message for place, message in found), found


def test_a_parameter_that_nobody_uses_is_a_warning(sweeps: Sweeps) -> None:
    status, body = sweeps.call("PUT", "/jobs/unused?validate_only=true", {"document": sweep("echo", RATE)})
    assert status == 200, body
    assert any("'rate' is searched" in warning for warning in body.get("warnings", [])), body


def test_a_choice_with_a_space_of_its_own(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, 'log("accuracy", len(sys.argv)); print(*sys.argv[1:])')
    models = [{"kind": "forest", "depth": {"type": "randint", "upper": 2}}, {"kind": "linear"}]
    document = sweep(
        command + " ${{search_space.model.kind}} $[[--depth ${{search_space.model.depth}}]]",
        {"model": {"type": "choice", "values": models}},
        sampling_algorithm="grid",
        limits={"max_total_trials": None},
    )
    name = sweeps.start(document)
    sweeps.wait(name, "Completed")
    printed = [sweeps.printed(trial["name"]).decode().strip() for trial in sweeps.trials(name)]
    assert printed == ["forest --depth 0", "forest --depth 1", "linear"]


def test_the_trial_is_a_component_of_the_workspace(sweeps: Sweeps, tmp_path: Path) -> None:
    body = 'log("accuracy", float(sys.argv[1])); print(*sys.argv[1:])'
    component = f"train_{uuid.uuid4().hex[:8]}"
    document = {
        "name": component,
        "version": "1",
        "type": "command",
        "command": script(tmp_path, body) + " ${{inputs.x}} ${{inputs.epochs}} $[[${{inputs.note}}]]",
        "environment": {"image": "python"},
        "inputs": {
            "x": {"type": "number"},
            "epochs": {"type": "integer", "default": 5},
            "note": {"type": "string", "optional": True},
        },
    }
    status, answer = sweeps.call("POST", "/components", document)
    assert status in (200, 201), answer
    asked = {**sweep("", X, sampling_algorithm="grid", limits={"max_total_trials": 2})}
    asked["trial"] = f"azureml:{component}@latest"
    name = sweeps.start(asked)
    job = sweeps.wait(name, "Completed")
    assert job["trial"] == f"azureml:{component}:1"
    trials = sweeps.trials(name)
    assert [sweeps.printed(trial["name"]).split() for trial in trials] == [[b"0.1", b"5"], [b"0.9", b"5"]]
    assert [parameters(trial)["x"] for trial in trials] == [0.1, 0.9]


def test_the_same_sweep_under_one_name_is_one_sweep(sweeps: Sweeps, tmp_path: Path) -> None:
    command = script(tmp_path, 'log("accuracy", 1.0)') + " ${{search_space.x}}"
    document = sweep(command, X, limits={"max_total_trials": 2})
    name = sweeps.start(document)
    assert sweeps.start(document, name) == name
    sweeps.wait(name, "Completed")
    assert len(sweeps.trials(name)) == 2
