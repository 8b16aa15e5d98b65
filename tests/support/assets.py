"""The services of workspaces, datastores and assets over a database and a folder of a test's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from lapisml.backends.environments.catalogue import Catalogue
from lapisml.backends.storage.fsspec_storage import FsspecStorage
from lapisml.documents.manifest import Manifest, ManifestFile
from lapisml.server.features.assets.content import ContentService
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.assets.upload_request import UploadAnswer, UploadRequest
from lapisml.server.features.assets.uploads import UploadService
from lapisml.server.features.datastores.local_access import LocalAccess
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.features.datastores.rewrites import RewriteRules
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.database import Database, metadata
from lapisml.server.platform.vault import Vault
from lapisml.testing.clock import FakeClock

ARTIFACTS = "azureml://datastores/workspaceartifactstore/paths"


@dataclass
class World:
    """A server's inner parts, without HTTP."""

    home: Path
    database: Database
    clock: FakeClock
    workspaces: WorkspaceService
    datastores: DatastoreService
    assets: AssetService
    uploads: UploadService
    content: ContentService
    storage: FsspecStorage
    ws: Workspace

    def upload(self, files: dict[str, bytes], purpose: str = "data", basename: str = "folder") -> UploadAnswer:
        """Send files as a client does; return the completed answer."""
        request = upload_request(files, purpose, basename)
        by_hash = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
        answer = self.uploads.begin(self.ws, request)
        for sha256 in answer.missing:
            with self.uploads.receive(self.ws, sha256, len(by_hash[sha256])) as receiver:
                receiver.write(by_hash[sha256])
        return self.uploads.complete(self.ws, answer.digest, request)

    def put(self, uri: str, files: dict[str, bytes]) -> None:
        """Write files below a URI, as a job's runner does."""
        for name, content in files.items():
            with self.storage.open_write(self.datastores.resolve(self.ws, uri).child(name)) as stream:
                stream.write(content)


def upload_request(files: dict[str, bytes], purpose: str = "data", basename: str = "folder") -> UploadRequest:
    """Describe files as a client does."""
    entries = [ManifestFile(n, len(c), hashlib.sha256(c).hexdigest()) for n, c in files.items()]
    return UploadRequest(Manifest.of(entries), purpose, basename)


@contextmanager
def open_world(home: Path, database_url: str, **settings: Any) -> Iterator[World]:
    """Make a world; `settings`: rewrites, roots, allow_private."""
    home.mkdir(exist_ok=True)
    database, clock, storage, root = Database(database_url), FakeClock(), FsspecStorage(), home / "storage"
    with database.write() as connection:
        metadata.create_all(connection)
    workspaces = WorkspaceService(database, clock, root)
    datastores = DatastoreService(
        database, Vault(Fernet.generate_key()), clock, OwnFiles(root), RewriteRules(settings.get("rewrites", {})),
        LocalAccess(home, settings.get("roots", ())), settings.get("allow_private", False), workspaces.registries.get,
    )  # fmt: skip
    workspaces.welcome(datastores.furnish)
    workspaces.registries.ensure_built_in("ann")
    assets = AssetService(database, clock, datastores, storage, Catalogue(), workspaces.registries.get)
    workspace, _ = workspaces.create_or_update("default", {"name": "default"}, "ann")
    content = ContentService(assets, storage)
    uploads = UploadService(root)
    yield World(home, database, clock, workspaces, datastores, assets, uploads, content, storage, workspace)
    database.close()
