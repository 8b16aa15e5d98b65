"""Room on disk: a reserve that is given up when the disk is full, so that stopping and deleting still work."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError

log = logging.getLogger("lapisml.server")

_CHECK_EVERY_MS = 500
_TO_OPEN = 2**20
"""Bytes that must be free for a start."""


class InnerReserve(Protocol):
    """Room within the database."""

    def take(self) -> None:
        """Put room aside; raises LapisError when there is none."""
        ...

    def give_up(self) -> None:
        """Make that room free."""
        ...


class DiskReserve:
    """Closes the server for writing when a write found no space, and opens it when there is room again.

    A file of `size` bytes is kept aside. It is removed at the first write that fails for want of space, which
    gives cancelling and deleting the room they need; it is made again when the disk has twice its size free.

    Args:
        path: the reserve's file.
        size: bytes; 0 keeps no reserve (a full disk still closes the server).
    """

    def __init__(self, path: Path, size: int, clock: Clock) -> None:
        self._path = path
        self._size = size
        self._clock = clock
        self._lock = threading.RLock()
        self._inner: InnerReserve | None = None
        self._full = False
        self._checked_at = 0

    def make_room(self) -> None:
        """Give up a reserve that was left behind when the disk is full: the database needs room to be opened."""
        if shutil.disk_usage(self._path.parent).free < _TO_OPEN:
            self._path.unlink(missing_ok=True)

    def prepare(self, inner: InnerReserve | None = None) -> None:
        """Make the reserve; when there is no room for it, begin closed for writing.

        Args:
            inner: room within the database, put aside and given up together with the file.
        """
        self._inner = inner
        if not self._fill():
            self.note_full()

    def is_full(self) -> bool:
        """Say whether the server is read-only because its disk is full; looks at the disk now and then."""
        if self._full:
            self._look_again()
        return self._full

    def note_full(self) -> None:
        """Take notice that a write found no space: give up the reserve and close for writing."""
        with self._lock:
            if self._full:
                return
            self._full = True
            self._checked_at = self._clock.now_ms()
            self._path.unlink(missing_ok=True)
            log.error("disk.full read-only until there is room on the disk of %s", self._path.parent)
            if self._inner is not None:
                self._inner.give_up()

    def _look_again(self) -> None:
        with self._lock:
            now = self._clock.now_ms()
            if not self._full or 0 <= now - self._checked_at < _CHECK_EVERY_MS:
                return
            self._checked_at = now
            room = shutil.disk_usage(self._path.parent).free
            if room >= max(2 * self._size, 8 * 2**20) and self._fill():
                self._full = False
                log.warning("disk.room writing again, %d MiB free", room // 2**20)

    def _fill(self) -> bool:
        try:
            if self._inner is not None:
                self._inner.take()
            if not self._size:
                return True
            with self._path.open("r+b" if self._path.exists() else "wb") as file:
                if os.fstat(file.fileno()).st_size != self._size or not _is_allocated(file.fileno()):
                    _allocate(file.fileno(), self._size)
        except (OSError, LapisError):
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            return False
        return True


def _is_allocated(descriptor: int) -> bool:
    stat = os.fstat(descriptor)
    return stat.st_blocks * 512 >= stat.st_size


def _allocate(descriptor: int, size: int) -> None:
    os.ftruncate(descriptor, 0)
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    block = bytes(2**20)
    for start in range(0, size, len(block)):
        os.write(descriptor, block[: size - start])
