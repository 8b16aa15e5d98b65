"""The document of a trial."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.sweeps.reading import read_space
from lapisml.core.sweeps.spaces import first_of_each
from lapisml.server.features.sweeps.trial_documents import (
    expression_faults,
    own_path,
    place_in_sweep,
    substituted,
    trial_document,
    unused,
)

TRIAL: dict[str, Any] = {
    "command": "train --lr ${{search_space.lr}} --data ${{inputs.data}} --out ${{outputs.model}}",
    "environment": "azureml:env:1",
    "code": "azureml://codes/abc",
    "environment_variables": {"LR": "${{ search_space.lr }}"},
}
SWEEP: dict[str, Any] = {
    "type": "sweep",
    "trial": TRIAL,
    "compute": "cpu",
    "inputs": {"data": {"type": "uri_file", "path": "azureml:d:1"}},
    "outputs": {"model": {"type": "custom_model", "name": "best", "version": "3", "mode": "upload"}},
    "resources": {"instance_count": 2},
    "queue_settings": {"priority": "high"},
}


def test_a_trial_is_a_command_job_with_its_values() -> None:
    made = trial_document(SWEEP, TRIAL, {"lr": 0.25, "flag": True}, "s--0", 60)
    assert made == {
        "type": "command",
        "command": "train --lr 0.25 --data ${{inputs.data}} --out ${{outputs.model}}",
        "environment": "azureml:env:1",
        "code": "azureml://codes/abc",
        "environment_variables": {"LR": "0.25"},
        "inputs": {"data": {"type": "uri_file", "path": "azureml:d:1"}},
        "outputs": {"model": {"type": "custom_model", "mode": "upload"}},
        "resources": {"instance_count": 2},
        "queue_settings": {"priority": "high"},
        "compute": "cpu",
        "limits": {"timeout": 60},
        "tags": {"hyperparameters": '{"lr": 0.25, "flag": true}'},
    }


def test_parameters_are_inputs_of_a_component() -> None:
    component = {
        "command": "train ${{inputs.lr}} ${{inputs.epochs}} ${{inputs.data}} $[[--note ${{inputs.note}}]]",
        "inputs": {
            "lr": {"type": "number"},
            "epochs": {"type": "integer", "default": 5},
            "data": {"type": "uri_folder", "mode": "ro_mount"},
            "note": {"type": "string", "optional": True},
        },
        "outputs": {"model": {"type": "mlflow_model"}, "score": {"type": "number"}},
        "environment": "azureml:env:1",
    }
    made = trial_document({**SWEEP, "inputs": {"data": {"path": "azureml:d:1"}}}, component, {"lr": 0.5}, "s--1")
    assert made["inputs"] == {
        "lr": 0.5,
        "epochs": 5,
        "data": {"type": "uri_folder", "mode": "ro_mount", "path": "azureml:d:1"},
    }
    assert made["outputs"]["model"]["type"] == "custom_model"
    assert "score" not in made["outputs"]


def test_a_parameter_that_the_command_takes_as_an_input() -> None:
    made = trial_document({"inputs": {}}, {"command": "x ${{inputs.lr}}", "environment": "e"}, {"lr": 3}, "s--0")
    assert made["inputs"] == {"lr": "3"}


@pytest.mark.parametrize(
    ("path", "kind", "made"),
    [
        ("azureml://datastores/b/paths/a/", "uri_folder", "azureml://datastores/b/paths/a/s--3/"),
        ("azureml://datastores/b/paths/a", "custom_model", "azureml://datastores/b/paths/a/s--3/"),
        ("azureml://datastores/b/paths/a/m.pkl", "uri_file", "azureml://datastores/b/paths/a/s--3/m.pkl"),
        ("azureml://datastores/b/paths/${{name}}/a", "uri_folder", "azureml://datastores/b/paths/${{name}}/a"),
    ],
)
def test_trials_do_not_write_into_one_place(path: str, kind: str, made: str) -> None:
    assert own_path(path, kind, "s--3") == made


def test_an_optional_part_goes_when_its_parameter_has_no_value() -> None:
    text = "a $[[--depth ${{search_space.m.depth}}]] ${{search_space.m.kind}} $[[${{inputs.x}}]]"
    assert substituted(text, {"m.kind": "tree", "m.depth": "3"}) == "a $[[--depth 3]] tree $[[${{inputs.x}}]]"
    assert substituted(text, {"m.kind": "none"}) == "a  none $[[${{inputs.x}}]]"


def test_expressions_that_nothing_answers_are_found() -> None:
    space = read_space(
        {
            "rate": {"type": "uniform", "min_value": 0, "max_value": 1},
            "m": {"type": "choice", "values": [{"kind": "a", "depth": 1}, {"kind": "b"}]},
        }
    )
    samples = list(first_of_each(space))
    component = {
        "command": "${{search_space.rat}} ${{search_space.m.depth}} $[[${{search_space.m.depth}}]] "
        "${{search_space.m.kind}}",
        "environment_variables": {"E": "${{search_space.other}}"},
    }
    found = list(expression_faults(component, samples))
    assert [problem.path for problem in found] == [
        "trial.command",
        "trial.command",
        "trial.environment_variables.E",
    ]
    assert found[0].suggestion == "${{search_space.rate}}"
    assert "every option" in found[1].message
    assert unused({}, component, space) == ["rate"]


def test_places_lead_back_into_the_sweep() -> None:
    assert place_in_sweep("code", True) == "trial.code"
    assert place_in_sweep("environment.image", True) == "trial.environment.image"
    assert place_in_sweep("command", False) == "trial"
    assert place_in_sweep("inputs.data.path", True) == "inputs.data.path"
    assert place_in_sweep("compute", True) == "compute"
    assert place_in_sweep("limits.timeout", True) == "limits.trial_timeout"
