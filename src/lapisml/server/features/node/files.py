"""What the holder of a ticket may do with files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lapisml.core import bundles
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation, safe_relative
from lapisml.server.features.node.tickets import Ticket, Tickets

_READ_AT_ONCE = 1 << 20
_SIDE_BY_SIDE = 8


@dataclass(frozen=True)
class Content:
    """A file's content from an offset on.

    Attributes:
        size: bytes of the whole file.
        mark: changes with the file.
        body: the bytes.
    """

    size: int
    mark: str
    body: Iterator[bytes]


class NodeFiles:
    """Reads and writes for the holders of tickets.

    Args:
        tickets: reads tickets.
        storage: reaches the files.
    """

    def __init__(self, tickets: Tickets, storage: Storage) -> None:
        self._tickets = tickets
        self._storage = storage

    def admit(self, ticket: str, *, writing: bool = False) -> None:
        """Check a ticket before anything that comes with it is read.

        Raises:
            LapisError: Unauthenticated, TokenExpired; Forbidden with a ticket to read.
        """
        self._read(ticket, writing=writing)

    def info(self, ticket: str, path: str) -> dict[str, Any] | None:
        """Describe a file or folder; None when nothing is there.

        Args:
            ticket: as it came.
            path: below the ticket's location, POSIX; empty for itself.

        Raises:
            LapisError: Unauthenticated, TokenExpired, PathNotAllowed; what `Storage.info` raises.
        """
        found = self._storage.info(self._place(ticket, path))
        return None if found is None else to_wire(found)

    def children(self, ticket: str, path: str) -> list[dict[str, Any]]:
        """List what lies directly in a folder; raises as `info`."""
        return [to_wire(found) for found in self._storage.children(self._place(ticket, path))]

    def walk(self, ticket: str, path: str) -> Iterator[dict[str, Any]]:
        """Give every file below a folder; raises as `info`."""
        return map(to_wire, self._storage.walk(self._place(ticket, path)))

    def read(self, ticket: str, path: str, offset: int) -> Content:
        """Open a file's content.

        Raises:
            LapisError: as `info`; NotFound.
        """
        place = self._place(ticket, path)
        found = self._storage.info(place)
        if found is None or found.is_dir:
            raise LapisError(ErrorCode.NOT_FOUND, f"There is no file at {place}.")
        stream = self._storage.open_read(place, offset)
        return Content(found.size, f'"{found.modified_at}-{found.size}"', _pieces(stream))

    def fetch(self, ticket: str, paths: Sequence[str]) -> bytes:
        """Give several small files at once, as a bundle; those first that fit.

        Raises:
            LapisError: as `read`; RequestTooLarge for too many, or a file too long for a bundle.
        """
        if len(paths) > bundles.MOST_FILES:
            raise LapisError(ErrorCode.REQUEST_TOO_LARGE, f"At most {bundles.MOST_FILES} files at once.")
        held = self._read(ticket)
        found: list[tuple[str, bytes]] = []
        size = 0
        for path in paths:
            content = self._storage.read_range(_below(held, path), 0, bundles.LARGEST_FILE + 1)
            if len(content) > bundles.LARGEST_FILE:
                raise LapisError(ErrorCode.REQUEST_TOO_LARGE, f"'{path}' is too long to come with others.")
            size += len(content)
            if found and size > bundles.LARGEST_BUNDLE:
                break
            found.append((path, content))
        return bundles.bundle(found)

    def writing(self, ticket: str, path: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for writing: there when the block ends, discarded when it raises.

        Raises:
            LapisError: as `info`; Forbidden with a ticket to read.
        """
        return self._storage.open_write(self._place(ticket, path, writing=True))

    def put(self, ticket: str, data: bytes) -> int:
        """Write the files of a bundle, each whole or not at all; return their number.

        Raises:
            LapisError: as `writing`; DocumentInvalid for what is no bundle.
        """
        try:
            files = bundles.unbundle(data)
        except (ValueError, UnicodeDecodeError) as error:
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "That is not a whole bundle of files.") from error
        held = self._read(ticket, writing=True)
        places = [(_below(held, path, writing=True), content) for path, content in files]
        with ThreadPoolExecutor(_SIDE_BY_SIDE, "lapis-bundle") as pool:
            list(pool.map(self._write, places))
        return len(files)

    def delete(self, ticket: str, path: str) -> None:
        """Delete a file or a tree; raises as `writing`."""
        self._storage.delete(self._place(ticket, path, writing=True))

    def _write(self, item: tuple[StorageLocation, bytes]) -> None:
        place, content = item
        with self._storage.open_write(place) as stream:
            stream.write(content)

    def _place(self, text: str, path: str, *, writing: bool = False) -> StorageLocation:
        return _below(self._read(text, writing=writing), path, writing=writing)

    def _read(self, text: str, *, writing: bool = False) -> Ticket:
        ticket = self._tickets.read(text)
        if writing and not ticket.writable:
            raise LapisError(ErrorCode.FORBIDDEN, f"{ticket.location} may be read by this job, not changed.")
        return ticket


def _below(ticket: Ticket, path: str, *, writing: bool = False) -> StorageLocation:
    if not safe_relative(path):
        return ticket.location
    if writing and ticket.location.root is None and ticket.location.protocol == "file":
        _make_folder(ticket.location)
    return ticket.location.child(path)


def _make_folder(location: StorageLocation) -> None:
    """Make a folder that is its own root, as a job on this machine makes it: what is below it is confined to it."""
    try:
        Path(location.path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sentence = f"The folder {location.name} can't be made: {error.strerror}."
        raise LapisError(ErrorCode.STORAGE_UNREACHABLE, sentence) from error


def to_wire(info: ObjectInfo) -> dict[str, Any]:
    """Give the plain form of a description."""
    return {"path": info.path, "size": info.size, "is_dir": info.is_dir, "modified_at": info.modified_at}


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    with closing(stream):
        while data := stream.read(_READ_AT_ONCE):
            yield data
