"""Datastores over the addresses of Azure's resource manager."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import ContainerClient

from tests.support.server import LapisServer

WS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/default"
OWN = ["workspaceartifactstore", "workspaceblobstore", "workspacefilestore", "workspaceworkingdirectory"]


def _ask(server: LapisServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    status, found = server.request(method, f"{WS}/datastores{path}", body)
    return status, found


def _names(body: dict[str, Any]) -> list[str]:
    return [store["name"] for store in body["value"]]


def test_lists(shared_server: LapisServer) -> None:
    assert _names(_ask(shared_server, "GET", "?isDefault=true&count=30")[1]) == ["workspaceblobstore"]
    chosen = ",".join(OWN)
    ordered = _ask(shared_server, "GET", f"?names={chosen}&orderBy=name&orderByAsc=true")[1]
    assert _names(ordered) == OWN
    assert _names(_ask(shared_server, "GET", f"?names={chosen}&orderBy=name")[1]) == OWN[::-1]
    assert _names(_ask(shared_server, "GET", "?searchText=blobst")[1]) == ["workspaceblobstore"]
    seen, path = [], f"{WS}/datastores?names={chosen}&count=3"
    while path:
        body = shared_server.request("GET", path)[1]
        seen.append(len(body["value"]))
        link = urlsplit(body.get("nextLink") or "")
        path = f"{link.path}?{link.query}" if link.path else ""
    assert seen == [3, 1]
    assert _ask(shared_server, "GET", "?orderBy=size")[0] == 400


@pytest.fixture
def store(shared_server: LapisServer) -> Iterator[str]:
    """A datastore of this test's own."""
    name = "made_over_arm"
    account = _ask(shared_server, "GET", "/workspaceblobstore")[1]["properties"]["accountName"]
    body = {"datastoreType": "AzureBlob", "accountName": account, "containerName": name, "tags": {"a": "1"}}
    status, made = _ask(shared_server, "PUT", f"/{name}?skipValidation=true", {"properties": body})
    assert (status, made["properties"]["tags"]) == (201, {"a": "1"})
    yield name
    assert _ask(shared_server, "DELETE", f"/{name}")[0] == 200
    assert _ask(shared_server, "DELETE", f"/{name}")[0] == 204


def test_a_store_is_made_shown_opened_and_forgotten(shared_server: LapisServer, store: str) -> None:
    status, found = _ask(shared_server, "GET", f"/{store}")
    assert (status, found["id"]) == (200, f"{WS}/datastores/{store}")
    assert found["type"] == "Microsoft.MachineLearningServices/workspaces/datastores"
    assert found["systemData"]["createdBy"]
    sent_back = {"properties": {**found["properties"], "description": "mine"}}
    status, again = _ask(shared_server, "PUT", f"/{store}", sent_back)
    assert (status, again["properties"]["description"]) == (200, "mine")

    secrets = _ask(shared_server, "POST", f"/{store}/listSecrets", {"expirableSecret": True, "expireAfterHours": 1})[1]
    assert secrets["secretsType"] == "Sas"
    shown = found["properties"]
    url = f"http://{shown['accountName']}.blob.{shown['endpoint']}/{shown['containerName']}?{secrets['sasToken']}"
    with ContainerClient.from_container_url(url, retry_total=0) as client:
        client.upload_blob("a/b.txt", b"hello")
    kept = shared_server.home / "storage" / "default" / "datastores" / store / "a" / "b.txt"
    assert kept.read_bytes() == b"hello"


def test_what_is_refused(shared_server: LapisServer) -> None:
    lake = {"datastoreType": "AzureDataLakeGen2", "accountName": "a", "filesystem": "f"}
    assert _ask(shared_server, "PUT", "/arm_lake", {"properties": lake})[0] == 201
    cases = [
        ("GET", "/nothing", None, 404, "ResourceNotFound"),
        ("POST", "/nothing/listSecrets", {}, 404, "ResourceNotFound"),
        ("POST", "/arm_lake/listSecrets", {}, 400, "NotSupported"),
        ("POST", "/workspaceblobstore/listSecrets", {"expireAfterHours": 0}, 400, "ValidationError"),
        ("POST", "/workspaceblobstore/listSecrets", {"expireAfterHours": "x"}, 400, "ValidationError"),
        ("DELETE", "/workspaceblobstore", None, 409, "Conflict"),
        ("PUT", "/workspaceblobstore", {"properties": lake}, 409, "Conflict"),
        ("PUT", "/new", {"properties": {"datastoreType": "AzureBlob"}}, 400, "ValidationError"),
        ("PUT", "/new", {"properties": {"datastoreType": "OneLake"}}, 400, "NotSupported"),
        ("PUT", "/new", {"properties": []}, 400, "InvalidRequestContent"),
        ("PUT", "/new", [], 400, "InvalidRequestContent"),
    ]
    for method, path, body, status, code in cases:
        found = _ask(shared_server, method, path, body)
        assert (found[0], found[1]["error"]["code"]) == (status, code), (method, path, body)
    assert _ask(shared_server, "DELETE", "/arm_lake")[0] == 200
