"""Assets, datastores, uploads and downloads over HTTP, against a real server."""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from lapisml.documents.manifest import Manifest, ManifestFile
from tests.conftest import ServerFactory
from tests.support.server import LapisServer

CANARY = "canary-5e1f/9key=="


@dataclass
class Api:
    """The native API of a workspace."""

    server: LapisServer
    ws: str = "default"

    def send(
        self, method: str, path: str, body: Any = None, raw: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        url = f"{self.server.url}/api/v1/workspaces/{self.ws}/{path}"
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        sent = {"Authorization": f"Bearer {self.server.token}", "Content-Type": "application/json", **(headers or {})}
        if raw is not None:
            sent["Content-Type"] = "application/octet-stream"
        request = urllib.request.Request(url, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def json(self, method: str, path: str, body: Any = None) -> Any:
        status, _, content = self.send(method, path, body)
        assert status in (200, 201, 204), content
        return json.loads(content) if content else None

    def error(self, method: str, path: str, body: Any = None, raw: bytes | None = None) -> tuple[int, dict[str, Any]]:
        status, _, content = self.send(method, path, body, raw)
        assert status >= 400, content
        assert str(self.server.home) not in content.decode()
        found: dict[str, Any] = json.loads(content)["error"]
        return status, found

    def upload(self, files: dict[str, bytes], purpose: str = "data", basename: str = "folder") -> str:
        by_hash = {hashlib.sha256(c).hexdigest(): c for c in files.values()}
        manifest = Manifest.of(ManifestFile(n, len(c), hashlib.sha256(c).hexdigest()) for n, c in files.items())
        body = {"manifest": manifest.to_dict(), "purpose": purpose, "basename": basename}
        answer = self.json("POST", "uploads", body)
        for sha256 in answer["missing"]:
            assert self.send("PUT", f"uploads/blobs/{sha256}", raw=by_hash[sha256])[0] == 204
        done = self.json("POST", f"uploads/{answer['digest']}/complete", body)
        assert done["missing"] == []
        return str(done["uri"])


@pytest.fixture(scope="module")
def api(shared_server: LapisServer) -> Api:
    return Api(shared_server)


def test_the_life_of_a_data_asset(api: Api) -> None:
    uri = api.upload({"diabetes.csv": b"a,b\n1,2\n"}, basename="diabetes.csv")
    made = api.json("POST", "data", {"$schema": "x", "name": "life", "path": uri, "tags": {"k": "v"}, "version": 3})
    assert (made["version"], made["type"], made["tags"]) == ("3", "uri_file", {"k": "v"})
    assert made["id"].endswith("/workspaces/default/data/life/versions/3")
    assert made["creation_context"]["created_at"].endswith("+00:00")
    assert api.json("POST", "data", {"name": "life", "path": uri})["version"] == "4"
    assert api.json("GET", "data/life/versions/3") == made
    assert api.json("POST", "data", made)["version"] == "3"
    assert api.json("GET", "data/life/labels/latest")["version"] == "4"
    assert [v["version"] for v in api.json("GET", "data/life/versions")["value"]] == ["4", "3"]
    assert [v["version"] for v in api.json("GET", "data?name=life&tag=k%3Dv")["value"]] == ["3"]
    changed = api.json("PATCH", "data/life/versions/3", {"description": "d", "tags": {"n": 1}})
    assert (changed["description"], changed["tags"]) == ("d", {"n": "1"})
    kept = api.json("PATCH", "data/life/versions/3/tags", {"team": "blue", "n": None, "gone": None})
    assert (kept["description"], kept["tags"]) == ("d", {"team": "blue"})
    for wrong in ({"team": 1}, {"": "x"}, {"k" * 256: "x"}, {str(n): "x" for n in range(201)}):
        assert api.error("PATCH", "data/life/versions/3/tags", wrong)[0] == 422
    assert api.error("PATCH", "environments/AzureML-sklearn-1.5/versions/1/tags", {"a": "b"})[0] == 422
    api.json("POST", "data/life/versions/4/archive")
    assert api.json("GET", "data/life/labels/latest")["version"] == "3"
    api.json("POST", "data/life/archive")
    assert "life" not in [v["name"] for v in api.json("GET", "data")["value"]]
    assert "life" in [v["name"] for v in api.json("GET", "data?archived=archived")["value"]]
    api.json("POST", "data/life/restore")
    api.json("POST", "data/life/versions/4/restore")
    page = api.json("GET", "data/life/versions?limit=1")
    assert [v["version"] for v in api.json("GET", f"data/life/versions?limit=1&token={page['next']}")["value"]] == ["3"]
    _, headers, content = api.send("GET", "content/file?uri=azureml:life:3", headers={"Range": "bytes=4-"})
    assert content == b"1,2\n"
    assert headers["content-range" if "content-range" in headers else "Content-Range"] == "bytes 4-7/8"


def test_bad_documents_point(api: Api) -> None:
    status, error = api.error("POST", "data", {"name": "bad", "pth": "https://x/y"})
    assert (status, error["code"]) == (422, "DocumentInvalid")
    assert [p["suggestion"] for p in error["problems"] if p["path"] == "pth"] == ["path"]
    status, error = api.error(
        "POST", "models", {"name": "bad", "path": "azureml://jobs/none/outputs/artifacts/paths/m/"}
    )
    assert (status, error["code"]) == (422, "ReferenceNotFound")
    api.json("POST", "data", {"name": "fixed", "path": "https://x/y", "version": "1"})
    status, error = api.error("POST", "data", {"name": "fixed", "path": "https://x/other", "version": "1"})
    assert (status, error["code"]) == (409, "Conflict")
    assert api.error("PATCH", "data/fixed/versions/1", {"tags": "text"})[0] == 422
    assert api.error("PATCH", "data/fixed/versions/1", {"path": "https://x/other"})[0] == 422
    assert api.error("GET", "data/none/versions/1")[0] == 404
    assert api.error("GET", "data?limit=0")[0] in (400, 422)
    assert api.error("GET", "data?archived=perhaps")[0] in (400, 422)
    assert "bad" not in [v["name"] for k in ("data", "models") for v in api.json("GET", k)["value"]]


def test_environments_and_the_curated_ones(api: Api) -> None:
    document = {"name": "mine", "image": "python:3.11", "conda_file": {"name": "x", "dependencies": ["python=3.11"]}}
    assert api.json("POST", "environments", document)["version"] == "1"
    assert api.json("POST", "environments", document)["version"] == "1"
    curated = api.json("GET", "environments/AzureML-sklearn-1.5/labels/latest")
    assert curated["image"]
    assert curated["creation_context"]


def test_components(api: Api) -> None:
    code = api.upload({"train.py": b"print(1)"}, "code", "src")
    document = {
        "name": "train", "type": "command", "command": "python train.py ${{inputs.x}}", "code": code,
        "environment": "azureml:AzureML-sklearn-1.5@latest", "inputs": {"x": {"type": "number", "default": 1}},
    }  # fmt: skip
    assert api.json("POST", "components", document)["version"] == "1"
    status, error = api.error("POST", "components", {**document, "code": "azureml://codes/" + "0" * 64})
    assert (status, [p["path"] for p in error["problems"]]) == (422, ["code"])


def test_datastores(api: Api) -> None:
    document = {
        "type": "azure_blob", "account_name": "acc", "container_name": "con", "credentials": {"account_key": CANARY}
    }  # fmt: skip
    made = api.json("PUT", "datastores/blobby", document)
    assert made["credentials"] == {"account_key": "***"}
    assert api.json("PUT", "datastores/blobby", made)["credentials"] == {"account_key": "***"}
    listed = api.json("GET", "datastores")["value"]
    assert [d["name"] for d in listed if d["is_default"]] == ["workspaceblobstore"]
    assert api.json("GET", "datastores/default")["name"] == "workspaceblobstore"
    status, error = api.error("PUT", "datastores/blobby", {**document, "container_nam": "x"})
    assert status == 422
    assert "container_name" in json.dumps(error["problems"])
    assert CANARY not in json.dumps(error) + json.dumps(listed)
    assert api.error("PUT", "datastores/workspaceblobstore", document)[0] == 409
    assert api.error("DELETE", "datastores/workspaceblobstore")[0] == 409
    api.json("DELETE", "datastores/blobby")
    assert api.error("GET", "datastores/blobby")[0] == 404


def test_uploads_that_are_wrong(api: Api) -> None:
    content = b"x" * 3_000_000
    sha256 = hashlib.sha256(content).hexdigest()
    assert api.error("PUT", f"uploads/blobs/{sha256}", raw=content[:-1])[1]["code"] == "Integrity"
    assert api.send("PUT", f"uploads/blobs/{sha256}", raw=content)[0] == 204
    for bad in ("..%2f..%2fsecret.key", "%2e%2e", sha256.upper(), "a"):
        assert api.error("PUT", f"uploads/blobs/{bad}", raw=b"x")[0] in (400, 404, 405)
    file = {"path": "../x", "size": 1, "sha256": sha256, "mode": "644"}
    body = {"manifest": {"files": [file]}, "purpose": "data", "basename": "b"}
    assert api.error("POST", "uploads", body)[1]["code"] == "PathNotAllowed"
    assert api.error("POST", "uploads", {**body, "purpose": "x"})[0] == 400
    assert api.error("POST", "uploads", {**body, "manifest": {"files": [dict(file, path="x")] * 2}})[0] == 422


@pytest.mark.parametrize(
    ("query", "status"),
    [("uri=file:///etc/passwd", 403), ("uri=/etc/passwd", 403), ("uri=https://example.com/", 403),
     ("uri=azureml://datastores/workspaceblobstore/paths/../../../secret.key", 400),
     ("uri=azureml://datastores/workspaceblobstore/paths/..%2f..%2fsecret.key", 400),
     ("uri=azureml://datastores/workspaceblobstore/paths/%252e%252e/x", 404),
     ("uri=azureml://datastores/workspaceblobstore/paths/&path=../../secret.key", 400),
     ("uri=azureml://datastores/workspaceblobstore/paths/&path=%2fetc%2fpasswd", 400),
     ("uri=azureml://datastores/workspaceblobstore/paths/&path=a%00b", 400),
     ("uri=azureml:none:1", 422), ("uri=", 422), ("uri=azureml://codes/" + "0" * 64, 404)],
)  # fmt: skip
def test_no_way_out(api: Api, query: str, status: int) -> None:
    assert api.error("GET", f"content/file?{query}")[0] == status


def test_files_leave_as_attachments(api: Api) -> None:
    uri = api.upload({'a "b" ü.html': b"<script>alert(1)</script>"})
    listed = api.json("GET", f"content?uri={quote(uri)}")
    assert listed["value"] == [{"path": 'a "b" ü.html', "size": 25}]
    path = quote('a "b" ü.html')
    _, headers, content = api.send("GET", f"content/file?uri={quote(uri)}&path={path}")
    found = {name.lower(): value for name, value in headers.items()}
    assert content == b"<script>alert(1)</script>"
    assert found["x-content-type-options"] == "nosniff"
    assert found["content-disposition"].startswith("attachment")
    assert "sandbox" in found["content-security-policy"]
    assert found["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("plot.html", "text/html"), ("PLOT.HTM", "text/html"), ("a.svg", "image/svg+xml"), ("a.png", "image/png"),
        ("a.jpeg", "image/jpeg"), ("a.pdf", "application/pdf"),
    ],
)  # fmt: skip
def test_what_a_page_may_frame_is_shown_in_a_cage(api: Api, name: str, kind: str) -> None:
    content = b"<script>parent.alert(1)</script>"
    uri = api.upload({name: content})
    status, headers, body = api.send("GET", f"content/view?uri={quote(uri)}&path={name}")
    found = {key.lower(): value for key, value in headers.items()}
    assert (status, body, found["content-type"]) == (200, content, kind)
    assert (found["x-content-type-options"], found["x-frame-options"]) == ("nosniff", "SAMEORIGIN")
    policy = found["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert not [part for part in policy if "allow-same-origin" in part or "connect-src" in part or "http" in part]
    assert ("sandbox allow-scripts" in policy) == (kind != "application/pdf")
    assert found["content-disposition"].startswith("inline")
    assert api.send("GET", f"content/view?uri={quote(uri)}&path={name}", headers={"Range": "bytes=1-6"})[2] == b"script"


@pytest.mark.parametrize("name", ["model.pkl", "a.html.txt", "a.xhtml", "a.js", "html", "a.mhtml", "a.xml", "a.swf"])
def test_whatever_else_is_kept_and_not_shown(api: Api, name: str) -> None:
    uri = api.upload({name: b"<script>alert(1)</script>"})
    _, headers, _ = api.send("GET", f"content/view?uri={quote(uri)}&path={name}")
    found = {key.lower(): value for key, value in headers.items()}
    assert found["content-type"] == "application/octet-stream"
    assert found["content-disposition"].startswith("attachment")
    assert found["content-security-policy"].startswith("sandbox;")


def test_two_clients_create_the_next_version_at_once(api: Api) -> None:
    start = threading.Barrier(8)

    def create(_: int) -> str:
        start.wait(30)
        return str(api.json("POST", "data", {"name": "race", "path": "https://x/y"})["version"])

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == [str(n) for n in range(1, 9)]


def test_an_interrupted_upload_goes_on_after_the_server_was_killed(start_server: ServerFactory) -> None:
    server = start_server()
    api = Api(server)
    files = {f"f{n}": f"content {n}".encode() * 1000 for n in range(4)}
    entries = [ManifestFile(n, len(c), hashlib.sha256(c).hexdigest()) for n, c in files.items()]
    body = {"manifest": Manifest.of(entries).to_dict(), "purpose": "data", "basename": "folder"}
    answer = api.json("POST", "uploads", body)
    for content in list(files.values())[:2]:
        assert api.send("PUT", f"uploads/blobs/{hashlib.sha256(content).hexdigest()}", raw=content)[0] == 204
    server.kill9()
    server.start()
    assert len(api.json("POST", "uploads", body)["missing"]) == 2
    assert len(api.json("POST", f"uploads/{answer['digest']}/complete", body)["missing"]) == 2
    assert api.error("GET", f"content?uri={quote(answer['uri'])}")[0] == 404
    uri = api.upload(files)
    assert [f["path"] for f in api.json("GET", f"content?uri={quote(uri)}")["value"]] == sorted(files)
