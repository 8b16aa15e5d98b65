"""Folders as a person walks through them: one level at a time, of a workspace's stores and of code snapshots alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from lapisml.core.errors import not_found
from lapisml.core.snapshots import blob_path, manifest_path
from lapisml.documents.manifest import ManifestFile
from lapisml.documents.references import CodeRef, parse
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation, safe_relative
from lapisml.server.features.assets.records import Page
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.workspaces.service import Workspace


@dataclass(frozen=True)
class Entry:
    """A file or folder within a folder.

    Attributes:
        size: bytes; None for a folder.
        modified_at: milliseconds since the epoch, UTC; None when the store does not say.
    """

    name: str
    is_folder: bool
    size: int | None = None
    modified_at: int | None = None


@dataclass(frozen=True)
class FoundFile:
    """A file: where it lies, what it is called (a snapshot's files lie under their digests), bytes, time."""

    location: StorageLocation
    name: str
    size: int
    modified_at: int | None = None


class Browser:
    """Finds files and the contents of folders by reference and path."""

    def __init__(self, assets: AssetService, storage: Storage) -> None:
        self._assets = assets
        self._storage = storage

    def children(self, workspace: Workspace, uri: str, path: str, limit: int, token: str | None) -> Page[Entry]:
        """List what lies directly within a folder: folders first, then by name.

        Args:
            uri: any reference to content, or a code snapshot (``azureml://codes/…``).
            path: below it, POSIX; empty for its root. Of a single file the list holds that file alone.
            limit: at most this many.
            token: `Page.next` of the part before.

        Raises:
            LapisError: NotFound, PathNotAllowed, Forbidden, StorageUnreachable.
        """
        entries = sorted(self._entries(workspace, uri, safe_relative(path)), key=_order)
        if token is not None:
            after = (token[:1] != "d", token[1:])
            entries = [entry for entry in entries if _order(entry) > after]
        shown = entries[:limit]
        following = f"{'d' if shown[-1].is_folder else 'f'}{shown[-1].name}" if len(entries) > limit else None
        return Page(shown, following)

    def file(self, workspace: Workspace, uri: str, path: str) -> FoundFile:
        """Find one file; a reference to a single file is that file, with its name as the path or without one.

        Raises:
            LapisError: NotFound, PathNotAllowed, Forbidden, StorageUnreachable.
        """
        digest = _snapshot(uri)
        if digest is not None:
            return self._code_file(workspace, digest, safe_relative(path))
        whole = self._assets.content_location(workspace, uri)
        location = whole.child(path) if path else whole
        found = self._storage.info(location)
        if found is None and path == whole.name:
            location, found = whole, self._storage.info(whole)
        if found is None or found.is_dir:
            raise not_found("file" if found else "content", path or uri)
        return FoundFile(location, location.name, found.size, found.modified_at)

    def walk(self, workspace: Workspace, uri: str, path: str) -> Iterator[tuple[str, FoundFile]]:
        """Give every file below a folder, with its path relative to it.

        Raises:
            LapisError: as `file`.
        """
        digest, clean = _snapshot(uri), safe_relative(path)
        if digest is not None:
            files = self._manifest(workspace, digest)
            within = [(name, file) for file in files if (name := _below(file.path, clean)) is not None]
            return ((name, self._stored(workspace, file)) for name, file in within)
        location = self._location(workspace, uri, clean)
        self._known(location, clean or uri)
        return ((item.path, _found(location, item)) for item in self._storage.walk(location))

    def _entries(self, workspace: Workspace, uri: str, path: str) -> Iterable[Entry]:
        digest = _snapshot(uri)
        if digest is not None:
            return _level(self._manifest(workspace, digest), path)
        location = self._location(workspace, uri, path)
        found = self._known(location, path or uri)
        if not found.is_dir:
            return [Entry(location.name, False, found.size, found.modified_at)]
        return [
            Entry(item.path, item.is_dir, None if item.is_dir else item.size, item.modified_at)
            for item in self._storage.children(location)
        ]

    def _location(self, workspace: Workspace, uri: str, path: str) -> StorageLocation:
        location = self._assets.content_location(workspace, uri)
        return location.child(path) if path else location

    def _known(self, location: StorageLocation, what: str) -> ObjectInfo:
        found = self._storage.info(location)
        if found is None:
            raise not_found("content", what)
        return found

    def _manifest(self, workspace: Workspace, digest: str) -> list[ManifestFile]:
        path = Path(manifest_path(str(self._assets.shelf.bring(workspace, digest)), digest))
        try:
            listed = orjson.loads(path.read_bytes())["files"]
        except FileNotFoundError:
            raise not_found("code snapshot", digest) from None
        return [ManifestFile(**entry) for entry in listed]

    def _code_file(self, workspace: Workspace, digest: str, path: str) -> FoundFile:
        for file in self._manifest(workspace, digest):
            if file.path == path:
                return self._stored(workspace, file)
        raise not_found("file", path)

    def _stored(self, workspace: Workspace, file: ManifestFile) -> FoundFile:
        root = self._assets.snapshot_root(workspace)
        location = StorageLocation("file", blob_path(str(root), file.sha256), root=str(root))
        return FoundFile(location, file.path.rpartition("/")[2], file.size)


def _order(entry: Entry) -> tuple[bool, str]:
    return not entry.is_folder, entry.name


def _snapshot(uri: str) -> str | None:
    """Give the digest of a code snapshot, None for any other reference."""
    reference = parse(uri)
    return reference.digest if isinstance(reference, CodeRef) else None


def _below(path: str, folder: str) -> str | None:
    """Give a path relative to a folder; None when it lies elsewhere."""
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None


def _level(files: Iterable[ManifestFile], folder: str) -> list[Entry]:
    found: dict[str, Entry] = {}
    for file in files:
        rest = _below(file.path, folder)
        if rest is not None:
            name, slash, _ = rest.partition("/")
            found.setdefault(name, Entry(name, bool(slash), None if slash else file.size))
    if not found and folder:
        raise not_found("folder", folder)
    return list(found.values())


def _found(folder: StorageLocation, item: ObjectInfo) -> FoundFile:
    return FoundFile(folder.child(item.path), item.path.rpartition("/")[2], item.size, item.modified_at)
