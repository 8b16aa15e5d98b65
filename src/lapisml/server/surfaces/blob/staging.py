"""Blocks that were sent and not yet put together: each a file of its own, out of sight.

They outlive the server, and not the machine: after a loss of power nobody knows which of them are whole. What nobody
asked for in a week is removed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.errors import as_lapis_error, storage_full
from lapisml.server.surfaces.blob.errors import BlobError
from lapisml.server.surfaces.blob.room import check_room

FOLDER = "blob-blocks"
"""Below a workspace's storage."""

MOST_BLOCKS = 50_000
"""Of one blob, after the protocol."""

_ABANDONED_S = 7 * 86_400
_PRUNE_EVERY_S = 3_600


@dataclass(frozen=True, slots=True)
class Block:
    """A block that waits; `path` is its file."""

    size: int
    path: Path


class Staging:
    """The blocks that wait within one workspace; ids are hexadecimal digits.

    Args:
        folder: where they are; made when the first one comes.
        boot_id: of this machine's present run.
    """

    def __init__(self, folder: Path, boot_id: str) -> None:
        self._folder = folder
        self._present = folder / (hashlib.sha256(boot_id.encode()).hexdigest()[:16])
        self._pruned_at = 0.0

    @contextmanager
    def receive(self, container: str, name: str, block_id: str, size: int) -> Iterator[BinaryIO]:
        """Take in a block within ``with``; it counts when the block of code ends, and replaces one of the same id.

        When the disk is full, all that waits for this blob is given up: its upload can't end, and others need room.

        Args:
            size: bytes announced; 0 when none are.

        Raises:
            LapisError: StorageFull; an OSError of the same meaning.
        """
        self._prune()
        folder = self._of(container, name)
        part = folder / f".{secrets.token_hex(8)}"
        try:
            check_room(self._folder.parent, size)
            with _opened(part) as stream:
                yield stream
            _keep(part, folder / block_id)
        except (OSError, LapisError) as error:
            if as_lapis_error(error).code is ErrorCode.STORAGE_FULL:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            part.unlink(missing_ok=True)

    def find(self, container: str, name: str, block_id: str) -> Block | None:
        """Return a block that waits, None when there is none of that id."""
        path = self._of(container, name) / block_id
        try:
            return Block(path.stat().st_size, path)
        except FileNotFoundError:
            return None

    def waiting(self, container: str, name: str) -> list[tuple[str, int]]:
        """Return ids and sizes of the blocks that wait for a blob, in the order of their ids."""
        folder = self._of(container, name)
        if not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            return sorted((e.name, e.stat().st_size) for e in entries if not e.name.startswith("."))

    def check_id(self, container: str, name: str, block_id: str) -> None:
        """Check that an id is as long as those of the blob's other blocks.

        Raises:
            BlobError: InvalidBlobOrBlock.
        """
        folder = self._of(container, name)
        if not folder.is_dir():
            return
        with os.scandir(folder) as entries:
            other = next((entry.name for entry in entries if not entry.name.startswith(".")), None)
        if other is not None and len(other) != len(block_id):
            raise BlobError("InvalidBlobOrBlock", "The ids of a blob's blocks must all have one length.")

    def discard(self, container: str, name: str, block_ids: Iterable[str]) -> None:
        """Remove blocks that became part of a blob."""
        folder = self._of(container, name)
        for block_id in set(block_ids):
            with suppress(OSError):
                (folder / block_id).unlink()
        with suppress(OSError):
            folder.rmdir()

    def _of(self, container: str, name: str) -> Path:
        digest = hashlib.sha256(f"{container}/{name}".encode("utf-8", "surrogatepass")).hexdigest()
        return self._present / digest[:40]

    def _prune(self) -> None:
        """Now and then remove what nobody put together for a week, and what another run of the machine left."""
        now = time.time()
        if now - self._pruned_at < _PRUNE_EVERY_S:
            return
        self._pruned_at = now
        for run in self._folder.glob("*"):
            if run != self._present:
                shutil.rmtree(run, ignore_errors=True)
        for folder in self._present.glob("*"):
            with suppress(OSError):
                if now - folder.stat().st_mtime > _ABANDONED_S:  # a folder's time is that of its newest block
                    shutil.rmtree(folder)


def _opened(part: Path) -> BinaryIO:
    """Open a new file in a folder that goes when its last block does."""
    while True:
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            return part.open("xb")


def _keep(part: Path, path: Path) -> None:
    try:
        part.replace(path)
    except FileNotFoundError as error:  # another block of this blob found the disk full, and gave all of them up
        raise storage_full() from error
