"""Uploads that the disk has no room for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient

from tests.conftest import ServerFactory
from tests.support.blobs import container_client
from tests.support.polling import eventually

_MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _is_refused(blob: BlobClient, content: bytes) -> None:
    with pytest.raises(HttpResponseError) as caught:
        blob.upload_blob(content, overwrite=True)
    assert (caught.value.status_code, caught.value.error_code) == (507, "InsufficientAccountCapacity")


def test_a_full_disk_refuses_in_the_protocols_form(start_server: ServerFactory, small_disk: Path) -> None:
    server = start_server({"LAPIS_DISK_RESERVE_MB": "8"}, small_disk / "home")
    store = server.home / "storage" / "default" / "workspaceblobstore"
    with container_client(server, max_single_put_size=40 * _MIB, max_block_size=4 * _MIB) as container:
        blob = container.upload_blob("a", b"before")
        other = container.upload_blob("b", bytes(20 * _MIB))
        _is_refused(blob, bytes(39 * _MIB))  # more than there is room for: said before it comes
        _is_refused(blob, bytes(60 * _MIB))  # in blocks: one of them finds no room
        assert blob.download_blob().readall() == b"before"
        assert sorted(path.name for path in store.iterdir()) == ["a", "b"]
        other.delete_blob()
        assert [path for path in store.with_name("blob-blocks").rglob("*") if path.is_file()] == []

        def goes_on() -> bool:
            with suppress(HttpResponseError):  # the server looks now and then whether there is room again
                blob.upload_blob(b"after", overwrite=True)
                return True
            return False

        eventually(goes_on, 30, what="the server to write again")
        assert blob.download_blob().readall() == b"after"
