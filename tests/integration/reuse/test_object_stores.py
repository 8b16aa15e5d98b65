"""Data in object stores enters keys by what the store lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from lapisml.server.features.reuse.contents import Contents, UnknownContentError
from lapisml.server.features.reuse.hashing import FileHashes
from tests.support.assets import World, open_world
from tests.support.objectstores import BlobEndpoint, S3Endpoint

FILES = {"iris/a.csv": b"1,2\n", "iris/deep/b.csv": b"3,4\n"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path / "home", f"sqlite:///{tmp_path / 'lapis.db'}", allow_private=True) as made:
        yield made


@pytest.fixture(params=["s3", "azure_blob"])
def bucket(request: pytest.FixtureRequest, world: World) -> tuple[Any, str]:
    """A file system and a bucket in it that the datastore ``far`` leads to."""
    if request.param == "s3":
        s3: S3Endpoint = request.getfixturevalue("s3_endpoint")
        system, name = fsspec.filesystem("s3", **s3.options, skip_instance_cache=True), "reuse-bucket"
        credentials = {"access_key_id": s3.key, "secret_access_key": s3.secret}
        document = {"type": "s3", "bucket": name, "endpoint": s3.url, "region": s3.region, "credentials": credentials}
    else:
        blob: BlobEndpoint = request.getfixturevalue("azurite")
        system = fsspec.filesystem("az", connection_string=blob.connection_string, skip_instance_cache=True)
        name = "reuse-container"
        document = {
            "type": "azure_blob", "account_name": blob.account, "container_name": name,
            "endpoint": f"{blob.url}/{blob.account}", "credentials": {"account_key": blob.key},
        }  # fmt: skip
    if not system.exists(name):
        system.mkdir(name)
    for path, content in FILES.items():
        system.pipe_file(f"{name}/{path}", content)
    world.datastores.create_or_update(world.ws, {"name": "far", **document}, "ann")
    return system, name


def test_what_a_store_lists_is_the_content(world: World, bucket: tuple[Any, str]) -> None:
    system, name = bucket
    contents = Contents(world.assets, world.storage, FileHashes())

    def mark(path: str) -> str:
        return contents.of(world.ws, f"azureml://datastores/far/paths/{path}").mark

    folder, file = mark("iris/"), mark("iris/a.csv")
    assert folder.startswith("etags ")
    assert file.startswith("etags ")
    assert (mark("iris/"), mark("iris/a.csv"), mark("nowhere/")) == (folder, file, "nothing")
    system.pipe_file(f"{name}/iris/a.csv", b"9,9\n")
    assert mark("iris/a.csv") != file
    assert mark("iris/") != folder
    changed = mark("iris/")
    system.pipe_file(f"{name}/iris/c.csv", b"")
    assert mark("iris/") != changed
    single = contents.of(world.ws, "azureml://datastores/far/paths/iris/a.csv")
    assert (single.name, single.files, single.size) == ("a.csv", 1, 4)


def test_a_store_that_does_not_answer_is_unknown(world: World) -> None:
    document = {
        "name": "far", "type": "s3", "bucket": "b", "endpoint": "http://127.0.0.1:9", "region": "us-east-1",
        "credentials": {"access_key_id": "id", "secret_access_key": "words"},
    }  # fmt: skip
    world.datastores.create_or_update(world.ws, document, "ann")
    contents = Contents(world.assets, world.storage, FileHashes())
    with pytest.raises(UnknownContentError):
        contents.of(world.ws, "azureml://datastores/far/paths/iris/")
