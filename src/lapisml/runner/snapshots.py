"""Code snapshots on the side of the job: brought to a folder, every byte checked on the way.

Stored code that was changed is not run: the manifest must have the digest it is asked for, and each file the
digest and size that the manifest says. Files are copied, never linked: a script may change its own folder.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import blob_path, folders_of, manifest_path
from lapisml.documents.manifest import Manifest, ManifestFile, is_digest

_CHUNK = 1 << 20


class SnapshotStore:
    """Reads the snapshots of a workspace.

    Args:
        root: the workspace's snapshot folder.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = os.fspath(root)

    def manifest(self, digest: str) -> Manifest:
        """Return the manifest of a snapshot.

        Raises:
            LapisError: ReferenceNotFound when there is no such snapshot, Integrity when it was changed.
        """
        if not is_digest(digest):
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"'{digest}' is not the digest of a code snapshot.")
        try:
            with open(manifest_path(self._root, digest), "rb") as stream:
                text = stream.read()
        except FileNotFoundError as error:
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"There is no code snapshot {digest}.") from error
        try:
            manifest = Manifest.from_dict(json.loads(text))
        except (ValueError, LapisError) as error:
            raise _changed(f"The manifest of code snapshot {digest} can't be read") from error
        if manifest.digest() != digest:
            raise _changed(f"The manifest of code snapshot {digest} was changed after it was stored")
        return manifest

    def materialize(self, digest: str, folder: str | os.PathLike[str]) -> int:
        """Bring a snapshot's files to `folder`, which is made if need be; return their number.

        When it raises, `folder` may hold a part of the files: nothing of it must be run.

        Raises:
            LapisError: ReferenceNotFound, Integrity; StorageFull when there is no room for it.
        """
        manifest = self.manifest(digest)
        target = os.fspath(folder)
        try:
            os.makedirs(target, exist_ok=True)
            for below in folders_of(file.path for file in manifest.files):
                os.makedirs(os.path.join(target, below), exist_ok=True)
            for file in manifest.files:
                self._place(file, os.path.join(target, file.path))
        except OSError as error:
            raise _failed(digest, error) from error
        return len(manifest.files)

    def _place(self, file: ManifestFile, target: str) -> None:
        """Copy one file and compare what was copied with the manifest."""
        hashed = hashlib.sha256()
        size = 0
        try:
            source = open(blob_path(self._root, file.sha256), "rb")  # noqa: SIM115 - closed below
        except FileNotFoundError as error:
            raise _changed(f"The content of '{file.path}' is missing from the stored code") from error
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, int(file.mode, 8))
        with source, open(descriptor, "wb") as writing:
            while chunk := source.read(_CHUNK):
                hashed.update(chunk)
                size += len(chunk)
                writing.write(chunk)
        if size != file.size or hashed.hexdigest() != file.sha256:
            os.unlink(target)
            raise _changed(f"The stored content of '{file.path}' was changed after it was uploaded")


def _changed(what: str) -> LapisError:
    return LapisError(ErrorCode.INTEGRITY, f"{what}; it is not run.", "Submit the job again from its code.")


def _failed(digest: str, error: OSError) -> LapisError:
    code = ErrorCode.STORAGE_FULL if error.errno in _FULL else ErrorCode.STORAGE_UNREACHABLE
    return LapisError(code, f"Code snapshot {digest} can't be copied: {error.strerror}.")


_FULL = (errno.ENOSPC, errno.EDQUOT)
