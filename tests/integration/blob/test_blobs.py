"""Azure's storage client against a real server: single blobs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from tests.support.blobs import container_client, pending_container
from tests.support.server import LapisServer


@pytest.fixture(scope="module")
def container(shared_server: LapisServer) -> Iterator[ContainerClient]:
    with container_client(shared_server) as client:
        yield client


@pytest.fixture
def blob(container: ContainerClient) -> BlobClient:
    """A blob of this test's own, not there yet."""
    return container.get_blob_client(f"blobs/{uuid4().hex}/a.txt")


def _file(server: LapisServer, name: str) -> Path:
    return server.home / "storage" / "default" / "workspaceblobstore" / name


@pytest.mark.parametrize(
    "name",
    [
        "plain.txt", "mit Leer zeichen", "ümläut/日本語.csv", "100%.txt", "%2e%2e", "a+b&c=d", "#hash?query;semi",
        "quote'\"<tag>", "emoji/🦊", "x" * 200, ".hidden", "a...b", "~tilde", "colon:name", "[x]{y}^`|", "con.txt",
    ],
)  # fmt: skip
def test_names_come_back_as_they_went(container: ContainerClient, shared_server: LapisServer, name: str) -> None:
    folder = f"names/{uuid4().hex}"
    blob = container.upload_blob(f"{folder}/{name}", name.encode())
    assert _file(shared_server, f"{folder}/{name}").read_bytes() == name.encode()
    assert blob.download_blob().readall() == name.encode()
    assert [found.name for found in container.list_blobs(name_starts_with=folder)] == [f"{folder}/{name}"]
    blob.delete_blob()
    assert not blob.exists()


@pytest.mark.parametrize("name", ["a//b", "back\\slash", "line\nbreak", "y" * 256, "a/"])
def test_names_that_cannot_be_files_are_refused(container: ContainerClient, name: str) -> None:
    blob = container.get_blob_client(f"bad/{name}")
    with pytest.raises(HttpResponseError) as caught:
        blob.upload_blob(b"x")
    assert (caught.value.status_code, caught.value.error_code) == (400, "InvalidResourceName")
    assert not blob.exists()
    with pytest.raises(ResourceNotFoundError):
        blob.download_blob()


def test_an_empty_blob(blob: BlobClient) -> None:
    blob.upload_blob(b"")
    assert blob.get_blob_properties().size == 0
    assert blob.download_blob().readall() == b""


def test_a_blob_is_replaced_only_on_demand(blob: BlobClient) -> None:
    blob.upload_blob(b"one")
    first = blob.get_blob_properties()
    with pytest.raises(ResourceExistsError) as caught:
        blob.upload_blob(b"two")
    assert caught.value.error_code == "BlobAlreadyExists"
    assert blob.download_blob().readall() == b"one"
    blob.upload_blob(b"two", overwrite=True)
    second = blob.get_blob_properties()
    assert blob.download_blob().readall() == b"two"
    assert first.etag != second.etag
    assert first.last_modified <= second.last_modified


def test_of_many_that_create_one_blob_at_once_one_does(blob: BlobClient) -> None:
    def create(number: int) -> bytes | None:
        content = f"{number}".encode() * 70_000
        try:
            blob.upload_blob(content)
        except ResourceExistsError:
            return None
        return content

    with ThreadPoolExecutor(8) as threads:
        created = [content for content in threads.map(create, range(8)) if content is not None]
    assert created == [blob.download_blob().readall()]


def test_the_same_upload_at_once_and_again(blob: BlobClient) -> None:
    content = bytes(range(256)) * 2000
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: blob.upload_blob(content, overwrite=True), range(8)))
    blob.upload_blob(content, overwrite=True)
    assert blob.download_blob().readall() == content


def test_metadata_and_properties(blob: BlobClient, container: ContainerClient) -> None:
    settings = ContentSettings(content_type="text/csv", cache_control="no-cache", content_language="de")
    blob.upload_blob(b"a,b", metadata={"upload_status": "completed", "name": "größe"}, content_settings=settings)
    found = blob.get_blob_properties()
    assert found.metadata == {"upload_status": "completed", "name": "größe"}
    assert (found.content_settings.content_type, found.content_settings.content_language) == ("text/csv", "de")
    assert found.content_settings.cache_control == "no-cache"
    assert found.blob_type == "BlockBlob"

    blob.set_blob_metadata({"version": "7"})
    changed = blob.get_blob_properties()
    assert changed.metadata == {"version": "7"}
    assert changed.content_settings.content_type == "text/csv"
    assert changed.etag != found.etag
    blob.set_http_headers(ContentSettings(content_type="text/plain"))
    again = blob.get_blob_properties()
    assert (again.content_settings.content_type, again.content_settings.content_language) == ("text/plain", None)
    assert again.metadata == {"version": "7"}

    listed = next(iter(container.list_blobs(name_starts_with=blob.blob_name, include=["metadata"])))
    assert (listed.metadata, listed.etag, listed.size) == ({"version": "7"}, again.etag.strip('"'), 3)
    assert next(iter(container.list_blobs(name_starts_with=blob.blob_name))).metadata in (None, {})

    blob.upload_blob(b"new", overwrite=True)
    assert blob.get_blob_properties().metadata == {}


