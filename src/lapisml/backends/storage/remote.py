"""The stores ``s3``, ``az``, ``gs`` and ``hdfs``, through fsspec."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from fsspec.callbacks import Callback

from lapisml.backends.storage import files
from lapisml.backends.storage.failures import not_there, refused, translate, translated, unreachable
from lapisml.backends.storage.filesystems import FileSystems
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Progress, StorageLocation

_QUERY = re.compile(r"\?[^\s\"']*")
_MALFORMED, _TOO_MANY = 400, 408
"""HTTP statuses from the first on, and below the second, do not pass by themselves (401, 403, 404 …)."""

_LIBRARY_ERRORS = (
    ("botocore.exceptions", ("BotoCoreError", "ClientError")),
    ("azure.core.exceptions", ("AzureError",)),
    ("aiohttp", ("ClientError",)),
    ("gcsfs.retry", ("HttpError",)),
)


class RemoteStore:
    """Reads and writes object stores; nothing is cached but the connections."""

    def __init__(self) -> None:
        self._systems = FileSystems()

    def info(self, location: StorageLocation) -> ObjectInfo | None:
        """Describe an object or prefix, None when the store says that nothing is there."""
        with self._system(location) as system:
            try:
                return _info("", system.info(_key(location)))
            except FileNotFoundError:
                return None

    def children(self, location: StorageLocation) -> list[ObjectInfo]:
        """List what lies directly below a prefix."""
        key = _key(location)
        with self._system(location) as system:
            try:
                found = system.ls(key, detail=True)
            except FileNotFoundError:
                return []
        entries = [(_below(key, entry["name"]), entry) for entry in found]
        return sorted((_info(n, e) for n, e in entries if n and "/" not in n), key=lambda info: info.path)

    def walk(self, location: StorageLocation) -> Iterator[ObjectInfo]:
        """Give every object below a prefix, or the object itself."""
        key = _key(location)
        with self._system(location) as system:
            try:
                found = system.find(key, detail=True)
                if isinstance(found, list):  # adlfs answers so for a single blob
                    found = {key: system.info(key)}
            except FileNotFoundError:
                found = {}
        entries = [
            (_below(key, name) or location.name, entry)
            for name, entry in found.items()
            if entry.get("type") != "directory" and not name.endswith("/")
        ]
        for name, entry in sorted(entries, key=lambda item: item[0]):
            yield _info(name, entry)

    def open_read(self, location: StorageLocation, offset: int) -> BinaryIO:
        """Open an object for reading."""
        with self._system(location) as system:
            try:
                stream = system.open(_key(location), "rb", block_size=4 << 20, cache_type="readahead")
                stream.seek(offset)
            except (FileNotFoundError, IsADirectoryError) as error:
                raise not_there(location) from error
        return cast("BinaryIO", stream)

    def put_file(self, local: Path, location: StorageLocation, *, move: bool) -> None:
        """Store one object; multi-part uploads become visible when they are complete."""
        with self._system(location) as system:
            try:
                system.put_file(str(local), _key(location))
            except FileNotFoundError as error:
                if not local.exists():
                    raise
                name = _key(location).partition("/")[0]
                raise refused(location, f"there is no bucket or container '{name}'") from error
        if move:
            local.unlink()

    def copy_file(self, source: StorageLocation, target: StorageLocation) -> None:
        """Copy one object within the store, whose bytes do not come here."""
        with self._system(source) as system:
            try:
                system.cp_file(_key(source), _key(target))
            except FileNotFoundError as error:
                raise not_there(source) from error

    def fetch_file(self, location: StorageLocation, local: Path, progress: Progress | None) -> None:
        """Bring one object to `local`, whole or not at all."""
        callback = _ProgressCallback(progress) if progress is not None else Callback()
        with translated(location), files.replacing(local) as out, self._system(location) as system:
            try:
                system.get_file(_key(location), out.name, callback=callback)
            except FileNotFoundError as error:
                raise not_there(location) from error

    def delete(self, location: StorageLocation) -> None:
        """Delete an object, or every object below a prefix."""
        found = self.info(location)
        if found is None:
            return
        with self._system(location) as system:
            for key in system.find(_key(location)) if found.is_dir else [_key(location)]:
                with suppress(FileNotFoundError):  # somebody else was faster
                    system.rm_file(key)

    @contextmanager
    def _system(self, location: StorageLocation) -> Iterator[Any]:
        """Give the file system of a location; what it raises in the block becomes ours."""
        system = self._systems.get(location)
        try:
            yield system
        except (LapisError, FileNotFoundError):
            raise
        except PermissionError as error:
            raise refused(location, "it refuses the credentials") from error
        except ValueError as error:
            raise refused(location, "its credentials or address have the wrong form") from error
        except OSError as error:
            raise translate(error, location, default=_first_line(error)) from error
        except _library_errors() as error:
            said_no = _MALFORMED <= (_status(error) or 0) < _TOO_MANY
            raise (refused if said_no else unreachable)(location, _first_line(error)) from error


class _ProgressCallback(Callback):  # type: ignore[misc]
    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def relative_update(self, inc: int = 1) -> None:
        self._progress(inc)


def _library_errors() -> tuple[type[Exception], ...]:
    """Return the error types of those client libraries that are installed."""
    found: list[type[Exception]] = []
    for module, names in _LIBRARY_ERRORS:
        try:
            loaded = importlib.import_module(module)
        except ImportError:
            continue
        found += [getattr(loaded, name) for name in names]
    return tuple(found)


def _status(error: Exception) -> int | None:
    """Return the HTTP status that a store answered with, None when it did not answer."""
    status = getattr(error, "status_code", None) or getattr(error, "status", None)
    return status if isinstance(status, int) else None


def _key(location: StorageLocation) -> str:
    """Return the location's key after checking that it lies under its root."""
    parts, root = location.path.strip("/").split("/"), (location.root or "").strip("/")
    inside = parts[: len(root.split("/"))] == root.split("/") if root else True
    if ".." in parts or not inside:
        sentence = f"The path {location.path!r} leads out of its folder."
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, sentence)
    return ("/" if location.protocol == "hdfs" else "") + "/".join(parts)


def _below(key: str, name: str) -> str:
    """Return `name` relative to `key`; empty for `key` itself."""
    name, key = name.strip("/"), key.strip("/")
    return name.removeprefix(key + "/").strip("/") if name != key else ""


def _info(name: str, entry: dict[str, Any]) -> ObjectInfo:
    folder = entry.get("type") == "directory"
    changed = entry.get("LastModified") or entry.get("last_modified") or entry.get("mtime")
    modified = int(changed.timestamp() * 1000) if isinstance(changed, datetime) else None
    etag = entry.get("ETag") or entry.get("etag")
    size = 0 if folder else int(entry.get("size") or 0)
    return ObjectInfo(name, size, folder, modified, str(etag) if etag and not folder else None)


def _first_line(error: Exception) -> str:
    """Return what an error says, without the query of any address in it: signatures stand there."""
    lines = _QUERY.sub("", str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
