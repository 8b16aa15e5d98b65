"""Code sent by Azure's clients: its parts may reach different servers."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from lapisml.server.surfaces.azure.routing import PROVIDER
from tests.integration.jobs.client import Api
from tests.support.cluster import Cluster

pytestmark = pytest.mark.postgres

_WS = f"/subscriptions/s-1/resourceGroups/g/providers/{PROVIDER}/workspaces/default"


def test_code_in_a_pending_upload(cluster: Cluster) -> None:
    one, two = cluster.servers
    path = f"{_WS}/codes/mine/versions/1"
    client = cluster.client
    client.url = one.url
    status, begun = client.request("POST", f"{path}/startPendingUpload?api-version=2023-10-01", {})
    assert status == 200, begun
    reference = begun["blobReferenceForConsumption"]
    signed = urlsplit(reference["credential"]["sasUri"])
    for name, content in (("main.py", b"print('hello')\n"), ("deep/other.py", b"\n")):
        for server in (two, one):  # sent again to the other one, as after a death
            url = f"{server.url}{signed.path}/src/{name}?{signed.query}"
            headers = {
                "x-ms-blob-type": "BlockBlob",
                "Content-Type": "application/octet-stream",
                "x-ms-version": "2023-01-03",
                "Content-Length": str(len(content)),
            }
            assert _send(url, content, headers) == 201
    body = {"properties": {"codeUri": f"{reference['blobUri']}/src"}}
    client.url = two.url
    status, made = client.request("PUT", f"{path}?api-version=2023-10-01", body)
    assert status == 201, made
    client.url = one.url
    status, found = client.request("GET", f"{path}?api-version=2023-10-01")
    assert (status, found["properties"]["codeUri"]) == (200, f"{reference['blobUri']}/src")
    waiting = [path for path in _kept(cluster) if path.startswith("pending/")]
    assert waiting == [], "what was taken in waits no more"
    digest = next(path for path in _kept(cluster) if path.startswith("snapshots/manifests/")).rpartition("/")[2][:-5]
    api = Api(client)
    job = api.submit("python main.py", code=f"azureml://codes/{digest}")
    api.wait(job, "Completed")
    assert api.printed(job) == b"hello\n"


def _send(url: str, content: bytes, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, content, headers, method="PUT")) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from error


def _kept(cluster: Cluster) -> list[str]:
    return cluster.bucket.paths("default")
