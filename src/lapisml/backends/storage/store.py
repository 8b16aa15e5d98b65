"""What each kind of store does for `FsspecStorage`: single files and listings; trees are built on these."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from lapisml.ports.storage import ObjectInfo, Progress, StorageLocation


class Store(Protocol):
    """One kind of store; the methods promise what `lapisml.ports.storage` says of those of the same name."""

    def info(self, location: StorageLocation) -> ObjectInfo | None:
        """Describe a file or folder, None when nothing is there."""
        ...

    def children(self, location: StorageLocation) -> list[ObjectInfo]:
        """List what lies directly within a folder."""
        ...

    def walk(self, location: StorageLocation) -> Iterator[ObjectInfo]:
        """Give every file below a folder, or the file itself."""
        ...

    def open_read(self, location: StorageLocation, offset: int) -> BinaryIO:
        """Open a file for reading."""
        ...

    def put_file(self, local: Path, location: StorageLocation, *, move: bool) -> None:
        """Store one file."""
        ...

    def fetch_file(self, location: StorageLocation, local: Path, progress: Progress | None) -> None:
        """Bring one file to `local`, whole or not at all; the folder of `local` exists."""
        ...

    def delete(self, location: StorageLocation) -> None:
        """Delete a file or a tree."""
        ...
