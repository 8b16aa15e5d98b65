"""What enters the key of a step, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.reuse.service import ReuseService
from tests.unit.reuse.steps import STORE, Steps, command

DATA = {"type": "uri_folder", "path": f"{STORE}/data"}
BASE = command(
    inputs={"data": DATA, "lr": 0.1},
    outputs={"model": {"type": "uri_folder"}},
    environment_variables={"A": "1"},
    compute="azureml:local",
)


@pytest.fixture
def steps_(plain: Steps) -> Steps:
    plain.write(f"{STORE}/data", {"a.csv": b"1"})
    plain.write(f"{STORE}/other", {"a.csv": b"1"})
    return plain


def _digest(steps: Steps, document: dict[str, Any]) -> str:
    key = steps.reuse.key(steps.ws, document)
    assert key.unknown == {}
    return key.digest


SAME = {
    "nothing": {},
    "compute": {"compute": "serverless"},
    "display name": {"display_name": "x"},
    "tags": {"tags": {"a": "b"}, "description": "d", "properties": {"p": "q"}},
    "experiment": {"experiment_name": "e", "name": "job-1"},
    "limits": {"limits": {"timeout": 10}},
    "priority": {"queue_settings": {"priority": "high"}, "services": {"s": {"type": "jupyter_lab"}}},
    "size of the machine": {"resources": {"instance_type": "big", "instance_count": 1}},
    "identity": {"identity": {"type": "managed"}},
    "data elsewhere": {"inputs": {"data": {**DATA, "path": f"{STORE}/other/"}, "lr": 0.1}},
    "a number as text": {"inputs": {"data": DATA, "lr": "0.1"}},
    "a literal as a mapping": {"inputs": {"data": DATA, "lr": {"type": "number", "value": 0.1}}},
    "the usual mode": {"inputs": {"data": {**DATA, "mode": "ro_mount"}, "lr": 0.1}},
    "an input without a value": {"inputs": {"data": DATA, "lr": 0.1, "extra": None}},
    "deterministic": {"is_deterministic": True},
    "name of the environment": {"environment": {"image": "python", "name": "e", "version": "3", "description": "d"}},
}
OTHER = {
    "command": {"command": "echo ${{outputs.model}} 2"},
    "code": {"code": "azureml://codes/" + "a" * 64},
    "environment": {"environment": {"image": "python:3.12"}},
    "conda file": {"environment": {"image": "python", "conda_file": {"dependencies": ["pip"]}}},
    "literal": {"inputs": {"data": DATA, "lr": 0.2}},
    "further literal": {"inputs": {"data": DATA, "lr": 0.1, "extra": "x"}},
    "type of data": {"inputs": {"data": {**DATA, "type": "mltable"}, "lr": 0.1}},
    "mode of data": {"inputs": {"data": {**DATA, "mode": "download"}, "lr": 0.1}},
    "one file of the data": {"inputs": {"data": {"type": "uri_file", "path": f"{STORE}/data/a.csv"}, "lr": 0.1}},
    "name of an input": {"inputs": {"data2": DATA, "lr": 0.1}},
    "type of an output": {"outputs": {"model": {"type": "mlflow_model"}}},
    "place of an output": {"outputs": {"model": {"type": "uri_folder", "path": f"{STORE}/here/"}}},
    "name to register": {"outputs": {"model": {"type": "uri_folder", "name": "m"}}},
    "further output": {"outputs": {"model": {"type": "uri_folder"}, "more": {}}},
    "environment variable": {"environment_variables": {"A": "2"}},
    "nodes": {"resources": {"instance_count": 2}},
    "distribution": {"distribution": {"type": "pytorch", "process_count_per_instance": 2}},
    "type": {"type": "spark"},
    "a key that is new some day": {"new_key": 1},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_has_no_effect_does_not_enter_the_key(steps_: Steps, change: dict[str, Any]) -> None:
    assert _digest(steps_, {**BASE, **change}) == _digest(steps_, BASE)


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_what_has_an_effect_enters_the_key(steps_: Steps, change: dict[str, Any]) -> None:
    assert _digest(steps_, {**BASE, **change}) != _digest(steps_, BASE)


def test_all_these_keys_differ(steps_: Steps) -> None:
    assert len({_digest(steps_, {**BASE, **change}) for change in OTHER.values()}) == len(OTHER)


def test_the_parts_are_for_people(steps_: Steps) -> None:
    parts = steps_.reuse.key(steps_.ws, BASE).parts
    assert parts["command"] == "echo ${{outputs.model}}"
    assert parts["inputs.lr"] == "0.1"
    assert parts["inputs.data"].startswith("sha256 ")
    assert (parts["inputs.data.type"], parts["inputs.data.mode"]) == ("uri_folder", "ro_mount")
    assert parts["outputs.model"] == "uri_folder"
    assert parts["environment"].startswith("sha256 ")
    assert parts["environment_variables.A"] == "1"
    long = steps_.reuse.key(steps_.ws, command(command="x" * 1000)).parts["command"]
    assert long.startswith("sha256 ")


def test_data_enters_by_its_content_at_this_moment(steps_: Steps) -> None:
    before = _digest(steps_, BASE)
    steps_.write(f"{STORE}/data", {"a.csv": b"2"})
    changed = _digest(steps_, BASE)
    steps_.write(f"{STORE}/data", {"a.csv": b"1"})
    assert (changed != before, _digest(steps_, BASE) == before) == (True, True)


def test_a_file_enters_with_its_own_name(steps_: Steps) -> None:
    steps_.write(f"{STORE}/data", {"b.csv": b"1"})
    keys = [
        steps_.reuse.key(steps_.ws, command(inputs={"x": {"type": "uri_file", "path": f"{STORE}/data/{name}"}}))
        for name in ("a.csv", "b.csv")
    ]
    assert keys[0].parts["inputs.x"] == keys[1].parts["inputs.x"]
    assert keys[0].digest != keys[1].digest


def test_an_address_that_is_handed_over_as_such_enters(steps_: Steps) -> None:
    def direct(path: str) -> str:
        return _digest(steps_, command(inputs={"x": {**DATA, "mode": "direct", "path": f"{STORE}/{path}"}}))

    assert direct("data") != direct("other")


def test_the_output_of_a_step_enters_by_its_content(steps_: Steps) -> None:
    files = {"model/w": b"1"}
    first = steps_.run(steps_.pipeline("p1"), "train", command(), files)
    second = steps_.run(steps_.pipeline("p2"), "train", command(command="echo other > ${{outputs.model}}"), files)
    keys = [
        _digest(steps_, command(inputs={"m": {"type": "uri_folder", "path": f"azureml://jobs/{job}/outputs/model"}}))
        for job in (first, second)
    ]
    assert keys[0] == keys[1]


def test_a_registered_environment_enters_by_what_it_holds(steps_: Steps) -> None:
    def create(name: str, image: str, **more: Any) -> str:
        document = {"name": name, "image": image, **more}
        made = steps_.world.assets.create(steps_.ws, AssetKind.ENVIRONMENTS, document, "ann")
        return f"azureml:{made.name}:{made.version}"

    one, same, other = create("a", "python"), create("b", "python", description="d"), create("a", "python:3.12")
    keys = [
        _digest(steps_, command(environment=e)) for e in (one, same, other, {"image": "python"}, "azureml:a@latest")
    ]
    assert keys[0] == keys[1] == keys[3]
    assert keys[2] == keys[4] != keys[0]


def test_how_strictly_environments_are_honoured_enters(steps_: Steps) -> None:
    world = steps_.world
    host = ReuseService(world.database, world.clock, world.assets, world.storage, steps_.jobs.service, "host")
    assert host.key(steps_.ws, BASE).digest != _digest(steps_, BASE)


def test_the_key_of_a_submitted_job_is_that_of_its_document(steps_: Steps) -> None:
    steps_.world.assets.create(steps_.ws, AssetKind.ENVIRONMENTS, {"name": "e", "image": "python"}, "ann")
    document = {
        **BASE,
        "environment": "azureml:e@latest",
        "inputs": {"data": {"path": f"{STORE}/data"}, "n": 1, "flag": True, "x": {"value": 2.0}},
        "outputs": {"model": None},
        "resources": {"instance_count": 1},
    }
    name = steps_.start(steps_.pipeline("p"), "train", document)
    kept = steps_.jobs.service.get(steps_.ws, name).document
    assert _digest(steps_, kept) == _digest(steps_, document)


SWEEP = {
    "type": "sweep",
    "trial": {"command": "train ${{search_space.lr}}", "environment": {"image": "python"}},
    "inputs": {"data": DATA},
    "search_space": {"lr": {"type": "choice", "values": [1, 2]}},
    "sampling_algorithm": "random",
    "objective": {"goal": "minimize", "primary_metric": "loss"},
    "limits": {"max_total_trials": 2},
}


@pytest.mark.parametrize(
    "change",
    [
        {"trial": {**SWEEP["trial"], "command": "train2"}},  # type: ignore[dict-item]
        {"trial": {**SWEEP["trial"], "environment": {"image": "other"}}},  # type: ignore[dict-item]
        {"search_space": {"lr": {"type": "choice", "values": [1, 3]}}},
        {"limits": {"max_total_trials": 3}},
        {"objective": {"goal": "maximize", "primary_metric": "loss"}},
        {"sampling_algorithm": "grid"},
    ],
)
def test_settings_of_a_sweep_enter_its_key(steps_: Steps, change: dict[str, Any]) -> None:
    assert _digest(steps_, {**SWEEP, **change}) != _digest(steps_, SWEEP)
    named = {**SWEEP, "trial": {**SWEEP["trial"], "name": "t", "version": "1"}}  # type: ignore[dict-item]
    assert _digest(steps_, named) == _digest(steps_, SWEEP)


def test_a_trial_that_is_a_component_enters_by_what_it_holds(steps_: Steps) -> None:
    component = {"name": "train_it", "type": "command", **SWEEP["trial"]}  # type: ignore[dict-item]
    made = steps_.world.assets.create(steps_.ws, AssetKind.COMPONENTS, component, "ann")
    by_name = {**SWEEP, "trial": f"azureml:{made.name}:{made.version}"}
    assert _digest(steps_, by_name) == _digest(steps_, SWEEP)


def test_a_pipeline_has_no_key_of_its_own(steps_: Steps) -> None:
    assert not steps_.reuse.key(steps_.ws, {"type": "pipeline", "jobs": {}}).is_whole


@pytest.mark.parametrize(
    ("change", "part", "word"),
    [
        ({"environment": "azureml:nothing:1"}, "environment", "nothing"),
        ({"inputs": {"x": {"type": "uri_file", "path": "azureml:none:1"}}}, "inputs.x", "none"),
        ({"inputs": {"x": {"type": "uri_folder", "path": "azureml://jobs/j/outputs/o"}}}, "inputs.x", "no output"),
    ],
)
def test_what_can_not_be_known_is_named(steps_: Steps, change: dict[str, Any], part: str, word: str) -> None:
    key = steps_.reuse.key(steps_.ws, {**BASE, **change})
    assert list(key.unknown) == [part]
    assert word in key.unknown[part]
