from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.jobs.client import Api
from tests.support.buckets import Bucket, blob_container, s3_bucket
from tests.support.cli import run_lapis
from tests.support.server import LapisServer, end_everything

STORES = ("s3", "azure_blob")


def make_bucket(request: pytest.FixtureRequest, kind: str, **keys: Any) -> Bucket:
    """Make a bucket of the emulator of a kind of store."""
    if kind == "s3":
        return s3_bucket(request.getfixturevalue("s3_endpoint"), **keys)
    return blob_container(request.getfixturevalue("azurite"), **keys)


@dataclass
class World:
    """A server whose workspaces keep their files in a bucket."""

    server: LapisServer
    folder: Path
    bucket: Bucket

    @property
    def api(self) -> Api:
        return Api(self.server)

    def lapis(self, *words: str) -> str:
        """Run the command in the folder and give what it printed."""
        return run_lapis(*words, home=self.server.home, cwd=self.folder, check=True).stdout.strip()

    def kept_here(self) -> list[str]:
        """List the files that the server's home keeps of datastores."""
        storage = self.server.home / "storage" / "default"
        return [str(p.relative_to(storage)) for p in storage.glob("workspace*/**/*") if p.is_file()]


@pytest.fixture(scope="package", params=STORES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    bucket, folder = make_bucket(request, request.param), tmp_path_factory.mktemp("stores")
    server = LapisServer(folder / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host", **bucket.env}).start()
    yield World(server, folder, bucket)
    server.stop()
    end_everything(server.home)
