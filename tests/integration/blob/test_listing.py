"""Azure's storage client against a real server: listings."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobPrefix, BlobServiceClient, ContainerClient

from tests.support.blobs import container_client, signature
from tests.support.server import LapisServer

NAMES = ["a", "a.txt", "a/1", "a/2/x", "a/2/y", "a0", "b/c/d/e", "z"]


@pytest.fixture(scope="module")
def container(shared_server: LapisServer) -> Iterator[ContainerClient]:
    with container_client(shared_server) as client:
        yield client


@pytest.fixture(scope="module")
def folder(container: ContainerClient, shared_server: LapisServer) -> str:
    """A folder with `NAMES` but ``a``, which can't be a file beside the folder of its name, and an empty folder."""
    name = f"listing-{uuid4().hex}/"
    for found in NAMES[1:]:
        container.upload_blob(name + found, found.encode())
    (shared_server.home / "storage" / "default" / "workspaceblobstore" / name / "empty" / "er").mkdir(parents=True)
    return name


def _names(found: Iterator[object], folder: str) -> list[str]:
    return [str(blob.name).removeprefix(folder) for blob in found]  # type: ignore[attr-defined]


def test_everything_below_a_prefix_by_name(container: ContainerClient, folder: str) -> None:
    assert _names(container.list_blobs(name_starts_with=folder), folder) == sorted(NAMES[1:])
    assert _names(container.list_blobs(name_starts_with=folder + "a"), folder) == [
        "a.txt",
        "a/1",
        "a/2/x",
        "a/2/y",
        "a0",
    ]
    assert _names(container.list_blobs(name_starts_with=folder + "a/2"), folder) == ["a/2/x", "a/2/y"]
    assert _names(container.list_blobs(name_starts_with=folder + "a/1"), folder) == ["a/1"]
    for nothing in ("nothing", "a/1/", "a//", "../", "./", "/"):
        assert _names(container.list_blobs(name_starts_with=folder + nothing), folder) == []


def test_folders_drawn_together(container: ContainerClient, folder: str) -> None:
    found = list(container.walk_blobs(name_starts_with=folder, delimiter="/"))
    assert [blob.name.removeprefix(folder) for blob in found] == [
        "a/",
        "b/",
        "a.txt",
        "a0",
        "z",
    ]  # so sorted by the client
    assert [isinstance(blob, BlobPrefix) for blob in found] == [True, True, False, False, False]
    assert _names(container.walk_blobs(name_starts_with=folder + "a/"), folder) == ["a/2/", "a/1"]
    assert _names(container.walk_blobs(name_starts_with=folder + "a"), folder) == ["a/", "a.txt", "a0"]
    assert _names(container.walk_blobs(name_starts_with=folder + "empty/"), folder) == []


def test_page_after_page(container: ContainerClient, folder: str) -> None:
    pages = container.list_blobs(name_starts_with=folder, results_per_page=3).by_page()
    assert [_names(page, folder) for page in pages] == [["a.txt", "a/1", "a/2/x"], ["a/2/y", "a0", "b/c/d/e"], ["z"]]
    walked = container.walk_blobs(name_starts_with=folder, delimiter="/", results_per_page=2).by_page()
    assert [_names(page, folder) for page in walked] == [["a/", "a.txt"], ["b/", "a0"], ["z"]]


def test_a_page_may_be_asked_for_again(container: ContainerClient, folder: str) -> None:
    pages = container.list_blobs(name_starts_with=folder, results_per_page=4).by_page()
    next(pages)
    mark = pages.continuation_token
    for _ in range(3):  # the first time the server goes on, then it looks for the place again
        again = container.list_blobs(name_starts_with=folder).by_page(continuation_token=mark)
        assert _names(next(again), folder) == ["a0", "b/c/d/e", "z"]


def test_what_a_listing_says_of_a_blob(container: ContainerClient, folder: str) -> None:
    listed = next(iter(container.list_blobs(name_starts_with=folder + "z")))
    asked = container.get_blob_client(listed.name).get_blob_properties()
    for key in ("size", "last_modified", "blob_type"):
        assert listed[key] == asked[key]
    assert listed.etag == asked.etag.strip('"')
    assert listed.content_settings.content_type == asked.content_settings.content_type == "application/octet-stream"


def test_listings_that_are_refused(container: ContainerClient) -> None:
    with pytest.raises(HttpResponseError, match="InvalidQueryParameterValue"):
        next(iter(container.walk_blobs(delimiter="-")))
    with pytest.raises(HttpResponseError, match="InvalidQueryParameterValue"):
        next(container.list_blobs().by_page(continuation_token="nonsense"))
    with pytest.raises(HttpResponseError, match="InvalidQueryParameterValue"):
        next(iter(container.list_blobs(include=["immutabilitypolicy"])))


def test_containers_are_the_datastores(shared_server: LapisServer) -> None:
    account = f"{shared_server.url}/default.blob.lapis?{signature(shared_server, '')}"
    with BlobServiceClient(account, retry_total=0) as client:
        assert "workspaceblobstore" in [found.name for found in client.list_containers()]
