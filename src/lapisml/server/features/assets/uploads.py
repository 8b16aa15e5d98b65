"""Uploads by content: only files that are missing are sent, and nothing is visible before all of it is there.

Files wait in ``<storage>/<workspace>/uploads/blobs/ab/<sha256>``. Completing code moves them into the snapshot
folder and writes the manifest last; completing data moves them into a folder of their own and renames it to
``LocalUpload/<digest>/<basename>`` of the default datastore. A file that waits has one name: one that has two
was being completed when the server died, is visible as data already, and counts as missing. Archives are files
like others, never unpacked.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import FOLDER, blob_path, folders_of, manifest_path
from lapisml.documents.manifest import ManifestFile, is_digest
from lapisml.server.features.assets.disk import appear, linked, moved, size, synchronise, translated, write_whole
from lapisml.server.features.assets.intake import UPLOADS
from lapisml.server.features.assets.receiving import Receiver
from lapisml.server.features.assets.upload_request import UploadAnswer, UploadRequest, answer, check_digest
from lapisml.server.features.datastores.service import DEFAULT
from lapisml.server.features.workspaces.service import Workspace

_CHECKED_BYTES = 16 << 20
_ABANDONED_S = 7 * 86_400
_PRUNE_EVERY_S = 3_600


class UploadService:
    """Takes files into folders of this machine.

    Args:
        storage_root: folder with one folder for each workspace's files.
    """

    def __init__(self, storage_root: Path) -> None:
        self._storage_root = storage_root
        self._pruned_at: dict[str, float] = {}
        self._turn = threading.Lock()

    def begin(self, workspace: Workspace, request: UploadRequest) -> UploadAnswer:
        """Say which files are missing.

        Raises:
            LapisError: StorageFull.
        """
        with translated(), self._turn:
            self._prune(workspace)
            return answer(request, self._missing(workspace, request))

    @contextmanager
    def receive(self, workspace: Workspace, sha256: str, size: int | None) -> Iterator[Receiver]:
        """Take in one file within ``with``; call `Receiver.write` for each part. It is kept if all is well.

        Args:
            size: bytes announced by the sender; None when it announced none.

        Raises:
            LapisError: Integrity when the content has another digest, RequestTooLarge, StorageFull.
        """
        if not is_digest(sha256):
            raise LapisError(ErrorCode.USAGE, "The address of a file's content is its SHA-256, 64 hexadecimal digits.")
        with translated():
            target = Path(blob_path(str(self._folder(workspace)), sha256))
            target.parent.mkdir(parents=True, exist_ok=True)
            with Receiver(target, sha256, size) as receiver:
                yield receiver

    def complete(self, workspace: Workspace, digest: str, request: UploadRequest) -> UploadAnswer:
        """Make the content visible when nothing is missing; say what is missing otherwise.

        Raises:
            LapisError: Usage when the manifest is not that of `digest`; StorageFull.
        """
        check_digest(request, digest)
        with translated(), self._turn:
            missing = self._missing(workspace, request)
            if not missing:
                finish = self._finish_code if request.purpose == "code" else self._finish_data
                missing = finish(workspace, request)
            return answer(request, missing)

    def _missing(self, workspace: Workspace, request: UploadRequest) -> list[str]:
        if request.purpose == "data" and self._data_target(workspace, request).exists():
            return []
        files = {file.sha256: file for file in request.manifest.files}
        check = request.manifest.size <= _CHECKED_BYTES
        have = self._in_snapshots if request.purpose == "code" else _nowhere
        return sorted(
            sha256
            for sha256, file in files.items()
            if not have(workspace, file, check) and not _waits(self._folder(workspace), file)
        )

    def _in_snapshots(self, workspace: Workspace, file: ManifestFile, check: bool) -> bool:
        """Say whether a file is stored as code; small uploads mend what was damaged on disk."""
        path = Path(blob_path(str(self._snapshots(workspace)), file.sha256))
        if size(path) != file.size:
            return False
        if not check or hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256:
            return True
        path.unlink(missing_ok=True)
        return False

    def _finish_code(self, workspace: Workspace, request: UploadRequest) -> list[str]:
        root, lost = str(self._snapshots(workspace)), []
        for file in request.manifest.files:
            target = Path(blob_path(root, file.sha256))
            if size(target) == file.size:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if not moved(Path(blob_path(str(self._folder(workspace)), file.sha256)), target):
                lost.append(file.sha256)
        path = Path(manifest_path(root, request.manifest.digest()))
        content = json.dumps(request.manifest.to_dict()).encode()
        if not lost and (size(path) is None or path.read_bytes() != content):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        return sorted(set(lost))

    def _finish_data(self, workspace: Workspace, request: UploadRequest) -> list[str]:
        target = self._data_target(workspace, request)
        if target.exists():
            return []
        part = self._folder(workspace) / "parts" / secrets.token_hex(8)
        try:
            lost = self._gather(workspace, request, part / request.basename)
            if not lost:
                target.parent.mkdir(parents=True, exist_ok=True)
                appear(part / request.basename, target)
                for file in request.manifest.files:
                    Path(blob_path(str(self._folder(workspace)), file.sha256)).unlink(missing_ok=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return lost

    def _gather(self, workspace: Workspace, request: UploadRequest, place: Path) -> list[str]:
        """Link the waiting files to their paths; a content that occurs twice is copied the second time."""
        base = place.parent if request.is_file else place
        for folder in ("", *folders_of(file.path for file in request.manifest.files)):
            (base / folder).mkdir(parents=True, exist_ok=True)
        first: dict[str, Path] = {}
        lost = []
        for file in request.manifest.files:
            path = base / file.path
            if file.sha256 in first:
                shutil.copyfile(first[file.sha256], path)
                synchronise(path)
            elif not linked(Path(blob_path(str(self._folder(workspace)), file.sha256)), path):
                lost.append(file.sha256)
                continue
            path.chmod(int(file.mode, 8))
            first.setdefault(file.sha256, path)
        for folder in ("", *folders_of(file.path for file in request.manifest.files)):
            synchronise(base / folder)
        return sorted(set(lost))

    def _data_target(self, workspace: Workspace, request: UploadRequest) -> Path:
        store = self._storage_root / workspace.name / DEFAULT
        return store / UPLOADS / request.manifest.digest() / request.basename

    def _folder(self, workspace: Workspace) -> Path:
        return self._storage_root / workspace.name / "uploads"

    def _snapshots(self, workspace: Workspace) -> Path:
        return self._storage_root / workspace.name / FOLDER

    def _prune(self, workspace: Workspace) -> None:
        """Now and then remove files that nobody completed for a week."""
        now = time.time()
        if now - self._pruned_at.get(workspace.name, 0.0) < _PRUNE_EVERY_S:
            return
        self._pruned_at[workspace.name] = now
        folder = self._folder(workspace)
        for path in [*folder.glob("blobs/*/*"), *folder.glob("blobs/*/.*")]:
            with suppress(OSError):
                if now - path.stat().st_mtime > _ABANDONED_S:
                    path.unlink()
        shutil.rmtree(folder / "parts", ignore_errors=True)  # the turn is ours: what is left is a dead server's


def _nowhere(_workspace: Workspace, _file: ManifestFile, _check: bool) -> bool:
    return False


def _waits(folder: Path, file: ManifestFile) -> bool:
    """Say whether a file waits, whole and untouched."""
    path = Path(blob_path(str(folder), file.sha256))
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    if found.st_nlink == 1 and found.st_size == file.size:
        return True
    path.unlink(missing_ok=True)
    return False
