"""Batch endpoints and deployments are kept, and what can't be run is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.batch_endpoints.conftest import ENVIRONMENT, World

ALONE: dict[str, Any] = {"type": "model", "model": "azureml:tree@latest", "compute": "azureml:cluster"}
COMMAND = {"type": "command", "command": "true", "environment": {"image": "python"}}


@pytest.fixture(scope="module")
def endpoint(world: World) -> str:
    """The path of an endpoint with two deployments."""
    world.put("batch-endpoints/kept", {"name": "kept", "tags": {"a": "1"}})
    for name in ("blue", "green"):
        world.put(f"batch-endpoints/kept/deployments/{name}", {**ALONE, "name": name})
    return "batch-endpoints/kept"


def test_records_have_the_documents_keys(world: World, endpoint: str) -> None:
    _, record = world.request("GET", endpoint)
    assert (record["auth_mode"], record["provisioning_state"], record["defaults"]) == ("aad_token", "Succeeded", {})
    assert record["scoring_uri"].endswith("/batch-endpoints/kept/jobs")
    _, deployment = world.request("GET", f"{endpoint}/deployments/blue")
    assert (deployment["model"], deployment["endpoint_name"]) == ("azureml:tree:1", "kept")
    _, found = world.request("GET", f"{endpoint}/deployments?limit=1")
    assert [one["name"] for one in found["value"]] == ["blue"]
    _, found = world.request("GET", f"{endpoint}/deployments?limit=1&token={found['next']}")
    assert [one["name"] for one in found["value"]] == ["green"]
    again = world.put(f"{endpoint}/deployments/blue", {**deployment})
    assert again["creation_context"] == deployment["creation_context"]


def test_the_default_is_chosen_named_and_kept(world: World, endpoint: str) -> None:
    data = {"x": {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/nothing/"}}
    status, answer = world.request("POST", f"{endpoint}/invoke", {"inputs": data})
    assert status == 409, answer
    assert "no default" in answer["error"]["message"]
    document = {"name": "kept", "defaults": {"deployment_name": "red"}}
    status, answer = world.request("PUT", endpoint, document)
    assert status == 422
    assert "blue or green" in str(answer)
    world.put(endpoint, {"name": "kept", "defaults": {"deployment_name": "green"}})
    status, _ = world.request("DELETE", f"{endpoint}/deployments/green")
    assert status == 409
    status, _ = world.request("DELETE", f"{endpoint}/deployments/blue")
    assert status == 204
    status, _ = world.request("GET", f"{endpoint}/deployments/blue")
    assert status == 404


def test_a_model_in_use_stays(world: World, endpoint: str) -> None:
    status, answer = world.request("DELETE", "models/tree/versions/1")
    assert status == 409
    assert "batch endpoint 'kept'" in answer["error"]["message"]
    world.put("batch-endpoints/other", {"name": "other"})
    assert world.request("DELETE", "batch-endpoints/other")[0] == 204
    assert world.request("GET", "batch-endpoints/other")[0] == 404


def test_what_can_not_be_run_is_refused_with_its_place(world: World, endpoint: str) -> None:
    _, job = world.request("PUT", "jobs/not-a-pipeline", {"document": COMMAND})
    assert job["type"] == "command"
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({**ALONE, "model": "azureml:gone:1"}, "gone", "ReferenceNotFound"),
        ({**ALONE, "compute": "azureml:gone"}, "compute", "ReferenceNotFound"),
        ({**ALONE, "resources": {"instance_count": 9}}, "resources.instance_count", "ReferenceNotFound"),
        ({**ALONE, "settings": {"output_action": "summary_only"}}, "settings.output_action", "NotSupported"),
        ({**ALONE, "settings": {"output_file_name": "a/b"}}, "settings.output_file_name", "DocumentInvalid"),
        ({"type": "model", "compute": "azureml:cluster"}, "model", "DocumentInvalid"),
        ({"type": "pipeline", "component": "azureml:gone:1"}, "gone", "ReferenceNotFound"),
        ({"type": "pipeline", "job_definition": "azureml:gone"}, "job_definition", "ReferenceNotFound"),
        ({"type": "pipeline", "job_definition": "azureml:not-a-pipeline"}, "job_definition", "DocumentInvalid"),
        (
            {**ALONE, "environment": ENVIRONMENT, "code_configuration": {"code": "./x", "scoring_script": "a.py"}},
            "code_configuration.code",
            "DocumentInvalid",
        ),
    ]
    for document, place, code in cases:
        status, answer = world.request("PUT", f"{endpoint}/deployments/bad", {**document, "name": "bad"})
        assert status == 422, (document, answer)
        assert answer["error"]["code"] == code, (document, answer)
        assert place in str(answer), (document, answer)
    assert world.request("GET", f"{endpoint}/deployments/bad")[0] == 404


def test_what_is_not_there_is_not_found(world: World, endpoint: str) -> None:
    for method, path in (
        ("GET", "batch-endpoints/gone"),
        ("GET", "batch-endpoints/gone/jobs"),
        ("GET", f"{endpoint}/deployments/gone/jobs"),
        ("DELETE", f"{endpoint}/deployments/gone"),
    ):
        assert world.request(method, path)[0] == 404, path
    assert world.request("POST", f"{endpoint}/invoke", {"deployment_name": "gone", "inputs": {}})[0] == 404
    assert world.request("POST", f"{endpoint}/invoke", {"inputs": 3})[0] == 422


def test_the_scoring_uri_takes_azures_form(world: World, endpoint: str) -> None:
    world.put("batch-endpoints/azure", {"name": "azure"})
    for name in ("one", "two"):
        world.put(f"batch-endpoints/azure/deployments/{name}", {**ALONE, "name": name})
    place = "azureml://datastores/workspaceblobstore/paths/nothing/"
    body = {"properties": {"InputData": {"x": {"JobInputType": "UriFolder", "Uri": place}}, "MiniBatchSize": 3}}
    path = "/api/v1/workspaces/default/batch-endpoints/azure/jobs"
    headers = {"azureml-model-deployment": "two"}
    status, job = world.server.request("POST", path, body, headers=headers)
    assert status == 200, job
    assert job["properties"]["lapis.batch_deployment"] == "two"
    assert job["inputs"] == {"x": {"type": "uri_folder", "path": place}}
    assert job["jobs"]["batchscoring"]["mini_batch_size"] == "3"
    assert world.server.request("GET", f"{path}/{job['name']}")[1]["name"] == job["name"]
    assert world.request("GET", "batch-endpoints/azure/jobs/not-a-pipeline")[0] == 404
    ended = world.ended(job["name"])
    assert ended["status"] == "Failed"
    assert "there is no" in ended["status_reason"]
