"""Azure's own storage client, pointed at a server's containers."""

from __future__ import annotations

from typing import Any

from azure.storage.blob import ContainerClient

from lapisml.core.clock import SystemClock
from lapisml.server.platform.vault import Vault
from lapisml.server.surfaces.blob.addresses import blob_url
from lapisml.server.surfaces.blob.pending import PendingUploads
from lapisml.server.surfaces.blob.signing import BlobSigner
from tests.support.server import LapisServer


def signature(server: LapisServer, container: str, permissions: str = "racwdl", lifetime_s: int = 3600) -> str:
    """Return the query that opens a container of the workspace ``default``."""
    signer = BlobSigner(Vault.open(server.home / "secret.key"), SystemClock())
    return signer.sas("default", container, permissions, lifetime_s)


def container_client(
    server: LapisServer, container: str = "workspaceblobstore", permissions: str = "racwdl", **options: Any
) -> ContainerClient:
    """Return the client for a container.

    Args:
        options: of the client; requests that fail are not repeated unless one says so.
    """
    url = f"{blob_url(server.url, 'default', container)}?{signature(server, container, permissions)}"
    return ContainerClient.from_container_url(url, **{"retry_total": 0, **options})


def pending_container(server: LapisServer) -> str:
    """Begin an upload in the workspace ``default``; return its container."""
    return PendingUploads(server.home / "storage", SystemClock()).create("default")
