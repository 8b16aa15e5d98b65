"""Snapshots of code: in a folder of this machine, and behind it in the place that all servers share, if there is one.

Jobs take their code from the folder. Where there is a shared place, what counts is what lies there: the folder holds
copies, brought when they are needed. In both the manifest comes last, so that a snapshot is never found in part.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.snapshots import FOLDER, blob_path, manifest_path
from lapisml.documents.manifest import Manifest, ManifestFile, is_digest
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.disk import size, translated, write_whole
from lapisml.server.features.assets.snapshot_writer import is_whole
from lapisml.server.features.assets.snapshots import copy_snapshot
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.features.workspaces.service import Workspace

_SIDE_BY_SIDE = 8
_MOST_REMEMBERED = 4_096
T = TypeVar("T")


class CodeShelf:
    """Finds, brings and publishes snapshots.

    Args:
        files: where workspaces keep their files.
        storage: reaches the shared place.
    """

    def __init__(self, files: OwnFiles, storage: Storage) -> None:
        self._files = files
        self._storage = storage
        self._lock = threading.Lock()
        self._published: dict[tuple[int, str], None] = {}

    def root(self, workspace: Workspace) -> Path:
        """Return the folder of a workspace's snapshots on this machine."""
        return self._files.folder / workspace.name / FOLDER

    def index(self, workspace: Workspace) -> StorageLocation:
        """Return the place of what is kept beside the snapshots: the shared one, if there is one."""
        place = self._files.at(workspace.name, FOLDER)
        if place.protocol == "file":
            Path(place.path).mkdir(parents=True, exist_ok=True)
        return place

    def has(self, workspace: Workspace, digest: str) -> bool:
        """Say whether a snapshot is there, complete.

        Raises:
            LapisError: StorageUnreachable.
        """
        if not is_digest(digest):
            return False
        place = self._shared(workspace)
        if place is None:
            return self._manifest(workspace, digest).is_file()
        if (workspace.id, digest) in self._published:
            return True
        if self._storage.info(place.child(_manifest_key(digest))) is None:
            return False
        self._remember(workspace, digest)
        return True

    def is_sound(self, workspace: Workspace, digest: str) -> bool:
        """Say whether a snapshot that is there has all of its files, unspoilt; a shared place looks after its own."""
        return self._files.base is not None or is_whole(self.root(workspace), digest)

    def bring(self, workspace: Workspace, digest: str) -> Path:
        """Have a snapshot whole on this machine; return the folder of snapshots.

        Raises:
            LapisError: NotFound; StorageUnreachable, StorageFull; Integrity when the shared place lacks some of it.
        """
        root, path, place = self.root(workspace), self._manifest(workspace, digest), self._shared(workspace)
        if path.is_file() or place is None:
            return root
        content = self._read(place.child(_manifest_key(digest)), digest)
        files = Manifest.from_dict(json.loads(content)).files

        def fetch(file: ManifestFile) -> None:
            target = Path(blob_path(str(root), file.sha256))
            if size(target) != file.size:
                self._storage.get(place.child(_blob_key(file.sha256)), target)

        try:
            side_by_side(fetch, _each_once(files))
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                raise LapisError(ErrorCode.INTEGRITY, f"The code snapshot {digest} is not complete.") from error
            raise
        with translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        self._remember(workspace, digest)
        return root

    def publish(self, workspace: Workspace, digest: str) -> None:
        """Put a snapshot of this machine's folder into the shared place; nothing happens where there is none.

        Raises:
            LapisError: StorageUnreachable.
        """
        place = self._shared(workspace)
        if place is None or self.has(workspace, digest):
            return
        root, manifest = self.root(workspace), self._manifest(workspace, digest)

        def put(file: ManifestFile) -> None:
            target = place.child(_blob_key(file.sha256))
            found = self._storage.info(target)
            if found is None or found.size != file.size:
                self._storage.put_file(Path(blob_path(str(root), file.sha256)), target)

        side_by_side(put, _each_once(Manifest.from_dict(json.loads(manifest.read_bytes())).files))
        self._storage.put_file(manifest, place.child(_manifest_key(digest)))
        self._remember(workspace, digest)

    def copy(self, origin: Workspace, target: Workspace, digest: str) -> None:
        """Let a snapshot of one workspace be found in another too.

        Raises:
            LapisError: Integrity when the origin lacks some of it; NotFound, StorageUnreachable, StorageFull.
        """
        copy_snapshot(self.bring(origin, digest), self.root(target), digest)
        self.publish(target, digest)

    def _read(self, place: StorageLocation, digest: str) -> bytes:
        try:
            with self._storage.open_read(place) as stream:
                return stream.read()
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                raise not_found("code snapshot", digest) from None
            raise

    def _shared(self, workspace: Workspace) -> StorageLocation | None:
        return self._files.shared(workspace.name, FOLDER)

    def _manifest(self, workspace: Workspace, digest: str) -> Path:
        return Path(manifest_path(str(self.root(workspace)), digest))

    def _remember(self, workspace: Workspace, digest: str) -> None:
        with self._lock:
            while len(self._published) >= _MOST_REMEMBERED:
                self._published.pop(next(iter(self._published)))
            self._published[(workspace.id, digest)] = None


def side_by_side(work: Callable[[T], None], items: Iterable[T]) -> None:
    """Do `work` for each item, several at once; the first error is raised when all that began have ended."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE, "lapis-shelf") as pool:
        for _ in pool.map(work, items):
            pass


def _each_once(files: Iterable[ManifestFile]) -> list[ManifestFile]:
    return list({file.sha256: file for file in files}.values())


def _blob_key(sha256: str) -> str:
    return blob_path("", sha256)


def _manifest_key(digest: str) -> str:
    return manifest_path("", digest)
