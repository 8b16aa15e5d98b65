"""What an invocation makes of a deployment."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import registry
from lapisml.server.features.batch_endpoints import asked
from lapisml.server.features.batch_endpoints.invocation import STEP, job_document

DATA = {"type": "uri_folder", "path": "azureml:heart@latest"}
DEPLOYMENT: dict[str, Any] = {
    "name": "blue",
    "endpoint_name": "heart",
    "compute": "azureml:cluster",
    "resources": {"instance_count": 2},
    "settings": {"mini_batch_size": 2, "retry_settings": {"timeout": 300}, "environment_variables": {"A": "1"}},
}
MODEL: dict[str, Any] = {
    "kind": "mlflow",
    "model": "azureml:heart:1",
    "model_type": "mlflow_model",
    "environment": {"conda_file": {"dependencies": ["python=3.11"]}},
}
SCRIPT = {**MODEL, "kind": "script", "code": "azureml://codes/abc", "script": "score.py"}
PIPELINE: dict[str, Any] = {
    "kind": "pipeline",
    "job": {"type": "pipeline", "component": "azureml:prepare:1", "settings": {"default_compute": "cluster"}},
    "inputs": {"data": {"type": "uri_folder"}, "mode": {"type": "string", "default": "append"}},
    "outputs": {"scores": {"type": "uri_folder"}},
}


def made(runs: dict[str, Any], body: dict[str, Any], deployment: dict[str, Any] = DEPLOYMENT) -> dict[str, Any]:
    document = job_document("heart", deployment, runs, asked.read(body))
    registry.parse("job", document)
    return document


def refused(runs: dict[str, Any], body: dict[str, Any]) -> LapisError:
    with pytest.raises(LapisError) as caught:
        made(runs, body)
    return caught.value


def test_a_model_scores_with_what_its_deployment_says_and_the_defaults() -> None:
    job = made(MODEL, {"inputs": {"UriFolder": DATA}})
    step = job["jobs"][STEP]
    assert job["inputs"] == {"UriFolder": DATA}
    assert (job["experiment_name"], job["display_name"]) == ("heart", "heart-blue")
    assert step["resources"] == {"instance_count": 2}
    assert (step["mini_batch_size"], step["max_concurrency_per_instance"], step["error_threshold"]) == ("2", 1, -1)
    assert step["retry_settings"] == {"max_retries": 3, "timeout": 300}
    assert step["environment_variables"] == {"A": "1"}
    assert step["task"]["type"] == "model"
    assert step["task"]["program_arguments"] == "--append_row_file_name predictions.csv"
    assert step["inputs"]["model"] == {"type": "mlflow_model", "path": "azureml:heart:1"}


def test_an_invocation_wins_over_its_deployment() -> None:
    body = {
        "inputs": {"x": DATA},
        "outputs": {"score": {"path": "azureml://datastores/d/paths/out", "type": "uri_folder"}},
        "mini_batch_size": "20",
        "instance_count": 5,
        "output_file_name": "a b.csv",
        "experiment_name": "nightly",
        "tags": {"a": "b"},
        "retry_settings": {"max_retries": 0},
    }
    job = made(MODEL, body)
    step = job["jobs"][STEP]
    assert (step["mini_batch_size"], step["resources"]["instance_count"]) == ("20", 5)
    assert step["task"]["program_arguments"] == "--append_row_file_name 'a b.csv'"
    assert step["retry_settings"]["max_retries"] == 0
    assert job["outputs"]["score"]["path"] == "azureml://datastores/d/paths/out/"
    assert (job["experiment_name"], job["tags"]) == ("nightly", {"a": "b"})


def test_a_script_that_writes_files_itself_collects_nothing() -> None:
    deployment = {**DEPLOYMENT, "settings": {"output_action": "summary_only"}}
    task = made(SCRIPT, {"inputs": {"x": DATA}}, deployment)["jobs"][STEP]["task"]
    assert "append_row_to" not in task
    assert (task["type"], task["entry_script"]) == ("run_function", "score.py")


def test_a_pipeline_gets_its_inputs_by_name() -> None:
    job = made(PIPELINE, {"inputs": {"data": DATA, "mode": {"type": "string", "default": "new"}}})
    assert job["inputs"] == {"data": DATA, "mode": "new"}
    assert job["component"] == "azureml:prepare:1"
    assert "inputs" not in made(PIPELINE, {})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "no input"),
        ({"inputs": {"a": DATA, "b": DATA}}, "2 inputs"),
        ({"inputs": {"a": 3}}, "it is a value"),
        ({"inputs": {"a": {"type": "mlflow_model", "path": "azureml:m:1"}}}, "can't be scored"),
        ({"inputs": {"a": DATA}, "outputs": {"x": {}, "y": {}}}, "one output"),
        ({"inputs": {"a": DATA}, "mini_batch_size": 0}, "from 1"),
        ({"inputs": {"a": DATA}, "mini_batch_size": True}, "from 1"),
        ({"inputs": {"a": DATA}, "mini_batchsize": 3}, "did you mean `mini_batch_size`"),
        ({"inputs": {"a": DATA}, "output_file_name": "../x"}, "not the name of a file"),
        ({"inputs": {"a": DATA}, "output_action": "print"}, "append_row or summary_only"),
        ({"inputs": ["a"]}, "not a mapping"),
        ({"inputs": {"a": DATA}, "outputs": {"score": "x"}}, "not a mapping"),
        ({"inputs": {"a": DATA}, "job_name": "a/b"}, "can't be a job's name"),
    ],
)
def test_what_an_invocation_of_a_model_may_not_ask(body: dict[str, Any], words: str) -> None:
    error = refused(MODEL, body)
    assert error.code is ErrorCode.DOCUMENT_INVALID
    assert words in str(error)


def test_a_pipeline_refuses_what_it_does_not_declare() -> None:
    assert "did you mean `data`" in str(refused(PIPELINE, {"inputs": {"dat": DATA}}))
    assert "no output `score`" in str(refused(PIPELINE, {"outputs": {"score": {}}}))
    assert refused(PIPELINE, {"mini_batch_size": 3}).code is ErrorCode.NOT_SUPPORTED
