"""Registries and connections by raw requests: what clients send that the official SDK does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lapisml.server.app import Application, create_app
from lapisml.server.platform.files import private_folder
from lapisml.server.settings import Settings
from lapisml.server.surfaces.azure.routing import PROVIDER
from tests.support.asgi import Answer as Raw
from tests.support.asgi import call

GROUP = "/subscriptions/s-1/resourceGroups/g"
WS = f"{GROUP}/providers/{PROVIDER}/workspaces/default"
REG = f"{GROUP}/providers/{PROVIDER}/registries/shelf"
PLANE = f"/mferp/managementfrontend{REG}"
JUNK: tuple[Any, ...] = (5, True, "x", "", [1], {}, {"a": 1}, {"1": [2]}, "azureml:/", "https://h/upload-1")
CONNECTION = {
    "category": "AzureOpenAI",
    "authType": "ApiKey",
    "target": "https://x",
    "credentials": {"key": "canary"},
    "metadata": {"ApiVersion": "1", "ResourceId": "r", "a": "b"},
    "isSharedToAll": True,
}
REGISTRY = {
    "publicNetworkAccess": "Enabled",
    "description": "ours",
    "intellectualPropertyPublisher": "us",
    "managedResourceGroup": {"resourceId": "/subscriptions/s"},
    "regionDetails": [
        {
            "location": "eastus",
            "acrDetails": [{"systemCreatedAcrAccount": {"acrAccountSku": "Premium"}}],
            "storageAccountDetails": [{"systemCreatedStorageAccount": {"storageAccountHnsEnabled": False}}],
        }
    ],
}


class Answer(Raw):
    """An answer with JSON in it."""

    def json(self) -> Any:
        """Read the body."""
        return json.loads(self.body)


@dataclass
class Server:
    """The whole application, without a socket."""

    app: Application
    home: Path

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """Send one request as the owner."""
        content = b"" if body is None else json.dumps(body).encode()
        token = (self.home / "token").read_text().strip()
        headers = {"content-type": "application/json", "content-length": str(len(content))}
        address, _, query = path.partition("?")
        sent = {**headers, "authorization": f"Bearer {token}"}
        raw = call(self.app.asgi, method, address, sent, content, query)
        return Answer(raw.status, raw.headers, raw.body)

    def properties(self, method: str, path: str, properties: Any, **more: Any) -> Answer:
        """Send one request with ``properties``."""
        return self.send(method, path, {"properties": properties, **more})

    def upload(self, files: dict[str, bytes], kind: str = "models") -> str:
        """Begin an upload as clients do and lay its files there; return the container's address."""
        begun = self.send(
            "PUT", f"{PLANE}/tempdatarefs/n/versions/1", {"assetId": f"azureml://registries/shelf/{kind}"}
        )
        assert begun.status == 200, begun.body
        address = str(begun.json()["blobReferenceForConsumption"]["blobUri"])
        folder = self.home / "storage" / "@shelf" / "pending" / address.rpartition("/")[2]
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return address


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    home = tmp_path_factory.mktemp("registry-requests") / "home"
    private_folder(home)
    for name in ("run", "storage"):
        private_folder(home / name)
    made = Server(create_app(Settings(home=home), "http://localhost:8787"), home)
    assert made.properties("PUT", REG, REGISTRY, location="eastus").status == 201
    return made


def _code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


def _variants(body: Any) -> Iterator[Any]:
    """Give a body with each of its values, at any depth, replaced by junk."""
    pairs = list(body.items()) if isinstance(body, dict) else list(enumerate(body)) if isinstance(body, list) else []
    for key, value in pairs:
        for changed in [*JUNK, *_variants(value)]:
            copy: Any = dict(body) if isinstance(body, dict) else list(body)
            copy[key] = changed
            yield copy


def test_junk_in_every_place_of_a_body(server: Server) -> None:
    for path, body in ((f"{WS}/connections/c", CONNECTION), (REG, REGISTRY)):
        for method in ("PUT", "PATCH"):
            server.properties("PUT", path, body)
            for variant in [*JUNK, *_variants(body)]:
                answer = server.properties(method, path, variant)
                assert answer.status in (200, 201, 400), (path, variant, answer.body)
    for body in (None, [], 5, {}, {"properties": None}):
        assert server.send("PUT", f"{WS}/connections/c", body).status == 400


def test_unknown_registries_and_assets(server: Server) -> None:
    absent = PLANE.replace("shelf", "absent")
    for method, tail in (
        ("GET", "models"), ("GET", "models/m/versions/1"), ("PUT", "models/m/versions/1"),
        ("PUT", "codes/c/versions/1"), ("PUT", "tempdatarefs/n/versions/1"), ("POST", "datarefs/n/versions/1"),
        ("POST", "import"),
    ):  # fmt: skip
        body = {"properties": {"sourceAssetId": f"azureml:{WS}/models/m/versions/1"}, "blobUri": "x"}
        assert _code(server.send(method, f"{absent}/{tail}", None if method == "GET" else body)) == (
            404, "ResourceNotFound",
        ), tail  # fmt: skip
    assert _code(server.send("GET", f"{PLANE}/models/m/versions/1")) == (404, "ResourceNotFound")
    assert _code(server.send("GET", "/registrymanagement/v1.0/registries/absent/discovery")) == (
        404,
        "ResourceNotFound",
    )
    assert server.send("DELETE", REG.replace("shelf", "absent")).status == 204
    assert _code(server.send("PUT", REG.replace("shelf", "a"), {"location": "x"})) == (400, "ValidationError")
    assert _code(server.send("DELETE", REG.replace("shelf", "azureml"))) == (409, "Conflict")


