"""Containers whose files lie in other stores: the same protocol over S3 and over Azure's own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import fsspec
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient, ContentSettings

from tests.support.blobs import container_client
from tests.support.objectstores import BlobEndpoint, S3Endpoint
from tests.support.processes import free_port
from tests.support.server import LapisServer, end_everything

_KIB = 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """A server that may use the stores of this machine."""
    made = LapisServer(tmp_path_factory.mktemp("stores") / "home", {"LAPIS_ALLOW_PRIVATE_ADDRESSES": "1"}).start()
    yield made
    made.stop()
    end_everything(made.home)


def _s3(endpoint: S3Endpoint) -> dict[str, object]:
    fsspec.filesystem("s3", **endpoint.options, skip_instance_cache=True).mkdir("blobs")
    keys = {"access_key_id": endpoint.key, "secret_access_key": endpoint.secret}
    place = {"bucket": "blobs", "prefix": "below", "endpoint": endpoint.url, "region": endpoint.region}
    return {"type": "s3", **place, "credentials": keys}


def _azure(endpoint: BlobEndpoint) -> dict[str, object]:
    with ContainerClient.from_connection_string(endpoint.connection_string, "blobs") as client:
        client.create_container()
    place = {
        "account_name": endpoint.account,
        "container_name": "blobs",
        "endpoint": f"{endpoint.url}/{endpoint.account}",
    }
    return {"type": "azure_blob", **place, "credentials": {"account_key": endpoint.key}}


@pytest.fixture(scope="module", params=["s3", "azure"])
def container(request: pytest.FixtureRequest, server: LapisServer) -> Iterator[ContainerClient]:
    if request.param == "s3":
        document = _s3(request.getfixturevalue("s3_endpoint"))
    else:
        document = _azure(request.getfixturevalue("azurite"))
    name = f"far_{request.param}"
    status, body = server.request("PUT", f"/api/v1/workspaces/default/datastores/{name}", {"name": name, **document})
    assert status == 200, body
    with container_client(server, name, max_single_put_size=64 * _KIB, max_block_size=64 * _KIB) as client:
        yield client


def test_blobs_of_another_store(container: ContainerClient) -> None:
    blob = container.upload_blob(
        "one/ü.txt", b"hello", metadata={"name": "x"}, content_settings=ContentSettings("text/plain")
    )
    found = blob.get_blob_properties()
    assert (found.size, found.metadata, found.content_settings.content_type) == (5, {"name": "x"}, "text/plain")
    assert blob.download_blob().readall() == b"hello"
    assert blob.download_blob(offset=1, length=3).readall() == b"ell"
    blob.set_blob_metadata({"name": "y"})
    assert blob.get_blob_properties().metadata == {"name": "y"}
    with pytest.raises(ResourceExistsError):
        blob.upload_blob(b"again")
    blob.upload_blob(b"again", overwrite=True)
    assert (blob.download_blob().readall(), blob.get_blob_properties().metadata) == (b"again", {})
    blob.delete_blob()
    assert not blob.exists()
    with pytest.raises(ResourceNotFoundError):
        blob.download_blob()


def test_blocks_of_another_store(container: ContainerClient) -> None:
    content = os.urandom(300 * _KIB)
    blob = container.upload_blob("blocks/big", content, max_concurrency=2)
    assert blob.download_blob().readall() == content
    assert len(blob.get_block_list("committed")[0]) == 5


def test_listings_of_another_store(container: ContainerClient) -> None:
    for name in ("list/a.txt", "list/b/1", "list/b/2"):
        container.upload_blob(name, b"x", metadata={"name": name[-1]})
    listed = list(container.list_blobs(name_starts_with="list/", include=["metadata"]))
    assert [blob.name for blob in listed] == ["list/a.txt", "list/b/1", "list/b/2"]
    assert [blob.metadata for blob in listed] == [{"name": "t"}, {"name": "1"}, {"name": "2"}]
    assert [blob.name for blob in container.walk_blobs(name_starts_with="list/")] == ["list/b/", "list/a.txt"]


def test_a_store_that_is_away(server: LapisServer) -> None:
    keys = {"access_key_id": "a", "secret_access_key": "b"}
    document = {
        "name": "away",
        "type": "s3",
        "bucket": "b",
        "endpoint": f"http://127.0.0.1:{free_port()}",
        "credentials": keys,
    }
    assert server.request("PUT", "/api/v1/workspaces/default/datastores/away", document)[0] == 200
    with container_client(server, "away") as client, pytest.raises(HttpResponseError) as caught:
        client.get_blob_client("a").get_blob_properties()
    assert (caught.value.status_code, caught.value.error_code) == (503, "ServerBusy")


def test_a_store_that_cannot_be_read_from_here(server: LapisServer) -> None:
    document = {"name": "share", "type": "azure_file", "account_name": "acct", "file_share_name": "fs"}
    assert server.request("PUT", "/api/v1/workspaces/default/datastores/share", document)[0] == 200
    with container_client(server, "share") as client, pytest.raises(HttpResponseError, match="can't be read") as caught:
        client.upload_blob("a", b"x")
    assert caught.value.status_code == 501
