"""Azure's storage client against a real server: blobs that come in blocks, and uploads that end early."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from tests.support.blobs import container_client
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything

_KIB = 1024
CONTENT = os.urandom(700 * _KIB + 11)


@pytest.fixture(scope="module")
def container(shared_server: LapisServer) -> Iterator[ContainerClient]:
    with container_client(shared_server, max_single_put_size=64 * _KIB, max_block_size=64 * _KIB) as client:
        yield client


@pytest.fixture
def blob(container: ContainerClient) -> BlobClient:
    """A blob of this test's own, not there yet."""
    return container.get_blob_client(f"blocks/{uuid4().hex}/a.bin")


def _staged(server: LapisServer) -> list[Path]:
    return [path for path in (server.home / "storage" / "default" / "blob-blocks").rglob("*") if path.is_file()]


def _id(number: int) -> str:
    return f"{number:06d}"


def test_a_large_blob_comes_in_blocks(blob: BlobClient) -> None:
    settings = ContentSettings(content_type="application/x-model")
    blob.upload_blob(CONTENT, max_concurrency=4, metadata={"a": "b"}, content_settings=settings)
    assert blob.download_blob().readall() == CONTENT
    found = blob.get_blob_properties()
    assert (found.size, found.metadata) == (len(CONTENT), {"a": "b"})
    assert found.content_settings.content_type == "application/x-model"
    assert len(blob.get_block_list("all")[0]) == 11
    assert blob.get_block_list("all")[1] == []


def test_the_same_large_upload_twice_and_at_once(blob: BlobClient) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: blob.upload_blob(CONTENT, overwrite=True, max_concurrency=2), range(3)))
    blob.upload_blob(CONTENT, overwrite=True)
    assert blob.download_blob().readall() == CONTENT
    with pytest.raises(ResourceExistsError):
        blob.upload_blob(CONTENT)


def test_a_refusal_comes_before_the_body_is_read(shared_server: LapisServer, blob: BlobClient) -> None:
    blob.upload_blob(b"first")
    with container_client(shared_server) as container:
        late = container.get_blob_client(blob.blob_name)
        for _ in range(3):  # the connection goes on to be used
            with pytest.raises(ResourceExistsError):
                late.upload_blob(bytes(32 << 20))
            assert late.download_blob().readall() == b"first"


def test_blocks_are_out_of_sight_until_their_list_comes(blob: BlobClient, container: ContainerClient) -> None:
    blob.stage_block(_id(1), b"one")
    blob.stage_block(_id(2), b"two")
    blob.stage_block(_id(2), b"deux", validate_content=True)
    assert not blob.exists()
    assert [found.name for found in container.list_blobs(name_starts_with=blob.blob_name)] == []
    assert [(block.id, block.size) for block in blob.get_block_list("uncommitted")[1]] == [(_id(1), 3), (_id(2), 4)]
    blob.commit_block_list([_id(2), _id(1), _id(2)])
    assert blob.download_blob().readall() == b"deuxonedeux"
    assert blob.get_block_list("all")[1] == []


def test_a_list_may_be_sent_again_and_reuse_what_is_there(blob: BlobClient) -> None:
    blob.stage_block(_id(1), b"one")
    blob.stage_block(_id(2), b"two")
    for _ in range(2):  # the second time as if the first answer had been lost
        blob.commit_block_list([_id(1), _id(2)], metadata={"a": "b"})
        assert (blob.download_blob().readall(), blob.get_blob_properties().metadata) == (b"onetwo", {"a": "b"})
    blob.stage_block(_id(3), b"three")
    blob.commit_block_list([_id(3), _id(2)])
    assert blob.download_blob().readall() == b"threetwo"
    blob.commit_block_list([])
    assert blob.download_blob().readall() == b""


