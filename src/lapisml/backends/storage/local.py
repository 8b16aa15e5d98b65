"""The store ``file``: folders of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lapisml.backends.storage import files
from lapisml.backends.storage.failures import not_there, translate, translated, unreachable
from lapisml.ports.storage import ObjectInfo, Progress, StorageLocation


class LocalStore:
    """Reads and writes below `StorageLocation.root`, or anywhere this process may when there is none."""

    def path(self, location: StorageLocation) -> Path:
        """Return the checked path of a location.

        Raises:
            LapisError: PathNotAllowed; StorageUnreachable when the root is not there.
        """
        root = _root(location)
        with translated(location):
            if root is not None and not root.is_dir():
                raise unreachable(location, "its folder is not there (is a disk not mounted?)")
        return files.confined(Path(location.path), root)

    def info(self, location: StorageLocation) -> ObjectInfo | None:
        """Describe a file or folder, None when nothing is there."""
        path = self.path(location)
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise translate(error, location) from error
        return _info("", path, found)

    def children(self, location: StorageLocation) -> list[ObjectInfo]:
        """List what lies directly within a folder."""
        path, root = self.path(location), _root(location)
        if not path.is_dir():
            return []
        with translated(location):
            names = sorted(n for n in os.listdir(path) if not n.startswith(files.PART_PREFIX))  # noqa: PTH208
            entries = [(name, files.confined(path / name, root)) for name in names]
            return [_info(name, entry, entry.stat()) for name, entry in entries if entry.exists()]

    def walk(self, location: StorageLocation) -> Iterator[ObjectInfo]:
        """Give every file below a folder, or the file itself."""
        path = self.path(location)
        if path.is_file():
            with translated(location):
                yield _info(location.name, path, path.stat())
        elif path.is_dir():
            with translated(location):
                for found in files.walk_files(path, _root(location)):
                    yield ObjectInfo(found.relative, found.size, False, found.mtime_ns // 1_000_000)

    def open_read(self, location: StorageLocation, offset: int) -> BinaryIO:
        """Open a file for reading."""
        path = self.path(location)
        if not path.is_file():
            raise not_there(location)
        with translated(location):
            stream = path.open("rb")
            stream.seek(offset)
            return stream

    def put_file(self, local: Path, location: StorageLocation, *, move: bool, link: bool = False) -> None:
        """Store one file."""
        with self._target(location) as target:
            if move:
                files.move_file(local, target)
            else:
                files.copy_file(local, target, link=link)

    @contextmanager
    def open_write(self, location: StorageLocation) -> Iterator[BinaryIO]:
        """Open a file for writing; it takes its place when the block ends."""
        with self._target(location) as target, files.replacing(target) as stream:
            yield stream

    def fetch_file(self, location: StorageLocation, local: Path, progress: Progress | None) -> None:
        """Bring one file to `local`, whole or not at all."""
        path = self.path(location)
        if not path.is_file():
            raise not_there(location)
        with translated(location):
            files.copy_file(path, local)
            if progress is not None:
                progress(path.stat().st_size)

    def delete(self, location: StorageLocation) -> None:
        """Delete a file or a tree; a link itself, not what it points at."""
        self.path(location)
        path = Path(location.path)
        with translated(location):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    @contextmanager
    def _target(self, location: StorageLocation) -> Iterator[Path]:
        """Give the checked path to write to, its folder made."""
        path = self.path(location)
        with translated(location):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield path


def _root(location: StorageLocation) -> Path | None:
    return Path(location.root) if location.root is not None else None


def _info(name: str, path: Path, found: os.stat_result) -> ObjectInfo:
    folder = path.is_dir()
    return ObjectInfo(name, 0 if folder else found.st_size, folder, found.st_mtime_ns // 1_000_000)
