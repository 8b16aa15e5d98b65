"""`Storage` over this machine's folders, object stores (fsspec) and web addresses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lapisml.backends.storage import files
from lapisml.backends.storage.failures import not_there, translated
from lapisml.backends.storage.local import LocalStore
from lapisml.backends.storage.side_by_side import side_by_side
from lapisml.backends.storage.store import Store
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Progress, StorageLocation

if TYPE_CHECKING:
    from lapisml.backends.storage.remote import RemoteStore
    from lapisml.backends.storage.served import ServedStore, Waiting

_WEB = ("http", "https")
_REMOTE = ("s3", "az", "gs", "hdfs")
_SERVED = "lapis"
_COPIES_BY_ITSELF = ("s3", "gs")
"""Stores that copy one object to another at once; Azure's may say "later", and needs its own right to read."""


class FsspecStorage:
    """Implements `lapisml.ports.storage.Storage`; one object serves a whole process."""

    def __init__(self) -> None:
        self._local = LocalStore()
        self._on_wait: Waiting | None = None

    def when_waiting(self, tell: Waiting) -> None:
        """Have somebody told, in a sentence, when a store that is away is waited for."""
        self._on_wait = self._served.on_wait = tell

    def info(self, location: StorageLocation) -> ObjectInfo | None:
        """Describe a file or folder, None when nothing is there."""
        return self._store(location).info(location)

    def children(self, location: StorageLocation) -> list[ObjectInfo]:
        """List the files and folders directly within a folder, sorted."""
        return self._store(location).children(location)

    def walk(self, location: StorageLocation) -> Iterator[ObjectInfo]:
        """Give every file below a folder, sorted; for a file, that file."""
        return self._store(location).walk(location)

    def open_read(self, location: StorageLocation, offset: int = 0) -> BinaryIO:
        """Open a file for reading from byte `offset` on."""
        return self._store(location).open_read(location, offset)

    def read_range(self, location: StorageLocation, start: int, length: int) -> bytes:
        """Read up to `length` bytes from `start` on."""
        with closing(self.open_read(location, start)) as stream:
            return stream.read(length)

    def open_write(self, location: StorageLocation) -> AbstractContextManager[BinaryIO]:
        """Open a file for writing; it is stored when the block ends."""
        if location.protocol == "file":
            return self._local.open_write(location)
        return self._spooled(location)

    def put_file(self, local: Path, location: StorageLocation, *, move: bool = False) -> None:
        """Store a local file."""
        self._store(location).put_file(local, location, move=move)

    def put_tree(self, local: Path, location: StorageLocation, progress: Progress | None = None) -> int:
        """Store every file below a local folder."""
        if location.protocol == _SERVED:
            from lapisml.backends.storage import served_trees  # loads http.client and ssl

            return served_trees.put_tree(self._served, local, location, progress)

        def put(found: files.LocalFile) -> None:
            self.put_file(found.path, location.child(found.relative))
            if progress is not None:
                progress(found.size)

        with translated(location):
            return side_by_side(put, files.walk_files(local, local))

    def get(self, location: StorageLocation, local: Path, progress: Progress | None = None) -> int:
        """Bring a file to `local`, or a folder's files below it."""
        found = self.info(location)
        if found is None:
            raise not_there(location)
        if not found.is_dir:
            self._fetch(location, local, progress)
            return 1
        if location.protocol == _SERVED:
            with translated(location):
                local.mkdir(parents=True, exist_ok=True)
            from lapisml.backends.storage import served_trees  # likewise

            return served_trees.get_tree(self._served, location, lambda path: _inside(local, path), progress)

        def fetch(entry: ObjectInfo) -> None:
            self._fetch(location.child(entry.path), _inside(local, entry.path), progress)

        with translated(location):
            local.mkdir(parents=True, exist_ok=True)
        return side_by_side(fetch, self.walk(location))

    def copy(self, source: StorageLocation, target: StorageLocation, *, link: bool = False) -> int:
        """Copy a file or folder between stores."""
        found = self.info(source)
        if found is None:
            raise not_there(source)
        if not found.is_dir:
            self._copy_file(source, target, link)
            return 1

        def copy(entry: ObjectInfo) -> None:
            self._copy_file(source.child(entry.path), target.child(entry.path), link)

        return side_by_side(copy, self.walk(source))

    def delete(self, location: StorageLocation) -> None:
        """Delete a file, or a folder with all that is below it."""
        self._store(location).delete(location)

    def local_path(self, location: StorageLocation) -> Path | None:
        """Return where the location lies on this machine, None when it is elsewhere."""
        return self._local.path(location) if location.protocol == "file" else None

    def _store(self, location: StorageLocation) -> Store:
        if location.protocol == "file":
            return self._local
        if location.protocol == _SERVED:
            return self._served
        if location.protocol in _WEB:
            return self._web
        if location.protocol in _REMOTE:
            return self._remote
        sentence = f"Addresses that begin with {location.protocol}:// are not supported."
        known = ", ".join(("file", *_WEB, *_REMOTE, _SERVED))
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, f"Supported are: {known}.")

    @cached_property
    def _served(self) -> ServedStore:
        from lapisml.backends.storage.served import ServedStore  # only on other machines: it loads ssl

        return ServedStore(self._on_wait)

    @cached_property
    def _web(self) -> Store:
        from lapisml.backends.storage.web import WebStore  # the runner rarely needs it: 30 ms

        return WebStore()

    @cached_property
    def _remote(self) -> RemoteStore:
        from lapisml.backends.storage.remote import RemoteStore  # the runner rarely needs fsspec: 100 ms

        return RemoteStore()

    def _fetch(self, location: StorageLocation, local: Path, progress: Progress | None) -> None:
        with translated(location):
            local.parent.mkdir(parents=True, exist_ok=True)
        self._store(location).fetch_file(location, local, progress)

    def _copy_file(self, source: StorageLocation, target: StorageLocation, link: bool) -> None:
        path = self.local_path(source)
        if path is not None and target.protocol == "file":
            self._local.put_file(path, target, move=False, link=link)
        elif path is not None:
            self.put_file(path, target)
        elif source.protocol in _COPIES_BY_ITSELF and _is_same_store(source, target):
            self._remote.copy_file(source, target)
        else:
            with self._scratch(source) as scratch:
                self._fetch(source, scratch, None)
                self.put_file(scratch, target, move=True)

    @contextmanager
    def _spooled(self, location: StorageLocation) -> Iterator[BinaryIO]:
        with self._scratch(location) as scratch:
            with scratch.open("wb") as stream:
                yield stream
            self.put_file(scratch, location)

    @contextmanager
    def _scratch(self, location: StorageLocation) -> Iterator[Path]:
        """Give the path of a file that is gone afterwards."""
        with translated(location), tempfile.TemporaryDirectory(prefix="lapis-") as folder:
            yield Path(folder) / "file"


def _is_same_store(one: StorageLocation, other: StorageLocation) -> bool:
    return one.protocol == other.protocol and dict(one.options) == dict(other.options)


def _inside(folder: Path, relative: str) -> Path:
    """Return the path of a listed name below `folder`; names in object stores are any text."""
    parts = relative.split("/")
    if ".." in parts or "" in parts or "." in parts or "\0" in relative or os.path.isabs(relative):  # noqa: PTH117
        sentence = f"The name {relative!r} in the store can't be a path on this machine."
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, sentence)
    return folder.joinpath(*parts)
