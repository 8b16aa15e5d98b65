"""Containers: the datastores of a workspace, and its pending uploads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import StorageLocation
from lapisml.server.features.datastores.service import DatastoreService, datastore_uri
from lapisml.server.features.workspaces.registries import PlaceFinder
from lapisml.server.platform.processes import boot_id
from lapisml.server.surfaces.blob import records, staging
from lapisml.server.surfaces.blob.errors import BlobError
from lapisml.server.surfaces.blob.pending import Pending, is_pending
from lapisml.server.surfaces.blob.records import Records
from lapisml.server.surfaces.blob.staging import Staging

_REMEMBER_S = 2.0
_MOST_REMEMBERED = 256


@dataclass(frozen=True)
class Container:
    """One container.

    Attributes:
        workspace: its name.
        name: as kept, in lower case.
        root: where its files lie; they stay below it.
        changed_at: when the datastore was changed, milliseconds since the epoch.
        records: what is kept beside them.
        staging: blocks that wait.
    """

    workspace: str
    name: str
    root: StorageLocation
    changed_at: int
    records: Records
    staging: Staging


class Containers:
    """Finds containers.

    Args:
        storage: folder with one folder for each workspace's files.
    """

    def __init__(self, workspaces: PlaceFinder, datastores: DatastoreService, pending: Pending, storage: Path) -> None:
        self._workspaces = workspaces
        self._datastores = datastores
        self._pending = pending
        self._storage = storage
        self._boot_id = boot_id()
        self._known: dict[tuple[str, str], tuple[Container, float]] = {}
        self._staging: dict[str, Staging] = {}

    def find(self, workspace: str, name: str) -> Container:
        """Return a container; remembered for two seconds.

        Raises:
            BlobError: ContainerNotFound.
            LapisError: the datastore can't be read from here.
        """
        key = (workspace, name)
        known = self._known.get(key)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        found = self._made(workspace, name.lower())
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (found, time.monotonic() + _REMEMBER_S)
        return found

    def names(self, workspace: str) -> list[str]:
        """Return the names of a workspace's datastores.

        Raises:
            BlobError: ContainerNotFound when there is no such workspace.
        """
        try:
            return [record.name for record in self._datastores.list(self._workspaces.get(workspace))]
        except LapisError as error:
            raise _translated(error) from error

    def _made(self, workspace: str, name: str) -> Container:
        try:
            root, changed_at = self._root(workspace, name)
        except LapisError as error:
            raise _translated(error) from error
        folder = self._storage / workspace
        waiting = self._staging.setdefault(workspace, Staging(folder / staging.FOLDER, self._boot_id))
        return Container(workspace, name, root, changed_at, Records(folder / records.FOLDER / name), waiting)

    def _root(self, workspace: str, name: str) -> tuple[StorageLocation, int]:
        if is_pending(name):
            return self._pending.place(workspace, name)
        found = self._workspaces.get(workspace)
        record = self._datastores.get(found, name)
        return self._datastores.resolve(found, datastore_uri(record.name, "")).child(""), record.updated_at


def _translated(error: LapisError) -> Exception:
    if error.code in (ErrorCode.NOT_FOUND, ErrorCode.REFERENCE_NOT_FOUND, ErrorCode.USAGE):
        return BlobError("ContainerNotFound", error.message)
    return error
