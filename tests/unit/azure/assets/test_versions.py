"""Versions and containers of the four kinds over their addresses: create, change, list, archive, delete."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetKind
from tests.unit.azure.assets.conftest import SCOPE, Arm

STORE = "azureml://subscriptions/sub/resourcegroups/rg/workspaces/default/datastores/workspaceblobstore/paths"
MODEL = {"modelType": "custom_model", "modelUri": f"{STORE}/LocalUpload/h/m/"}
IMAGE = {"image": "python:3.11", "isAnonymous": False, "isArchived": False}
SPEC = {"type": "command", "command": "ls", "environment": f"azureml:{SCOPE}/environments/e/versions/1"}


def refused(code: ErrorCode, arm: Arm, method: str, path: str, properties: Any = None) -> LapisError:
    with pytest.raises(LapisError) as caught:
        arm.ask(method, path, properties)
    assert caught.value.code is code
    return caught.value


def names(arm: Arm, path: str) -> list[str]:
    return [entry["name"] for entry in arm.ask("GET", path)[1]["value"]]


@pytest.fixture
def models(arm: Arm) -> Arm:
    """Two versions of a model."""
    arm.world.put("azureml://datastores/workspaceblobstore/paths/LocalUpload/h/m/", {"a.bin": b"1"})
    for version in ("1", "2"):
        assert arm.ask("PUT", f"models/m/versions/{version}", MODEL)[0] == 201
    return arm


def test_a_version_as_it_is_answered(models: Arm) -> None:
    status, body = models.ask("PUT", "models/m/versions/1", {**MODEL, "tags": {"a": "b"}})
    assert status == 200
    assert body["id"] == f"{SCOPE}/models/m/versions/1"
    assert body["name"] == "1"
    assert body["systemData"]["createdBy"] == "ann"
    properties = body["properties"]
    assert properties["flavors"] == {}
    assert properties["modelUri"] == MODEL["modelUri"]
    assert properties["tags"] == {"a": "b"}
    assert properties["isArchived"] is False


def test_newest_first_and_one_alone(models: Arm) -> None:
    assert names(models, "models/m/versions") == ["2", "1"]
    assert names(models, "models/m/versions?$orderBy=createdtime desc&$top=1") == ["2"]
    assert "nextLink" not in models.ask("GET", "models/m/versions?$top=1")[1]
    assert models.ask("GET", "models/none/versions?$top=1")[1] == {"value": []}
    refused(ErrorCode.NOT_SUPPORTED, models, "GET", "models/m/versions?$orderBy=name asc")
    refused(ErrorCode.NOT_SUPPORTED, models, "GET", "models/m/versions?version=1")
    refused(ErrorCode.USAGE, models, "GET", "models/m/versions?listViewType=Some")


def test_pages(models: Arm) -> None:
    for version in range(3, 106):
        models.ask("PUT", f"models/m/versions/{version}", MODEL)
    found, path = [], "models/m/versions"
    while path:
        body = models.ask("GET", path)[1]
        found += [entry["name"] for entry in body["value"]]
        path = "models/m/versions?" + body["nextLink"].partition("?")[2] if "nextLink" in body else ""
    assert found == [str(number) for number in range(105, 0, -1)]


def test_containers(models: Arm) -> None:
    properties = models.properties("models/m")
    assert (properties["latestVersion"], properties["nextVersion"]) == ("2", "3")
    assert names(models, "models") == ["m"]
    refused(ErrorCode.NOT_FOUND, models, "GET", "models/none")
    assert models.ask("PUT", "models/new", {"description": "d", "tags": {"a": "b"}})[0] == 201
    models.ask("PUT", "models/new", {"tags": {"c": "d"}})
    assert models.properties("models/new")["tags"] == {"c": "d"}
    assert models.properties("models/new")["description"] == "d"
    assert [models.ask("DELETE", "models/new")[0] for _ in range(2)] == [200, 204]


def test_archive_by_giving_back_the_answer(models: Arm) -> None:
    shown = models.properties("models/m/versions/2")
    models.ask("PUT", "models/m/versions/2", {**shown, "isArchived": True})
    assert models.properties("models/m/versions/2")["isArchived"] is True
    assert names(models, "models/m/versions") == ["1"]
    assert names(models, "models/m/versions?listViewType=ArchivedOnly") == ["2"]
    assert set(names(models, "models/m/versions?listViewType=All")) == {"1", "2"}
    assert models.properties("models/m")["latestVersion"] == "1"
    models.ask("PUT", "models/m/versions/2", {**shown, "isArchived": False})
    assert names(models, "models/m/versions") == ["2", "1"]


def test_archived_containers(models: Arm) -> None:
    models.ask("PUT", "models/m", {**models.properties("models/m"), "isArchived": True})
    assert (names(models, "models"), names(models, "models?listViewType=ArchivedOnly")) == ([], ["m"])
    refused(ErrorCode.CONFLICT, models, "PUT", "models/m/versions/9", MODEL)
    models.ask("PUT", "models/m", {"isArchived": False})
    assert names(models, "models") == ["m"]


def test_stage_and_other_content(models: Arm) -> None:
    models.ask("PUT", "models/m/versions/1", {**MODEL, "stage": "Production"})
    assert names(models, "models/m/versions?stage=production") == ["1"]
    models.world.put("azureml://datastores/workspaceblobstore/paths/LocalUpload/other/m/", {"a.bin": b"2"})
    other = {**MODEL, "modelUri": f"{STORE}/LocalUpload/other/m/"}
    refused(ErrorCode.CONFLICT, models, "PUT", "models/m/versions/1", other)


def test_a_model_of_a_job_is_copied_and_answered_with_its_own_address(arm: Arm) -> None:
    arm.world.put("azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.j/model/", {"a": b"1"})
    body = {"modelType": "custom_model", "modelUri": "azureml://jobs/j/outputs/artifacts/paths/model/"}
    assert arm.ask("PUT", "models/j/versions/1", body)[0] == 201
    shown = arm.properties("models/j/versions/1")
    assert shown["modelUri"].startswith(f"{STORE}/azureml/models/j/")
    assert shown["jobName"] == "j"
    assert arm.ask("PUT", "models/j/versions/1", body)[0] == 200, "the same again is the same version"
    assert arm.ask("PUT", "models/j/versions/1", {**shown, "isArchived": True})[0] == 200


def test_deleted(models: Arm) -> None:
    assert [models.ask("DELETE", "models/m/versions/1")[0] for _ in range(2)] == [200, 204]
    refused(ErrorCode.NOT_FOUND, models, "GET", "models/m/versions/1")


def test_packages_are_refused(models: Arm) -> None:
    refused(ErrorCode.NOT_SUPPORTED, models, "POST", "models/m/versions/1/package", {})


def test_data(arm: Arm) -> None:
    arm.world.put("azureml://datastores/workspaceblobstore/paths/LocalUpload/h/d/", {"a.csv": b"1"})
    body = {"dataType": "uri_folder", "dataUri": "azureml://datastores/workspaceblobstore/paths/LocalUpload/h/d/"}
    assert arm.ask("PUT", "data/d/versions/1", body)[0] == 201
    assert arm.properties("data/d/versions/1")["dataUri"] == f"{STORE}/LocalUpload/h/d/"
    container = arm.properties("data/d")
    assert (container["dataType"], container["latestVersion"]) == ("uri_folder", "1")
    arm.world.assets.containers.set_label(arm.world.ws, AssetKind.DATA, "d", "gold", "1")
    assert arm.ask("GET", "data/d/labels/gold")[1]["id"] == f"{SCOPE}/data/d/versions/1"
    refused(ErrorCode.DOCUMENT_INVALID, arm, "PUT", "data/d/versions/2", {**body, "dataType": "uri_fil"})


def test_environments(arm: Arm) -> None:
    assert arm.ask("PUT", "environments/e/versions/1", IMAGE)[0] == 201
    assert arm.ask("PUT", "environments/e/versions/1", {**IMAGE, "tags": {"a": "b"}})[0] == 200
    refused(ErrorCode.CONFLICT, arm, "PUT", "environments/e/versions/1", {**IMAGE, "image": "other"})
    created = arm.world.assets.create(
        arm.world.ws,
        AssetKind.ENVIRONMENTS,
        {"name": "r", "requirements": ["a==1"]},
        "ann",
    )
    shown = arm.properties(f"environments/r/versions/{created.version}")
    assert arm.ask("PUT", "environments/r/versions/1", {**shown, "isArchived": True})[0] == 200
    assert names(arm, "environments") == ["e"]


def test_curated_environments(arm: Arm) -> None:
    name = "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu"
    found = arm.ask("GET", f"environments/{name}/labels/latest")[1]
    assert found["properties"]["environmentType"] == "Curated"
    assert found["name"].isdigit()
    assert names(arm, f"environments/{name}/versions?$top=1") == [found["name"]]
    assert arm.properties(f"environments/{name}")["latestVersion"] == found["name"]
    assert names(arm, "environments/none/versions") == []
    shown = {**found["properties"], "isArchived": True}
    refused(ErrorCode.NOT_SUPPORTED, arm, "PUT", f"environments/{name}/versions/{found['name']}", shown)


def test_what_nobody_named_is_never_listed(arm: Arm) -> None:
    body = {**IMAGE, "isAnonymous": True}
    path = "environments/CliV2AnonymousEnvironment/versions/abc"
    assert [arm.ask("PUT", path, body)[0] for _ in range(2)] == [201, 200]
    shown = arm.properties(path)
    assert (shown["isAnonymous"], shown["isArchived"]) == (True, False)
    assert names(arm, "environments") == []


def test_components(arm: Arm) -> None:
    arm.ask("PUT", "environments/e/versions/1", IMAGE)
    body = {"componentSpec": SPEC, "properties": {"client_component_hash": "h"}}
    for version in ("1", "2"):
        assert arm.ask("PUT", f"components/c/versions/{version}", body)[0] == 201
    found = arm.ask("GET", "components/c/versions/azureml_default")[1]
    assert found["name"] == "2"
    assert found["properties"]["properties"] == {"client_component_hash": "h"}
    spec = found["properties"]["componentSpec"]
    assert (spec["environment"], spec["name"], spec["version"]) == (SPEC["environment"], "c", "2")
    arm.world.assets.containers.set_label(arm.world.ws, AssetKind.COMPONENTS, "c", "default", "1")
    assert arm.ask("GET", "components/c/versions/azureml_default")[1]["name"] == "1"
    missing = {"componentSpec": {**SPEC, "environment": f"azureml:{SCOPE}/environments/none/versions/1"}}
    refused(ErrorCode.REFERENCE_NOT_FOUND, arm, "PUT", "components/c/versions/3", missing)
    refused(ErrorCode.REFERENCE_NOT_FOUND, arm, "PUT", "components/c/versions/3", {
        "componentSpec": {**SPEC, "code": f"azureml:{SCOPE}/codes/none/versions/1"}})  # fmt: skip
    refused(ErrorCode.DOCUMENT_INVALID, arm, "PUT", "components/c/versions/3", {})
    refused(ErrorCode.NOT_SUPPORTED, arm, "PUT", "components/c/versions/3", {
        "componentSpec": {"type": "automl", "task": "classification"}})  # fmt: skip


def test_where_content_lies(models: Arm) -> None:
    asked = [f"{SCOPE}/models/m/versions/1", "azureml:m:2"]
    found = models.ask("POST", "modelregistry/v1.0/WS/models/batchGetResolvedUris", body={"values": asked})[1]
    assert {key: value["path"] for key, value in found["values"].items()} == dict.fromkeys(asked, MODEL["modelUri"])
    models.world.put("azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.j/", {"a": b"1"})
    asked = ["azureml://jobs/j/outputs/artifacts/paths/a"]
    found = models.ask("POST", "data/v1.0/WS/dataversion/batchGetResolvedUris", body={"values": asked})[1]
    assert found["values"][asked[0]]["uri"].endswith("workspaceartifactstore/paths/ExperimentRun/dcid.j/a")
    refused(ErrorCode.USAGE, models, "POST", "data/v1.0/WS/dataversion/batchGetResolvedUris", {})
