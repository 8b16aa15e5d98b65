"""Single blobs: finding, reading, deleting them, and changing what is kept beside them.

All of it blocks and is called in threads.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.surfaces.blob import conditions, names
from lapisml.server.surfaces.blob.containers import Container
from lapisml.server.surfaces.blob.errors import BlobError
from lapisml.server.surfaces.blob.locks import KeyedLocks
from lapisml.server.surfaces.blob.records import Content, Record


@dataclass(frozen=True, slots=True)
class Target:
    """Where a blob lies, or would lie.

    Attributes:
        path: on this machine, checked to lie below the container's root; None when it is elsewhere.
    """

    location: StorageLocation
    path: Path | None


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that is there."""

    location: StorageLocation
    content: Content
    record: Record

    @property
    def etag(self) -> str:
        """What changes with every change of it."""
        return self.content.etag(self.record)

    @property
    def last_modified(self) -> int:
        """When it changed last, milliseconds since the epoch."""
        return self.content.last_modified(self.record)


class Blobs:
    """The blobs of every container.

    Args:
        storage: reads and writes the files.
        clock: dates changes of metadata.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self.storage = storage
        self._clock = clock
        self._locks = KeyedLocks()

    def target(self, container: Container, name: str) -> Target:
        """Return where a blob of a possible name lies.

        Raises:
            LapisError: PathNotAllowed when a link leads out of the container.
        """
        location = container.root.child(name)
        return Target(location, self.storage.local_path(location))

    def find(self, container: Container, name: str, target: Target | None = None) -> Blob | None:
        """Return a blob, None when there is none.

        Args:
            target: where it lies, when that was found before.
        """
        if not names.is_possible(name):
            return None
        target = target or self.target(container, name)
        content = self._content(target)
        if content is None:
            return None
        return Blob(target.location, content, container.records.read(name, content))

    def get(self, container: Container, name: str, headers: Mapping[str, str]) -> Blob:
        """Return a blob that is to be read.

        Raises:
            BlobError: BlobNotFound; what the conditions in `headers` lead to.
        """
        found = self.find(container, name)
        if found is None:
            raise _not_found()
        conditions.check(headers, found.etag, found.last_modified, reading=True)
        return found

    def open(self, container: Container, name: str, headers: Mapping[str, str]) -> tuple[Blob, BinaryIO]:
        """Open a blob for reading: what is said of it is true of the very content that is read.

        Raises:
            BlobError: as `get`.
        """
        found = self.get(container, name, headers)
        try:
            stream = self.storage.open_read(found.location)
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                raise _not_found() from error
            raise
        if found.location.protocol != "file":
            return found, stream
        content = Content.of_file(os.fstat(stream.fileno()))
        if content == found.content:
            return found, stream
        found = Blob(found.location, content, container.records.read(name, content))  # it was replaced meanwhile
        try:
            conditions.check(headers, found.etag, found.last_modified, reading=True)
        except BlobError:
            stream.close()
            raise
        return found, stream

    def change(
        self,
        container: Container,
        name: str,
        headers: Mapping[str, str],
        *,
        metadata: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
    ) -> Blob:
        """Replace a blob's metadata, or its properties.

        Raises:
            BlobError: BlobNotFound, ConditionNotMet.
        """
        with self.turn(container, name):
            found = self.checked(container, name, headers)
            if found is None:
                raise _not_found()
            record = replace(
                found.record,
                metadata=found.record.metadata if metadata is None else metadata,
                properties=found.record.properties if properties is None else properties,
                changed_at=max(self._clock.now_ms(), found.last_modified + 1),
            )
            container.records.write(name, found.content, record)
            return replace(found, record=record)

    def delete(self, container: Container, name: str, headers: Mapping[str, str]) -> None:
        """Delete a blob.

        Raises:
            BlobError: BlobNotFound, ConditionNotMet.
        """
        with self.turn(container, name):
            found = self.checked(container, name, headers)
            if found is None:
                raise _not_found()
            self.storage.delete(found.location)
            container.records.forget(name, found.content)

    def checked(
        self, container: Container, name: str, headers: Mapping[str, str], target: Target | None = None
    ) -> Blob | None:
        """Return the blob that is to be changed, None when there is none, after a look at the conditions.

        Raises:
            BlobError: ConditionNotMet, BlobAlreadyExists.
        """
        found = self.find(container, name, target)
        etag, modified_at = (found.etag, found.last_modified) if found is not None else (None, 0)
        conditions.check(headers, etag, modified_at, reading=False)
        return found

    def turn(self, container: Container, name: str) -> AbstractContextManager[None]:
        """Keep others from changing a blob within ``with``."""
        return self._locks.hold((container.workspace, container.name, name))

    def _content(self, target: Target) -> Content | None:
        if target.path is not None:
            return _of_path(target.path)
        info = self.storage.info(target.location)
        return Content.of_object(info) if info is not None and not info.is_dir else None


def _of_path(path: Path) -> Content | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Content.of_file(found) if stat.S_ISREG(found.st_mode) else None


def _not_found() -> BlobError:
    return BlobError("BlobNotFound", "The specified blob does not exist.")
