"""Room on disk, asked for before the first byte is taken."""

from __future__ import annotations

import os
from pathlib import Path

from lapisml.server.platform.errors import storage_full

_LARGE = 1 << 20
"""Bytes from which on it is worth asking."""


def check_room(folder: Path, size: int) -> None:
    """Refuse what can't have room on the disk of a folder.

    Raises:
        LapisError: StorageFull.
    """
    if size < _LARGE:
        return
    found = os.statvfs(folder)
    if size > found.f_bavail * found.f_frsize:
        raise storage_full()
