"""Buckets and containers of the emulators, as a server's place for the files of its workspaces."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import fsspec

from tests.support.objectstores import BlobEndpoint, S3Endpoint


@dataclass
class Bucket:
    """A bucket or container of its own, empty at first.

    Attributes:
        address, credentials: the two settings that lead there.
        system: an fsspec file system.
        base: ``bucket/prefix``.
    """

    address: str
    credentials: dict[str, str]
    system: Any
    base: str

    @property
    def env(self) -> dict[str, str]:
        """Variables of a server that keeps its files here."""
        return {
            "LAPIS_DEFAULT_DATASTORE": self.address,
            "LAPIS_DEFAULT_DATASTORE_CREDENTIALS": json.dumps(self.credentials),
        }

    def paths(self, below: str = "") -> list[str]:
        """List what lies below the prefix, as paths below `below`."""
        start = f"{self.base}/{below}".rstrip("/")
        return sorted(path.removeprefix(f"{start}/") for path in self.system.find(start))


def s3_bucket(endpoint: S3Endpoint, prefix: str = "lapis", *, make: bool = True) -> Bucket:
    """Make a bucket."""
    system, name = fsspec.filesystem("s3", **endpoint.options, skip_instance_cache=True), f"b-{uuid4().hex[:12]}"
    system.use_listings_cache = False
    if make:
        system.mkdir(name)
    credentials = {
        "access_key_id": endpoint.key, "secret_access_key": endpoint.secret, "endpoint": endpoint.url,
        "region": endpoint.region,
    }  # fmt: skip
    return Bucket(f"s3://{name}/{prefix}", credentials, _uncached(system), f"{name}/{prefix}")


def blob_container(endpoint: BlobEndpoint, prefix: str = "lapis", *, make: bool = True) -> Bucket:
    """Make a container."""
    system = fsspec.filesystem("az", connection_string=endpoint.connection_string, skip_instance_cache=True)
    name = f"c-{uuid4().hex[:12]}"
    if make:
        system.mkdir(name)
    credentials = {"account_key": endpoint.key, "endpoint": f"{endpoint.url}/{endpoint.account}"}
    address = f"wasbs://{name}@{endpoint.account}.blob.core.windows.net/{prefix}"
    return Bucket(address, credentials, _uncached(system), f"{name}/{prefix}")


def _uncached(system: Any) -> Any:
    system.dircache.use_listings_cache = False
    return system