def test_lists_that_cannot_be_put_together(blob: BlobClient) -> None:
    blob.stage_block(_id(1), b"one")
    with pytest.raises(HttpResponseError) as caught:
        blob.commit_block_list([_id(1), _id(9)])
    assert caught.value.error_code == "InvalidBlockList"
    with pytest.raises(HttpResponseError) as caught:
        blob.stage_block("1", b"the id is shorter than the other's")
    assert caught.value.error_code == "InvalidBlobOrBlock"
    assert not blob.exists()


def test_a_list_does_not_replace_against_a_condition(blob: BlobClient) -> None:
    blob.upload_blob(b"first")
    blob.stage_block(_id(1), b"one")
    with pytest.raises(HttpResponseError) as caught:
        blob.commit_block_list([_id(1)], etag='"0x1"', match_condition=MatchConditions.IfNotModified)
    assert caught.value.error_code == "ConditionNotMet"
    assert blob.download_blob().readall() == b"first"
    blob.commit_block_list([_id(1)])
    assert blob.download_blob().readall() == b"one"


def _cut(client: BlobClient, query: str, announced: int, sent: int) -> None:
    """Send part of a body, then break the connection off."""
    parts = urlsplit(client.url)
    head = (
        f"PUT {parts.path}?{query}{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nx-ms-blob-type: BlockBlob\r\n"
        f"Content-Length: {announced}\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30) as connection:
        connection.sendall(head.encode() + bytes(sent))


@pytest.mark.parametrize(("announced", "sent"), [(1000, 10), (8 << 20, 3 << 20)])
def test_an_upload_that_is_cut_leaves_no_trace(
    shared_server: LapisServer, blob: BlobClient, announced: int, sent: int
) -> None:
    store = shared_server.home / "storage" / "default"
    folder = store / "workspaceblobstore" / blob.blob_name.rpartition("/")[0]
    blob.upload_blob(b"whole")
    block = base64.b64encode(b"000001").decode()
    _cut(blob, "", announced, sent)
    _cut(blob, f"comp=block&blockid={block}&", announced, sent)
    _cut(container_client(shared_server).get_blob_client(blob.blob_name + ".new"), "", announced, sent)
    eventually(lambda: [path.name for path in folder.iterdir()] == ["a.bin"], 30, what="parts to be removed")
    eventually(
        lambda: not any(p.name.startswith(".") for p in _staged(shared_server)), 30, what="parts of blocks to go"
    )
    assert blob.download_blob().readall() == b"whole"


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """A server of this module's own, which is looked into and killed."""
    server = LapisServer(tmp_path_factory.mktemp("blocks") / "home").start()
    yield server
    server.stop()
    end_everything(server.home)


def test_large_contents_take_no_memory(own_server: LapisServer, tmp_path: Path) -> None:
    """96 MiB go up and down, as one body and as blocks; the kernel says what the server took at most."""
    server, size = own_server, 96 << 20
    with container_client(server, max_single_put_size=size, max_block_size=8 << 20) as container:
        container.upload_blob("warm", CONTENT)
        before = _most_memory(server)
        big = tmp_path / "big"
        with big.open("wb") as file:
            file.truncate(size)
        for single in (size, 1 << 20):
            sender = container_client(server, max_single_put_size=single, max_block_size=8 << 20)
            with sender, big.open("rb") as stream:
                sender.upload_blob("big", stream, overwrite=True, length=size, max_concurrency=2)
            download = container.get_blob_client("big").download_blob(max_concurrency=2)
            assert sum(len(chunk) for chunk in download.chunks()) == size
        assert _most_memory(server) - before < 48 << 20


def test_blocks_outlive_the_server(own_server: LapisServer) -> None:
    server = own_server
    with container_client(server) as container:
        blob = container.get_blob_client("a.bin")
        blob.stage_block(_id(1), b"before ")
        server.kill9()
        server.start()
        blob.stage_block(_id(2), b"after")
        blob.commit_block_list([_id(1), _id(2)])
        assert blob.download_blob().readall() == b"before after"


def _most_memory(server: LapisServer) -> int:
    """Return the most bytes that the server's process ever had in memory (proc(5), VmHWM)."""
    line = next(
        line for line in Path(f"/proc/{server.pid}/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024
