"""Files of stores that are not on this machine, brought here as far as a look at them takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.features.assets.browsing import FoundFile

HEAD = 16 << 20
"""Bytes that are fetched of a remote file that can be read from its beginning."""

MOST_WHOLE = 256 << 20
"""Bytes that a remote file which is read from its end may have."""


@contextmanager
def at_hand(storage: Storage, file: FoundFile, *, needs_all: bool) -> Iterator[tuple[Path, bool]]:
    """Give a local path of a file, or of its first lines, and whether it is the whole file.

    Args:
        needs_all: its head alone is of no use (Parquet).

    Raises:
        LapisError: RequestTooLarge, StorageUnreachable.
    """
    local = storage.local_path(file.location)
    if local is not None:
        yield local, True
        return
    if needs_all and file.size > MOST_WHOLE:
        sentence = f"'{file.name}' is too large to be looked at from here: {file.size >> 20} MiB."
        raise LapisError(ErrorCode.REQUEST_TOO_LARGE, sentence, "Download it, or read it in a job.")
    with TemporaryDirectory(prefix="lapis-look-") as folder:
        copy = Path(folder) / "file"
        if needs_all or file.size <= HEAD:
            storage.get(file.location, copy)
            yield copy, True
        else:
            head = storage.read_range(file.location, 0, HEAD)
            copy.write_bytes(head[: head.rfind(b"\n") + 1])
            yield copy, False


@contextmanager
def folder_at_hand(storage: Storage, location: StorageLocation, entries: Sequence[ObjectInfo]) -> Iterator[Path]:
    """Give a local path of a folder; what lies elsewhere is brought, if it is not too much for a look.

    Args:
        entries: what it holds.

    Raises:
        LapisError: RequestTooLarge, StorageUnreachable.
    """
    local = storage.local_path(location)
    if local is not None:
        yield local
        return
    size = sum(entry.size for entry in entries)
    if size > MOST_WHOLE:
        sentence = f"The table is too large to be looked at from here: {size >> 20} MiB in an object store."
        raise LapisError(ErrorCode.REQUEST_TOO_LARGE, sentence, "Download it, or read it in a job.")
    with TemporaryDirectory(prefix="lapis-look-") as folder:
        storage.get(location, Path(folder) / "folder")
        yield Path(folder) / "folder"