def test_what_is_kept_beside_goes_with_the_content(
    blob: BlobClient, container: ContainerClient, shared_server: LapisServer
) -> None:
    blob.upload_blob(b"mine", metadata={"name": "mine"})
    path = _file(shared_server, blob.blob_name)
    path.with_name("new").write_bytes(b"his")
    path.with_name("new").replace(path)
    assert blob.get_blob_properties().metadata == {}
    names = {found.name for found in container.list_blobs(name_starts_with=blob.blob_name.rpartition("/")[0])}
    assert names == {blob.blob_name}


def test_ranges_and_whole_downloads(blob: BlobClient) -> None:
    content = hashlib.sha256(b"x").digest() * 80_000  # 2.4 MiB
    blob.upload_blob(content)
    assert blob.download_blob(offset=5, length=10).readall() == content[5:15]
    assert blob.download_blob(offset=len(content) - 3).readall() == content[-3:]
    assert blob.download_blob(offset=1, length=2 << 20, validate_content=True).readall() == content[1 : (2 << 20) + 1]
    assert blob.download_blob(max_concurrency=3).readall() == content
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob(offset=len(content), length=1)
    assert (caught.value.status_code, caught.value.error_code) == (416, "InvalidRange")


def test_a_blob_that_changes_under_a_download_is_noticed(shared_server: LapisServer, blob: BlobClient) -> None:
    with container_client(shared_server, max_single_get_size=1000, max_chunk_get_size=1000) as container:
        careful = container.get_blob_client(blob.blob_name)
        careful.upload_blob(b"1" * 5000)
        download = careful.download_blob()
        careful.upload_blob(b"2" * 5000, overwrite=True)
        with pytest.raises(ResourceModifiedError):
            download.readall()


def test_conditions(blob: BlobClient) -> None:
    etag = blob.upload_blob(b"one")["etag"]
    with pytest.raises(ResourceModifiedError):
        blob.upload_blob(b"x", overwrite=True, etag='"0x1"', match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        blob.set_blob_metadata({"a": "b"}, etag='"0x1"', match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError):
        blob.delete_blob(etag='"0x1"', match_condition=MatchConditions.IfNotModified)
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob(etag=etag, match_condition=MatchConditions.IfModified)
    assert caught.value.status_code == 304
    blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceNotFoundError):
        blob.delete_blob()


def test_checksums_are_checked(blob: BlobClient) -> None:
    blob.upload_blob(b"content", validate_content=True)
    assert blob.download_blob().readall() == b"content"
    wrong_md5 = {"Content-MD5": base64.b64encode(bytes(16)).decode()}
    wrong_crc = {"x-ms-content-crc64": base64.b64encode(bytes(8)).decode()}
    for headers, code in ((wrong_md5, "Md5Mismatch"), (wrong_crc, "Crc64Mismatch")):
        with pytest.raises(HttpResponseError) as caught:
            blob.upload_blob(b"other", overwrite=True, headers=headers)
        assert (caught.value.status_code, caught.value.error_code) == (400, code)
    with pytest.raises(HttpResponseError, match="Md5Mismatch"):
        blob.upload_blob(b"other", overwrite=True, content_settings=ContentSettings(content_md5=bytearray(16)))
    with pytest.raises(HttpResponseError, match="16 bytes"):
        blob.upload_blob(b"other", overwrite=True, headers={"Content-MD5": "?"})
    assert blob.download_blob().readall() == b"content"
    summed = bytearray(hashlib.md5(b"summed").digest())
    blob.upload_blob(b"summed", overwrite=True, content_settings=ContentSettings(content_md5=summed))
    assert blob.get_blob_properties().content_settings.content_md5 == summed


def test_a_file_and_a_folder_cannot_have_one_name(blob: BlobClient, container: ContainerClient) -> None:
    blob.upload_blob(b"file")
    for name in (f"{blob.blob_name}/below", blob.blob_name.rpartition("/")[0]):
        with pytest.raises(ResourceExistsError) as caught:
            container.upload_blob(name, b"x", overwrite=True)
        assert caught.value.error_code == "ResourceTypeMismatch"
    blob.delete_blob()
    folder = container.upload_blob(blob.blob_name.rpartition("/")[0], b"the folder was empty")
    assert folder.exists()


def test_pending_uploads_are_containers_of_their_own(shared_server: LapisServer) -> None:
    name = pending_container(shared_server)
    with container_client(shared_server, name) as container:
        assert container.exists()
        container.upload_blob("src/train.py", b"print()", metadata={"a": "b"})
        folder = shared_server.home / "storage" / "default" / "pending" / name
        assert [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] == ["src/train.py"]
        assert [found.name for found in container.list_blobs()] == ["src/train.py"]
    with container_client(shared_server, "upload-" + "0" * 32) as container:
        assert not container.exists()
        with pytest.raises(ResourceNotFoundError) as caught:
            container.upload_blob("a", b"x")
        assert caught.value.error_code == "ContainerNotFound"


def test_a_container_is_described(container: ContainerClient) -> None:
    assert container.exists()
    assert container.get_container_properties().name == "workspaceblobstore"
    with pytest.raises(ResourceExistsError):
        container.create_container()
    with pytest.raises(HttpResponseError, match="OperationNotAllowed"):
        container.delete_container()
