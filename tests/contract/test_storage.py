"""The storage port's promise on every kind of store, each a real one."""

from __future__ import annotations

import socket
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from lapisml.backends.storage.fsspec_storage import FsspecStorage
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.testing.storage import StorageSuite
from tests.support.objectstores import BlobEndpoint, S3Endpoint
from tests.support.processes import free_port


@pytest.fixture(scope="module")
def everything() -> FsspecStorage:
    """One object for a whole process, as in the server."""
    return FsspecStorage()


class _Fsspec(StorageSuite):
    @pytest.fixture
    def storage(self, everything: FsspecStorage) -> Storage:
        return everything


class TestLocal(_Fsspec):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> StorageLocation:
        root = tmp_path / "store"
        root.mkdir()
        return StorageLocation("file", str(root), root=str(root))


class TestS3(_Fsspec):
    @pytest.fixture(scope="class")
    @classmethod
    def options(cls, s3_endpoint: S3Endpoint) -> dict[str, object]:
        options = {
            "endpoint": s3_endpoint.url, "key": s3_endpoint.key, "secret": s3_endpoint.secret,
            "region": s3_endpoint.region, "allow_private": True,
        }  # fmt: skip
        fsspec.filesystem("s3", **s3_endpoint.options, skip_instance_cache=True).mkdir("contract")
        return options

    @pytest.fixture
    def folder(self, options: dict[str, object]) -> StorageLocation:
        return StorageLocation("s3", f"contract/{uuid4().hex}", options)

    def test_a_dead_endpoint_is_not_absence(self, storage: Storage, options: dict[str, object]) -> None:
        dead = StorageLocation("s3", "contract/x", {**options, "endpoint": f"http://127.0.0.1:{free_port()}"})
        _is_unreachable(storage, dead)

    def test_private_endpoints_need_leave(self, storage: Storage, options: dict[str, object]) -> None:
        with pytest.raises(LapisError) as caught:
            storage.info(StorageLocation("s3", "contract/x", {**options, "allow_private": False}))
        assert caught.value.code is ErrorCode.ADDRESS_NOT_ALLOWED

    def test_names_are_resolved_by_us(
        self, storage: Storage, s3_endpoint: S3Endpoint, options: dict[str, object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name whose second answer is the metadata address: the client is not let there."""
        asked: list[str] = []

        def resolver(host: str, port: int, *_: object, **__: object) -> list[object]:
            asked.append(host)
            address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        endpoint = s3_endpoint.url.replace("127.0.0.1", "rebinding.example")
        _is_unreachable(storage, StorageLocation("s3", "contract/x", {**options, "endpoint": endpoint}))
        assert asked[:2] == ["rebinding.example", "rebinding.example"]


class TestAzureBlob(_Fsspec):
    @pytest.fixture(scope="class")
    @classmethod
    def options(cls, azurite: BlobEndpoint) -> dict[str, object]:
        fsspec.filesystem("az", connection_string=azurite.connection_string, skip_instance_cache=True).mkdir("contract")
        return {
            "account_name": azurite.account, "account_key": azurite.key, "allow_private": True,
            "endpoint": f"{azurite.url}/{azurite.account}",
        }  # fmt: skip

    @pytest.fixture
    def folder(self, options: dict[str, object]) -> StorageLocation:
        return StorageLocation("az", f"contract/{uuid4().hex}", options)

    def test_a_dead_endpoint_is_not_absence(self, storage: Storage, options: dict[str, object]) -> None:
        endpoint = f"http://127.0.0.1:{free_port()}/{options['account_name']}"
        _is_unreachable(storage, StorageLocation("az", "contract/x", {**options, "endpoint": endpoint}))

    def test_a_wrong_key_is_not_absence(self, storage: Storage, options: dict[str, object]) -> None:
        for key in ("d3Jvbmc=", "XXXXXX"):
            _is_unreachable(storage, StorageLocation("az", "contract/x", {**options, "account_key": key}))


@pytest.mark.parametrize("account", ["169.254.169.254/x#", "a.b", "a/b", "a@b", "A B"])
def test_account_names_are_names(everything: FsspecStorage, account: str) -> None:
    with pytest.raises(LapisError) as caught:
        everything.info(StorageLocation("az", "c/x", {"account_name": account}))
    assert caught.value.code is ErrorCode.ADDRESS_NOT_ALLOWED


def _is_unreachable(storage: Storage, location: StorageLocation) -> None:
    with pytest.raises(LapisError) as caught:
        storage.info(location)
    assert caught.value.code is ErrorCode.STORAGE_UNREACHABLE
