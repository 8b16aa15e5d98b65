"""Bodies of jobs and our documents say the same, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import registry
from lapisml.server.surfaces.azure.nouns.jobs.documents import read_job, write_job
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from tests.unit.azure.jobs.bodies import (
    BODIES,
    CODE,
    DIGEST,
    ENVIRONMENT,
    FULL_COMMAND,
    PIPELINE,
    SCOPE,
    SWEEP,
    command,
)

REFERENCES = References(SCOPE, code_of=lambda code_id: f"azureml://codes/{code_id.split('/')[-3]}")


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return dict(registry.parse("job", read_job(body, REFERENCES)).to_dict())


@pytest.mark.parametrize("name", BODIES)
def test_what_is_read_is_a_document_and_writing_it_loses_nothing(name: str) -> None:
    document = plain(BODIES[name])
    written = write_job(document, REFERENCES)
    assert plain(written) == document
    assert write_job(plain(written), REFERENCES) == written


@pytest.mark.parametrize("name", [name for name, body in BODIES.items() if body["jobType"] in ("Command", "Spark")])
def test_a_body_comes_back_as_it_was_sent(name: str) -> None:
    written = write_job(plain(BODIES[name]), REFERENCES)
    sent = {key: value for key, value in BODIES[name].items() if value not in ({}, None, False)}
    assert {key: written[key] for key in sent} == sent


def test_a_command_says_everything() -> None:
    assert plain(FULL_COMMAND) == {
        "type": "command",
        "display_name": "dn",
        "description": "de",
        "experiment_name": "exp",
        "tags": {"aKey": "b", "alone": None},
        "properties": {"someKey": "q"},
        "compute": "azureml:cpu",
        "command": "python main.py ${{inputs.x}}",
        "code": f"azureml://codes/{DIGEST}",
        "environment": "azureml:e:1",
        "inputs": {
            "x": "1",
            "d": {"type": "uri_folder", "path": "azureml:d:1", "mode": "download"},
            "m": {"type": "mlflow_model", "path": "azureml:m:2"},
            "j": {"type": "custom_model", "path": "azureml://jobs/J/outputs/artifacts/paths/model/"},
            "u": {"type": "uri_file", "path": "https://example.org/x.csv", "mode": "ro_mount"},
        },
        "outputs": {
            "o": {"type": "uri_folder"},
            "p": {
                "type": "mltable",
                "path": "azureml://datastores/ws/paths/x",
                "mode": "upload",
                "name": "registered",
                "version": "3",
            },
        },
        "environment_variables": {"MY_VAR": "1"},
        "distribution": {"type": "pytorch", "process_count_per_instance": 2},
        "identity": {"type": "user_identity"},
        "resources": {
            "instance_count": 2,
            "instance_type": "STANDARD_D2",
            "shm_size": "2g",
            "docker_args": "--x",
            "locations": ["a"],
            "properties": {"someKey": 1},
        },
        "limits": {"timeout": 100},
        "services": {
            "jl": {"type": "jupyter_lab", "nodes": "all"},
            "ss": {"type": "ssh", "ssh_public_keys": "k"},
            "tb": {"type": "tensor_board", "port": 6006, "log_dir": "l"},
            "vs": {"type": "vs_code"},
        },
        "queue_settings": {"job_tier": "spot", "priority": "low"},
    }


def test_a_search_space_keeps_what_is_within_its_choices() -> None:
    space = plain(SWEEP)["search_space"]
    assert space["lr"] == {"type": "uniform", "min_value": 0.1, "max_value": 0.9}
    assert space["r"] == {"type": "randint", "upper": 5}
    rate = {"type": "loguniform", "min_value": -6, "max_value": -1}
    assert space["nested"]["values"] == [{"kind": "sgd", "rate": rate}, {"kind": "adam"}]


def test_nodes_keep_what_they_say() -> None:
    document = plain(PIPELINE)
    assert document["settings"] == {
        "default_compute": "azureml:cpu",
        "default_datastore": "azureml:ws",
        "continue_on_step_failure": True,
        "force_rerun": True,
    }
    assert document["inputs"] == {"d": {"type": "uri_folder", "path": "azureml:d:2"}, "a": "3"}
    assert document["jobs"]["plain"] == {
        "type": "command",
        "component": "azureml:c:1",
        "compute": "azureml:cpu",
        "display_name": "2nd",
        "description": "says what it does",
        "tags": {"aKey": "v"},
        "inputs": {
            "a": "${{parent.inputs.a}}",
            "d": {"path": "${{parent.inputs.d}}", "mode": "download"},
            "e": {"type": "uri_folder", "path": "azureml:d:1", "mode": "direct"},
        },
        "outputs": {
            "out": {"type": "uri_folder", "mode": "upload", "name": "registered", "version": "4"},
            "last": "${{parent.outputs.final}}",
        },
        "identity": {"type": "user_identity"},
        "environment_variables": {"MY_VAR": "${{parent.inputs.a}}"},
        "resources": {"instance_count": 2, "instance_type": "x"},
        "limits": {"timeout": 30},
        "distribution": {"type": "pytorch", "process_count_per_instance": 1},
        "queue_settings": {"job_tier": "spot", "priority": "high"},
    }
    assert document["jobs"]["batches"]["partition_keys"] == ["k"]
    assert "task" not in document["jobs"]["batches"]
    assert document["jobs"]["search"]["trial"] == "azureml:c:1"
    assert document["jobs"]["search"]["early_termination"]["type"] == "median_stopping"


def test_words_of_older_clients_are_read_too() -> None:
    body = command(
        inputs={
            "d": {"jobInputType": "UriFolder", "uri": "azureml:d:1"},
            "x": {"jobInputType": "Literal", "value": "2"},
        },
        computeId="serverless",
    )
    document = plain(body)
    assert document["inputs"] == {"d": {"type": "uri_folder", "path": "azureml:d:1"}, "x": "2"}
    assert document["compute"] == "azureml:serverless"
    assert write_job(document, REFERENCES)["computeId"] == "serverless"


def test_a_job_of_the_servers_own_machine_is_not_taken_for_one_of_the_clients() -> None:
    assert "computeId" not in write_job(plain(command(computeId=f"{SCOPE}/computes/local")), REFERENCES)


def test_an_asset_of_another_workspace_is_left_as_it_is() -> None:
    other = ENVIRONMENT.replace("/workspaces/w/", "/workspaces/other/")
    assert read_job(command(environmentId=other), REFERENCES)["environment"] == other
    registered = "azureml://registries/r/environments/e/versions/1"
    document = plain(command(environmentId=registered))
    assert write_job(document, REFERENCES)["environmentId"] == registered


def test_a_code_id_becomes_what_the_code_is() -> None:
    assert read_job(command(codeId=CODE), REFERENCES)["code"] == f"azureml://codes/{DIGEST}"
    assert write_job(plain(command(codeId=CODE)), REFERENCES)["codeId"] == CODE


def test_what_stands_in_a_document_has_an_id_of_its_content() -> None:
    inline = {"image": "ubuntu"}
    document = {"type": "command", "command": "x", "environment": inline}
    first = write_job(document, REFERENCES)["environmentId"]
    assert first.startswith(f"{SCOPE}/environments/CliV2AnonymousEnvironment/versions/")
    assert write_job({**document, "environment": dict(inline)}, REFERENCES)["environmentId"] == first
    assert write_job({**document, "environment": {"image": "debian"}}, REFERENCES)["environmentId"] != first


def test_a_trial_that_is_a_component_shows_its_command() -> None:
    component = {"type": "command", "command": "train", "environment": "azureml:e:1"}
    references = References(SCOPE, component_of=lambda reference: component if reference == "azureml:c:1" else None)
    written = write_job({**plain(SWEEP), "trial": "azureml:c:1"}, references)
    assert written["trial"] == {"command": "train", "environmentId": ENVIRONMENT}


def test_a_mini_batch_job_is_shown_as_a_pipeline_of_one_step() -> None:
    document = {
        "type": "parallel",
        "experiment_name": "e",
        "input_data": "${{inputs.d}}",
        "inputs": {"d": {"type": "uri_folder", "path": "azureml:d:1"}},
        "task": {"type": "run_function", "entry_script": "m.py", "environment": "azureml:e:1"},
    }
    written = write_job(document, REFERENCES)
    assert (written["jobType"], list(written["jobs"])) == ("Pipeline", ["parallel"])
    assert written["jobs"]["parallel"]["type"] == "parallel"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"jobType": "AutoML"}, ErrorCode.NOT_SUPPORTED, "AutoML jobs are not delivered yet"),
        ({"jobType": "FineTuning"}, ErrorCode.NOT_SUPPORTED, "ine-tuning jobs are not delivered"),
        ({"jobType": "Labeling"}, ErrorCode.NOT_SUPPORTED, "abeling jobs are not delivered"),
        ({"jobType": "Comand"}, ErrorCode.DOCUMENT_INVALID, "Comand"),
        ({}, ErrorCode.DOCUMENT_INVALID, "jobType"),
        (command(notificationSetting={"emails": ["a@b"]}), ErrorCode.NOT_SUPPORTED, "notified"),
        (command(comand="x"), ErrorCode.DOCUMENT_INVALID, "comand"),
        (command(inputs=["x"]), ErrorCode.DOCUMENT_INVALID, "properties.inputs"),
        (command(limits={"timeout": "tomorrow"}), ErrorCode.DOCUMENT_INVALID, "tomorrow"),
        ({**SWEEP, "searchSpace": {"a": ["unifrom", [1, 2]]}}, ErrorCode.DOCUMENT_INVALID, "searchSpace.a"),
        ({**SWEEP, "searchSpace": {"a": ["uniform", [1]]}}, ErrorCode.DOCUMENT_INVALID, "searchSpace.a"),
    ],
)
def test_what_can_not_be_is_refused(body: dict[str, Any], code: ErrorCode, words: str) -> None:
    with pytest.raises(LapisError) as refused:
        read_job(body, REFERENCES)
    said = [str(refused.value), *(f"{problem.message} {problem.path}" for problem in refused.value.problems)]
    assert refused.value.code == code
    assert words in " ".join(said)


def test_a_key_that_a_step_does_not_know_is_refused_by_the_document() -> None:
    body = {**PIPELINE, "jobs": {"a": {"type": "command", "componentId": "x", "colour": "red"}}}
    with pytest.raises(LapisError) as refused:
        plain(body)
    assert any("colour" in problem.message for problem in refused.value.problems)
