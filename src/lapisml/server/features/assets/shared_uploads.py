"""Uploads to a server whose files lie in an object store: any server of several takes any part of one.

What comes is checked on this machine's disk, and waits in ``uploads/blobs/ab/<sha256>`` of the store. Completing code
copies it beside the snapshots and writes the manifest last; completing data copies it to
``LocalUpload/<digest>/<basename>``, whose address is told when everything is there. Each step may be done twice, also
by two servers at once.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import FOLDER, blob_path, manifest_path
from lapisml.documents.manifest import ManifestFile, is_digest
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.disk import translated
from lapisml.server.features.assets.intake import UPLOADS
from lapisml.server.features.assets.receiving import Receiver
from lapisml.server.features.assets.shelf import CodeShelf, side_by_side
from lapisml.server.features.assets.upload_request import UploadAnswer, UploadRequest, answer, check_digest
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.features.datastores.service import DEFAULT
from lapisml.server.features.workspaces.service import Workspace

_WAITING = "uploads"
_ABANDONED_MS = 7 * 86_400_000
_PRUNE_EVERY_S = 3_600


class SharedUploads:
    """Implements `Uploads` over an object store.

    Args:
        files: where workspaces keep their files; its folder takes what is on its way.
        shelf: the snapshots of code.
    """

    def __init__(self, files: OwnFiles, storage: Storage, shelf: CodeShelf) -> None:
        self._files = files
        self._storage = storage
        self._shelf = shelf
        self._pruned_at: dict[str, float] = {}

    def begin(self, workspace: Workspace, request: UploadRequest) -> UploadAnswer:
        """Say which files are missing."""
        self._prune(workspace)
        return answer(request, [] if self._is_there(workspace, request) else self._missing(workspace, request))

    @contextmanager
    def receive(self, workspace: Workspace, sha256: str, size: int | None) -> Iterator[Receiver]:
        """Take in one file within ``with``."""
        if not is_digest(sha256):
            raise LapisError(ErrorCode.USAGE, "The address of a file's content is its SHA-256, 64 hexadecimal digits.")
        with translated():
            incoming = self._files.folder / workspace.name / _WAITING / "incoming"
            incoming.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=incoming) as folder:
                path = Path(folder) / secrets.token_hex(8)
                with Receiver(path, sha256, size) as receiver:
                    yield receiver
                self._storage.put_file(path, self._waiting(workspace, sha256))

    def complete(self, workspace: Workspace, digest: str, request: UploadRequest) -> UploadAnswer:
        """Make the content visible when nothing is missing; say what is missing otherwise."""
        check_digest(request, digest)
        if self._is_there(workspace, request):
            return answer(request, [])
        missing = self._missing(workspace, request)
        if not missing:
            try:
                self._finish(workspace, request)
            except LapisError as error:  # another server completed it, and removed what waited
                if error.code is not ErrorCode.NOT_FOUND:
                    raise
                missing = [] if self._is_there(workspace, request) else self._missing(workspace, request)
        return answer(request, missing)

    def _is_there(self, workspace: Workspace, request: UploadRequest) -> bool:
        if request.purpose == "code":
            return self._shelf.has(workspace, request.manifest.digest())
        target = self._target(workspace, request)
        found = {entry.path: entry.size for entry in self._storage.walk(target)}
        return found == {file.path: file.size for file in request.manifest.files}

    def _missing(self, workspace: Workspace, request: UploadRequest) -> list[str]:
        missing: list[str] = []

        def look(file: ManifestFile) -> None:
            if not self._has(self._waiting(workspace, file.sha256), file) and not (
                request.purpose == "code" and self._has(self._blob(workspace, file.sha256), file)
            ):
                missing.append(file.sha256)

        side_by_side(look, {file.sha256: file for file in request.manifest.files}.values())
        return sorted(missing)

    def _finish(self, workspace: Workspace, request: UploadRequest) -> None:
        target = self._target(workspace, request)

        def place(file: ManifestFile) -> None:
            if request.purpose == "data":
                here = target if request.is_file else target.child(file.path)
                self._storage.copy(self._waiting(workspace, file.sha256), here)
            elif not self._has(self._blob(workspace, file.sha256), file):
                self._storage.copy(self._waiting(workspace, file.sha256), self._blob(workspace, file.sha256))

        side_by_side(place, request.manifest.files)
        if request.purpose == "code":
            manifest = self._snapshots(workspace).child(manifest_path("", request.manifest.digest()))
            with self._storage.open_write(manifest) as stream:
                stream.write(json.dumps(request.manifest.to_dict()).encode())
        digests = {file.sha256 for file in request.manifest.files}
        side_by_side(lambda sha256: self._storage.delete(self._waiting(workspace, sha256)), digests)

    def _has(self, place: StorageLocation, file: ManifestFile) -> bool:
        found = self._storage.info(place)
        return found is not None and not found.is_dir and found.size == file.size

    def _target(self, workspace: Workspace, request: UploadRequest) -> StorageLocation:
        store = self._files.at(workspace.name, DEFAULT)
        return store.child(f"{UPLOADS}/{request.manifest.digest()}/{request.basename}")

    def _snapshots(self, workspace: Workspace) -> StorageLocation:
        return self._files.at(workspace.name, FOLDER)

    def _blob(self, workspace: Workspace, sha256: str) -> StorageLocation:
        return self._snapshots(workspace).child(blob_path("", sha256))

    def _waiting(self, workspace: Workspace, sha256: str) -> StorageLocation:
        return self._files.at(workspace.name, _WAITING).child(blob_path("", sha256))

    def _prune(self, workspace: Workspace) -> None:
        """Now and then remove files that nobody completed for a week."""
        now = time.monotonic()
        if now - self._pruned_at.get(workspace.name, -_PRUNE_EVERY_S) < _PRUNE_EVERY_S:
            return
        self._pruned_at[workspace.name] = now
        waiting = self._files.at(workspace.name, _WAITING)
        for entry in list(self._storage.walk(waiting)):
            if entry.modified_at is not None and time.time() * 1000 - entry.modified_at > _ABANDONED_MS:
                self._storage.delete(waiting.child(entry.path))
