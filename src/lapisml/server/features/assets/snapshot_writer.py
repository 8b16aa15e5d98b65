"""Snapshots of code made from files that lie in a store: each content by its digest, the manifest last."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.snapshots import blob_path, manifest_path
from lapisml.documents.manifest import MOST_FILES, Manifest, ManifestFile
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.disk import size, synchronise, write_whole

_CHUNK = 1 << 20
_READ_BYTES = 16 << 20
_ABANDONED_S = 86_400
_SCRIPT = b"#!"


class SnapshotWriter:
    """Writes snapshots into a folder of them.

    Args:
        root: the workspace's snapshot folder.
    """

    def __init__(self, storage: Storage, root: Path) -> None:
        self._storage = storage
        self._root = root

    def write(self, source: StorageLocation, *, share: bool = False) -> Manifest:
        """Take the files at `source` in; return the manifest of what was taken.

        A file that begins with ``#!`` may be executed, since stores do not tell.

        Args:
            source: a folder, or one file.
            share: the files at `source` never change again, so that they may be shared on disk.

        Raises:
            LapisError: NotFound when nothing is there; RequestTooLarge; PathNotAllowed.
        """
        found = self._storage.info(source)
        if found is None:
            raise not_found("code", str(source), "Send its files before naming them.")
        parts = self._root / "parts"
        _prune(parts)
        part = parts / secrets.token_hex(8)
        part.mkdir(parents=True)
        try:
            files = [self._take(where, path, part, share) for path, where in self._files(source, found.is_dir)]
        finally:
            with suppress(OSError):
                part.rmdir()
        if not files:
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The code has no files.")
        manifest = Manifest.of(files)
        path = Path(manifest_path(str(self._root), manifest.digest()))
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in {Path(blob_path(str(self._root), file.sha256)).parent for file in files}:
            synchronise(folder)
        write_whole(path, json.dumps(manifest.to_dict()).encode())
        return manifest

    def _files(self, source: StorageLocation, is_dir: bool) -> Iterator[tuple[str, StorageLocation]]:
        if not is_dir:
            yield source.name, source
            return
        for count, entry in enumerate(self._storage.walk(source)):
            if count >= MOST_FILES:
                raise LapisError(ErrorCode.REQUEST_TOO_LARGE, f"Code has at most {MOST_FILES} files.")
            yield entry.path, source.child(entry.path)

    def _take(self, source: StorageLocation, path: str, part: Path, share: bool) -> ManifestFile:
        place = part / secrets.token_hex(8)
        try:
            if not (share and self._linked(source, place)):
                self._copy(source, place)
            digest, script = _read(place)
            target = Path(blob_path(str(self._root), digest))
            length = place.stat().st_size
            target.parent.mkdir(parents=True, exist_ok=True)
            place.replace(target)  # what lies there already may have been damaged
        finally:
            place.unlink(missing_ok=True)
        return ManifestFile(path, length, digest, "755" if script else "644")

    def _linked(self, source: StorageLocation, place: Path) -> bool:
        """Give a file of this machine a second name; False where that can't be."""
        local = self._storage.local_path(source)
        if local is None:
            return False
        try:
            os.link(local, place)
        except OSError:
            return False
        return True

    def _copy(self, source: StorageLocation, place: Path) -> None:
        with self._storage.open_read(source) as reading, place.open("xb") as writing:
            while piece := reading.read(_CHUNK):
                writing.write(piece)
            writing.flush()
            os.fsync(writing.fileno())


def _prune(parts: Path) -> None:
    """Remove what writers left that were cut off a day ago or longer."""
    if not parts.is_dir():
        return
    for folder in parts.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True)


def is_whole(root: Path, digest: str) -> bool:
    """Say whether every file of a snapshot is there, with its content if they are not many bytes in all."""
    manifest = Manifest.from_dict(json.loads(Path(manifest_path(str(root), digest)).read_bytes()))
    read = manifest.size <= _READ_BYTES
    return all(_is_there(Path(blob_path(str(root), file.sha256)), file, read) for file in manifest.files)


def _is_there(place: Path, file: ManifestFile, read: bool) -> bool:
    return size(place) == file.size and (not read or _read(place)[0] == file.sha256)


def _read(place: Path) -> tuple[str, bool]:
    """Return the SHA-256 of a file, and whether it is a script that names its interpreter."""
    hashed = hashlib.sha256()
    with place.open("rb") as stream:
        script = stream.read(len(_SCRIPT)) == _SCRIPT
        stream.seek(0)
        while piece := stream.read(_CHUNK):
            hashed.update(piece)
    return hashed.hexdigest(), script
