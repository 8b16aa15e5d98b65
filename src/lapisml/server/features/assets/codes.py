"""Code under a name and a version, as Azure's clients keep it: each is a snapshot like those of our own uploads.

The files lie with the other snapshots (`lapisml.core.snapshots`). Beside them, in ``named/``, stands which snapshot a
name and version means, and in ``hashes/`` which name has the content that a client looks for by its own hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import is_valid_name
from lapisml.core.snapshots import blob_path
from lapisml.documents.manifest import Manifest, is_digest
from lapisml.documents.references import CodeRef
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.disk import translated
from lapisml.server.features.assets.shelf import CodeShelf
from lapisml.server.features.assets.snapshot_writer import SnapshotWriter
from lapisml.server.features.workspaces.service import Workspace

HASH_VERSION = "202208"
"""The way of hashing a folder that `content_hash` follows, as clients name it."""

_NAMED, _HASHES = "named", "hashes"
_ONLY_VERSION = "1"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class NamedCode:
    """A version of code.

    Attributes:
        digest: of the snapshot.
        uri: the address that the files came from; empty for a snapshot that has no name of its own.
        description, tags, properties: as they were given.
    """

    name: str
    version: str
    digest: str
    uri: str = ""
    created_by: str = ""
    created_at: int = 0
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """The snapshot as documents name it."""
        return str(CodeRef(self.digest))


class CodeService:
    """Takes code in under names, and finds it.

    Args:
        shelf: the snapshots.
    """

    def __init__(self, shelf: CodeShelf, storage: Storage, clock: Clock) -> None:
        self._shelf = shelf
        self._storage = storage
        self._clock = clock

    def get(self, workspace: Workspace, name: str, version: str) -> NamedCode:
        """Return a version; a snapshot without a name is called by its digest, version 1.

        Raises:
            LapisError: NotFound.
        """
        found = self.find(workspace, name, version)
        if found is None:
            raise not_found("code", f"{name}:{version}", "Send the code again.")
        return found

    def find(self, workspace: Workspace, name: str, version: str) -> NamedCode | None:
        """Return a version, None when there is none or its snapshot is gone."""
        if is_digest(name) and version == _ONLY_VERSION and self._has(workspace, name):
            return NamedCode(name, version, name)
        found = self._read(self._file(workspace, name, version))
        return found if found is not None and self._has(workspace, found.digest) else None

    def by_hash(self, workspace: Workspace, content: str, hash_version: str = HASH_VERSION) -> NamedCode | None:
        """Return a version with the content that a client's hash names, None when there is none.

        Code whose files were damaged on disk is not found either, so that the client sends it again, which mends it.

        Args:
            content: 64 hexadecimal digits; see `content_hash`.
        """
        if not is_digest(content) or hash_version != HASH_VERSION:
            return None
        entry = self._json(self._shelf.index(workspace).child(f"{_HASHES}/{content}.json"))
        found = self.find(workspace, str(entry["name"]), str(entry["version"])) if entry else None
        return found if found is not None and self._shelf.is_sound(workspace, found.digest) else None

    def versions(self, workspace: Workspace, name: str) -> list[NamedCode]:
        """Return the versions of a name, newest first; empty for a name that is not there."""
        if is_digest(name) and self._has(workspace, name):
            return [NamedCode(name, _ONLY_VERSION, name)]
        folder = self._folder(workspace, name)
        entries = self._storage.children(folder) if folder is not None else []
        found = [self._read(folder.child(e.path)) for e in entries if folder is not None and e.path.endswith(".json")]
        return sorted((code for code in found if code is not None), key=lambda code: -code.created_at)

    def names(self, workspace: Workspace) -> list[str]:
        """Return the names that have versions, sorted."""
        folder = self._shelf.index(workspace).child(_NAMED)
        return [entry.path for entry in self._storage.children(folder) if entry.is_dir]

    def register(
        self,
        workspace: Workspace,
        code: Mapping[str, Any],
        source: StorageLocation,
        by: str,
        *,
        private: bool = False,
    ) -> tuple[NamedCode, bool]:
        """Take files in as a version; return it, and whether it is new.

        Args:
            code: name, version, uri, description, tags and properties; ``hash_sha256`` among the properties makes it
                to be found by that hash, if it is the hash of what came.
            source: the folder, or the one file, with the code.
            private: nobody else writes to `source`: its files may be shared on disk.

        Raises:
            LapisError: NotFound when nothing is at `source`; Conflict when the version has other content;
                PathNotAllowed, RequestTooLarge, StorageFull.
        """
        name, version = _checked(str(code["name"])), _checked(str(code["version"]))
        before = self.find(workspace, name, version)
        if before is not None and before.uri == code["uri"]:
            return before, False
        with translated():
            manifest = SnapshotWriter(self._storage, self._shelf.root(workspace)).write(source, share=private)
            self._shelf.publish(workspace, manifest.digest())
        if before is not None and before.digest != manifest.digest():
            sentence = f"The code '{name}:{version}' exists with other content."
            raise LapisError(ErrorCode.CONFLICT, sentence, "Send it under another name or version.")
        if before is not None:
            return before, False
        made = self._made(code, manifest.digest(), by)
        self._write(workspace, made, manifest)
        return made, True

    def change(self, workspace: Workspace, name: str, version: str, changes: Mapping[str, Any]) -> NamedCode:
        """Change description, tags and properties of a version; None leaves one as it is.

        Raises:
            LapisError: NotFound.
        """
        found = self.get(workspace, name, version)
        wanted = {key: value for key, value in changes.items() if value is not None}
        if found.uri == "" or not wanted:
            return found
        changed = NamedCode(**{**asdict(found), **wanted})
        self._store(self._file(workspace, name, version), asdict(changed))
        return changed

    def delete(self, workspace: Workspace, name: str, version: str) -> bool:
        """Forget a name's version, not the snapshot, which jobs may need; say whether there was one."""
        place, folder = self._file(workspace, name, version), self._folder(workspace, name)
        if place is None or folder is None or self._storage.info(place) is None:
            return False
        self._storage.delete(place)
        local = self._storage.local_path(folder)
        if local is not None:
            with suppress(OSError):
                local.rmdir()  # fails while other versions are there
        return True

    def _made(self, code: Mapping[str, Any], digest: str, by: str) -> NamedCode:
        given = {key: code[key] for key in ("description", "tags", "properties") if code.get(key)}
        name, version, uri = (str(code[key]) for key in ("name", "version", "uri"))
        return NamedCode(name, version, digest, uri, by, self._clock.now_ms(), **given)

    def _write(self, workspace: Workspace, code: NamedCode, manifest: Manifest) -> None:
        self._store(self._file(workspace, code.name, code.version), asdict(code))
        claimed = str(code.properties.get("hash_sha256", ""))
        if is_digest(claimed) and claimed == content_hash(manifest, self._contents(workspace, manifest)):
            entry = {"name": code.name, "version": code.version}
            self._store(self._shelf.index(workspace).child(f"{_HASHES}/{claimed}.json"), entry)

    def _contents(self, workspace: Workspace, manifest: Manifest) -> Iterator[bytes]:
        root = str(self._shelf.root(workspace))
        for file in sorted(manifest.files, key=lambda file: file.path.lower()):
            with Path(blob_path(root, file.sha256)).open("rb") as stream:
                while part := stream.read(_CHUNK):
                    yield part

    def _store(self, place: StorageLocation | None, content: dict[str, Any]) -> None:
        assert place is not None
        with translated(), self._storage.open_write(place) as stream:
            stream.write(json.dumps(content).encode())

    def _read(self, place: StorageLocation | None) -> NamedCode | None:
        found = self._json(place) if place is not None else None
        return NamedCode(**found) if found is not None else None

    def _json(self, place: StorageLocation) -> dict[str, Any] | None:
        try:
            with self._storage.open_read(place) as stream:
                found: dict[str, Any] = json.loads(stream.read())
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return None
            raise
        return found

    def _has(self, workspace: Workspace, digest: str) -> bool:
        return self._shelf.has(workspace, digest)

    def _folder(self, workspace: Workspace, name: str) -> StorageLocation | None:
        return self._shelf.index(workspace).child(f"{_NAMED}/{name}") if is_valid_name(name) else None

    def _file(self, workspace: Workspace, name: str, version: str) -> StorageLocation | None:
        folder = self._folder(workspace, name)
        return folder.child(f"{version}.json") if folder is not None and is_valid_name(version) else None


def content_hash(manifest: Manifest, contents: Iterator[bytes]) -> str:
    """Return the SHA-256 by which Azure's clients know a folder again (way 202208), 64 hexadecimal digits.

    Hashed are the number of files; then for each, in the order of the paths in lower case, ``#path#`` and its size;
    then all contents in that order.

    Args:
        contents: of all files, in that order, in pieces of any length.
    """
    hashed = hashlib.sha256(str(len(manifest.files)).encode())
    for file in sorted(manifest.files, key=lambda file: file.path.lower()):
        hashed.update(f"#{file.path}#{file.size}".encode())
    for part in contents:
        hashed.update(part)
    return hashed.hexdigest()


def _checked(word: str) -> str:
    if not is_valid_name(word):
        sentence = f"'{word[:80]}' can't be the name or version of code."
        raise LapisError(ErrorCode.DOCUMENT_INVALID, sentence, "Use letters, digits, `_`, `-` and `.`.")
    return word
