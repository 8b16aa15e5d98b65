"""Datastores in real object stores, through a real server."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import fsspec

from tests.conftest import ServerFactory
from tests.integration.assets.test_http import Api
from tests.support.objectstores import BlobEndpoint, S3Endpoint

FILES = {"iris/a.csv": b"1,2\n", "iris/b.csv": b"3,4,5\n"}
PRIVATE = {"LAPIS_ALLOW_PRIVATE_ADDRESSES": "1"}
CANARY = "canary-s3-secret-83b1"


def _fill(system: Any, bucket: str) -> None:
    system.mkdir(bucket)
    for name, content in FILES.items():
        system.pipe_file(f"{bucket}/{name}", content)


def _reads_it(api: Api, store: str) -> None:
    uri = f"azureml://datastores/{store}/paths/iris/"
    made = api.json("POST", "data", {"name": f"iris-{store}", "path": uri})
    assert made["path"] == uri
    listed = api.json("GET", f"content?uri=azureml:iris-{store}@latest")["value"]
    assert listed == [{"path": "a.csv", "size": 4}, {"path": "b.csv", "size": 6}]
    status, _, content = api.send("GET", f"content/file?uri={uri}&path=b.csv", headers={"Range": "bytes=2-3"})
    assert (status, content) == (206, b"4,")
    assert api.error("GET", f"content?uri={uri}none")[0] == 404
    root = api.json("GET", f"content/children?uri=azureml://datastores/{store}/paths/")["value"]
    assert [(entry["name"], entry["is_folder"]) for entry in root] == [("iris", True)]
    table = api.json("GET", f"content/table?uri={uri}&path=a.csv")
    assert ([column["name"] for column in table["columns"]], table["rows"], table["is_head"]) == (["1", "2"], [], False)
    with zipfile.ZipFile(io.BytesIO(api.send("GET", f"content/archive?uri={uri}")[2])) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a.csv": b"1,2\n", "b.csv": b"3,4,5\n"}


def test_s3(start_server: ServerFactory, s3_endpoint: S3Endpoint) -> None:
    bucket = "server-bucket"
    _fill(fsspec.filesystem("s3", **s3_endpoint.options, skip_instance_cache=True), bucket)
    server = start_server(env=PRIVATE)
    api = Api(server)
    document = {
        "type": "s3", "bucket": bucket, "endpoint": s3_endpoint.url, "region": s3_endpoint.region,
        "credentials": {"access_key_id": "id", "secret_access_key": CANARY},
    }  # fmt: skip
    api.json("PUT", "datastores/bucket", document)
    _reads_it(api, "bucket")
    server.stop()
    assert _files_with(server.home, CANARY) == []


def test_azure_blob(start_server: ServerFactory, azurite: BlobEndpoint) -> None:
    system = fsspec.filesystem("az", connection_string=azurite.connection_string, skip_instance_cache=True)
    _fill(system, "server-container")
    server = start_server(env=PRIVATE)
    api = Api(server)
    document = {
        "type": "azure_blob", "account_name": azurite.account, "container_name": "server-container",
        "endpoint": f"{azurite.url}/{azurite.account}", "credentials": {"account_key": azurite.key},
    }  # fmt: skip
    api.json("PUT", "datastores/blobs", document)
    _reads_it(api, "blobs")
    api.json("PUT", "datastores/blobs", {**document, "credentials": {"account_key": "d3Jvbmc="}})
    status, error = api.error("GET", "content?uri=azureml://datastores/blobs/paths/iris/")
    assert (status, error["code"]) == (503, "StorageUnreachable")
    server.stop()
    assert _files_with(server.home, azurite.key) == []


def test_endpoints_within_are_not_visited(start_server: ServerFactory) -> None:
    api = Api(start_server())
    for endpoint in ("http://169.254.169.254/", "http://127.0.0.1:9/", "http://localhost:9"):
        api.json("PUT", "datastores/inner", {"type": "s3", "bucket": "b", "endpoint": endpoint})
        status, error = api.error("GET", "content?uri=azureml://datastores/inner/paths/x")
        assert (status, error["code"]) == (400, "AddressNotAllowed")


def _files_with(home: Path, secret: str) -> list[str]:
    found = [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    return [path.relative_to(home).as_posix() for path in found]
