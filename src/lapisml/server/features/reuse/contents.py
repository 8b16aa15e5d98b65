"""What lies at an address now, as a short mark: equal marks mean equal content.

On this machine the mark is a digest of every byte; in an object store, of what the store lists (names, sizes and
ETags or times of change); of a web address, of what its server says about it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.safe_yaml import read_mapping
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.reuse.hashing import FileChangedError, FileHashes
from lapisml.server.features.workspaces.service import Workspace

NOTHING = "nothing"
"""Mark of an address where nothing is."""

_PART_PREFIX = ".lapis-part-"
_TABLE = "MLTable"
_WILD = re.compile(r"[*?\[]")
_MOST_FILES = 1_000_000


class UnknownContentError(Exception):
    """What lies at an address can't be known; the text is the sentence why."""


@dataclass(frozen=True)
class Content:
    """What lies at an address.

    Attributes:
        mark: ``sha256 <digest>`` of bytes, ``etags <digest>`` of a listing, or ``nothing``.
        name: name of the single file that the address leads to; None for a folder and for nothing.
        files: number of files.
        size: bytes of all of them.
    """

    mark: str
    name: str | None = None
    files: int = 0
    size: int = 0


@dataclass(frozen=True)
class _File:
    path: str
    size: int
    mark: str


class Contents:
    """Reads marks.

    Args:
        hashes: digests of files of this machine.
    """

    def __init__(self, assets: AssetService, storage: Storage, hashes: FileHashes) -> None:
        self._assets = assets
        self._storage = storage
        self._hashes = hashes

    def of(
        self, workspace: Workspace, uri: str, kind: AssetKind = AssetKind.DATA, leave_out: Collection[str] = ()
    ) -> Content:
        """Return what lies at an address now.

        Args:
            uri: any reference to content.
            kind: kind of asset that a short form means.
            leave_out: names directly below the address that are not looked at.

        Raises:
            UnknownContentError: it can't be known: a web server that tells neither ETag nor date, a store that does
                not answer, a file that is being written.
        """
        try:
            location = self._assets.location(workspace, uri, kind)
            return self._at(workspace, location, leave_out)
        except LapisError as error:
            raise UnknownContentError(error.message) from error
        except FileChangedError:
            raise UnknownContentError(f"'{uri}' is being written at this moment.") from None
        except OSError as error:
            raise UnknownContentError(f"'{uri}' can't be read: {error.strerror or error}.") from error

    def _at(self, workspace: Workspace, location: StorageLocation, leave_out: Collection[str]) -> Content:
        path = self._storage.local_path(location)
        if path is not None:
            return self._local(workspace, location, path, leave_out)
        found = self._storage.info(location)
        if found is None:
            return Content(NOTHING)
        if not found.is_dir:
            return Content(f"etags {_sha256(_told(found, location))}", location.name, 1, found.size)
        files = [_File(entry.path, entry.size, _told(entry, location)) for entry in self._storage.walk(location)]
        return self._folder(
            workspace, location, "etags", [f for f in files if f.path.split("/", 1)[0] not in leave_out]
        )

    def _local(
        self, workspace: Workspace, location: StorageLocation, path: Path, leave_out: Collection[str]
    ) -> Content:
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return Content(NOTHING)
        if not path.is_dir():
            return Content(f"sha256 {self._hashes.sha256(path, found)}", location.name, 1, found.st_size)
        root = os.path.realpath(location.root) if location.root is not None else None
        files = list(self._walk(str(path), "", root, (os.path.realpath(path),), leave_out))
        return self._folder(workspace, location, "sha256", files)

    def _walk(
        self, folder: str, prefix: str, root: str | None, above: tuple[str, ...], leave_out: Collection[str] = ()
    ) -> Iterator[_File]:
        """Give the files below a folder, and the folders in which nothing is; links are followed within `root`."""
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith(_PART_PREFIX)]
        if not found and prefix:
            yield _File(prefix, 0, "")
        for entry in found:
            if entry.name in leave_out:
                continue
            path = entry.path if not entry.is_symlink() else _inside(entry, root)
            if entry.is_dir():
                real = os.path.realpath(path) if entry.is_symlink() else path
                if real not in above:  # a link to a folder above would never end
                    yield from self._walk(path, f"{prefix}{entry.name}/", root, (*above, real))
            elif entry.is_file():
                size = entry.stat().st_size
                yield _File(prefix + entry.name, size, self._hashes.sha256(path, entry.stat()))

    def _folder(self, workspace: Workspace, location: StorageLocation, kind: str, files: Sequence[_File]) -> Content:
        if len(files) > _MOST_FILES:
            raise UnknownContentError(f"{location} holds more than {_MOST_FILES} files.")
        lines = sorted(f"{len(file.path)} {file.path} {file.size} {file.mark}\n" for file in files)
        if any(file.path == _TABLE for file in files):
            lines += self._listed_outside(workspace, location.child(_TABLE))
        mark = f"{kind} {_sha256(''.join(['folder', chr(10), *lines]))}"
        return Content(mark, None, sum(not file.path.endswith("/") for file in files), sum(f.size for f in files))

    def _listed_outside(self, workspace: Workspace, table: StorageLocation) -> Iterator[str]:
        """Give a line for each address outside its folder that an MLTable file names."""
        for value in _table_paths(read_mapping(self._storage, table)):
            if "://" not in value and not value.startswith(("/", "azureml:")) and ".." not in value.split("/"):
                continue
            if _WILD.search(value) or ".." in value.split("/"):
                raise UnknownContentError(f"its MLTable file names '{value}', which lies outside its folder.")
            found = self.of(workspace, value)
            yield f"table {value} {found.mark}\n"


def _table_paths(content: dict[str, Any] | None) -> list[str]:
    entries = (content or {}).get("paths")
    if not isinstance(entries, list):
        return []
    return [str(value) for entry in entries if isinstance(entry, dict) for value in entry.values()]


def _inside(entry: os.DirEntry[str], root: str | None) -> str:
    real = os.path.realpath(entry.path)
    if root is not None and os.path.commonpath((real, root)) != root:
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"The link '{entry.name}' leads out of its folder.")
    return real


def _told(found: ObjectInfo, location: StorageLocation) -> str:
    """Say what a store told of one file.

    Raises:
        UnknownContentError: it told neither ETag nor time of change.
    """
    if found.etag is None and found.modified_at is None:
        raise UnknownContentError(f"{location}: its server gives neither an ETag nor a date.")
    return f"{found.size} {found.etag or found.modified_at}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
