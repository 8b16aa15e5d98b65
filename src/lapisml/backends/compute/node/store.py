"""The files that came to a node: contents and manifests by digest, and folders made of them.

Laid out as the server's snapshot store is (`lapisml.core.snapshots`), so that `lapisml.runner.snapshots` reads both.
Every content is checked against its digest before it is kept; a file is there whole or not at all.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node.using import mark, using
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import FOLDER, blob_path, manifest_path
from lapisml.documents.manifest import Manifest, is_digest
from lapisml.runner import copying
from lapisml.runner.snapshots import SnapshotStore

_ABANDONED_S = 3600.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


class NodeStore:
    """Keeps what the server sends.

    Args:
        root: the agent's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._snapshots = str(root / FOLDER)
        self._contexts = root / "contexts"
        for folder in (Path(self._snapshots), self._contexts):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def missing(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Say what is not here yet; what is here is used now (`lapisml.backends.compute.node.using`).

        Args:
            asked: ``{"manifest": digest, "blobs": [digest, …]}``; without ``blobs`` only the manifest is asked about.

        Returns:
            ``{"manifest": bool, "blobs": [digest, …]}``: whether the manifest, and which of the contents, are missing.
        """
        with using(self._root):
            manifest = not mark(Path(manifest_path(self._snapshots, _checked(asked["manifest"]))))
            blobs = [each for each in asked.get("blobs") or () if not mark(self._blob(each))]
        return {"manifest": manifest, "blobs": blobs}

    def put(self, asked: dict[str, Any], data: bytes) -> None:
        """Keep a content, a piece of one, or a manifest.

        Args:
            asked: ``{"manifest": digest}``, ``{"blobs": [[digest, size], …]}`` for several whole contents one after
                the other, or ``{"blob": digest, "offset": n, "last": bool, "upload": word}`` for a piece.
            data: the bytes.

        Raises:
            LapisError: Integrity for bytes that are not what they are said to be, StorageFull.
        """
        try:
            if "manifest" in asked:
                self._put_manifest(_checked(asked["manifest"]), data)
            elif "blobs" in asked:
                self._put_blobs(asked["blobs"], data)
            else:
                self._put_piece(asked, data)
        except OSError as error:
            if error.errno in _FULL:
                raise LapisError(ErrorCode.STORAGE_FULL, "No space is left on the node for the job's code.") from error
            raise LapisError(ErrorCode.STORAGE_UNREACHABLE, f"The node can't keep the job's code: {error}.") from error

    def lay_out(self, digest: str) -> str:
        """Make a folder of a snapshot's files, once, and return its path.

        Raises:
            LapisError: ReferenceNotFound, Integrity, StorageFull.
        """
        folder = self._contexts / _checked(digest)
        with using(self._root):
            is_there = mark(folder)
        if not is_there:
            made = folder.with_name(f".new-{secrets.token_hex(8)}")
            try:
                SnapshotStore(self._snapshots).materialize(digest, made)
                made.rename(folder)
            except OSError:
                if not folder.exists():
                    raise
            finally:
                copying.remove_tree(str(made))
        return str(folder)

    def _put_manifest(self, digest: str, data: bytes) -> None:
        if Manifest.from_dict(json.loads(data)).digest() != digest:
            raise _changed(digest)
        _write(Path(manifest_path(self._snapshots, digest)), data)

    def _put_blobs(self, blobs: list[list[Any]], data: bytes) -> None:
        at = 0
        for digest, size in blobs:
            target = self._blob(digest)
            content = data[at : at + int(size)]
            at += int(size)
            if hashlib.sha256(content).hexdigest() != digest:
                raise _changed(digest)
            _write(target, content)

    def _put_piece(self, asked: dict[str, Any], data: bytes) -> None:
        """Write a piece of a long content to a file of its own, which takes its place with the last piece."""
        target, upload = self._blob(asked["blob"]), str(asked["upload"])
        if not upload.isalnum():
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, "That is not the name of an upload.")
        part = target.with_name(f"{target.name}.{upload}")
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        offset = int(asked["offset"])
        if offset == 0:
            _drop_abandoned(part)
        with part.open("wb" if offset == 0 else "r+b") as file:
            file.seek(offset)
            file.write(data)
            if not asked.get("last"):
                return
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        with part.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest()
        if whole != asked["blob"]:
            part.unlink()
            raise _changed(asked["blob"])
        part.replace(target)

    def _blob(self, digest: Any) -> Path:
        return Path(blob_path(self._snapshots, _checked(digest)))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _drop_abandoned(part: Path) -> None:
    """Remove pieces of the same content that an upload left which was cut off."""
    for other in part.parent.glob(f"{part.stem}.*"):
        if other != part and other.stat().st_mtime < time.time() - _ABANDONED_S:
            other.unlink(missing_ok=True)


def _checked(digest: Any) -> str:
    if not isinstance(digest, str) or not is_digest(digest):
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, "That is not the digest of a file.")
    return digest


def _changed(digest: str) -> LapisError:
    return LapisError(ErrorCode.INTEGRITY, f"What arrived for {digest[:12]}… is not what was sent.")