def test_an_upload_that_is_written_twice_is_one_version(server: Server) -> None:
    address = server.upload({"model/a.txt": b"1"})
    body = {"modelUri": f"{address}/model", "modelType": "custom_model"}
    first, again = (server.properties("PUT", f"{PLANE}/models/twice/versions/1", body) for _ in range(2))
    assert (first.status, again.status) == (202, 202)
    assert first.json()["id"] == "azureml://registries/shelf/models/twice/versions/1"
    shown = first.json()["properties"]["modelUri"]
    assert shown == again.json()["properties"]["modelUri"]
    opened = server.send("POST", f"{PLANE}/datarefs/twice/versions/1", {"assetId": "x", "blobUri": shown})
    sas = opened.json()["blobReferenceForConsumption"]["credential"]["sasUri"]
    container, _, signature = sas.partition("?")
    place = shown.partition("/workspaceblobstore/")[2]
    path = container.partition("://")[2].partition("/")[2]
    read = call(server.app.asgi, "GET", f"/{path}/{place}a.txt", {}, b"", signature)
    assert (read.status, read.body) == (200, b"1")
    write = call(server.app.asgi, "PUT", f"/{path}/{place}a.txt", {"x-ms-blob-type": "BlockBlob"}, b"2", signature)
    assert write.status == 403, "the address is for reading"
    other = server.upload({"model/a.txt": b"2"})
    changed = server.properties("PUT", f"{PLANE}/models/twice/versions/1", {**body, "modelUri": f"{other}/model"})
    assert _code(changed) == (409, "Conflict")


def test_both_addresses_of_a_registrys_assets_lead_to_the_same(server: Server) -> None:
    body = {"image": "python:3.11"}
    assert server.properties("PUT", f"{REG}/environments/e/versions/1", body).status == 202
    assert server.send("GET", f"{PLANE}/environments/e/versions/1").json()["properties"]["image"] == "python:3.11"
    assert server.properties("PUT", f"{PLANE}/environments/e", {"description": "d"}).status == 201
    assert [one["name"] for one in server.send("GET", f"{REG}/environments").json()["value"]] == ["e"]
    assert server.send("DELETE", f"{REG}/environments/e/versions/1").status == 200
    for tail in ("jobs/j", "datastores", "connections", "computes"):
        assert server.send("GET", f"{REG}/{tail}").status == 404, tail


@pytest.mark.parametrize(
    "source",
    [
        "", "x", "azureml:m:1", "azureml://registries/shelf/models/m/versions/1", f"azureml:{WS}/jobs/j",
        f"azureml:{WS}/models/absent/versions/1", "azureml://locations/local/workspaces/absent/models/m/versions/1",
        "azureml://locations/local/workspaces/@shelf/models/twice/versions/1", "https://x", 5, None,
    ],
)  # fmt: skip
def test_what_cant_be_shared(server: Server, source: Any) -> None:
    given = {"sourceAssetId": source, "destinationName": "n", "destinationVersion": "1"}
    answer = server.properties("POST", f"{PLANE}/import", given)
    assert answer.status in (400, 404), answer.body


@pytest.mark.parametrize(
    "address", ["upload-" + "0" * 32, "workspaceblobstore/../../default/token", "workspaceblobstore/%2e%2e/%2e%2e/x"]
)
def test_content_that_is_nobodys(server: Server, address: str) -> None:
    uri = f"https://localhost/@shelf.blob.lapis/{address}"
    answer = server.properties("PUT", f"{PLANE}/models/stolen/versions/1", {"modelUri": uri})
    assert answer.status in (400, 404), answer.body
    opened = server.send("POST", f"{PLANE}/datarefs/n/versions/1", {"blobUri": f"https://localhost/absent/{address}"})
    assert opened.status in (400, 404), opened.body


def test_secrets_of_a_connection(server: Server) -> None:
    path = f"{WS}/connections/ai"
    made = server.properties("PUT", path, CONNECTION)
    assert made.status == 200
    assert "credentials" not in made.json()["properties"]
    changed = server.properties("PATCH", path, {"target": "https://y", "authType": "ApiKey"})
    assert changed.json()["properties"]["target"] == "https://y"
    secrets = server.send("POST", f"{path}/listSecrets").json()["properties"]
    assert secrets["credentials"] == {"key": "canary"}
    assert "canary" not in json.dumps(server.send("GET", f"{WS}/connections").json())
    assert _code(server.send("POST", f"{path}/testconnection", {})) == (400, "NotSupported")
    assert server.send("DELETE", path).status == 200
    assert server.send("DELETE", path).status == 204
    assert _code(server.send("POST", f"{path}/listsecrets")) == (404, "ResourceNotFound")
