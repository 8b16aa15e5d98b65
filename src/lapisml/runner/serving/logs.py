"""Logs of processes that never end: kept from growing for ever."""

from __future__ import annotations

import contextlib
import os

_LIMIT_BYTES = 32 << 20
_KEPT_BYTES = 8 << 20


def trim(path: str, limit: int = _LIMIT_BYTES, keep: int = _KEPT_BYTES) -> None:
    """Shorten a log that has grown over `limit` bytes to about its last `keep`.

    Those who write to it go on: they append, so the next line goes to the new end. A line that is written in the
    very moment of it may be lost.
    """
    with contextlib.suppress(OSError), open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size <= limit:
            return
        file.seek(size - keep)
        file.readline()
        rest = file.read()
        file.seek(0)
        file.truncate()
        file.write(b"[lapis] Earlier lines were dropped.\n" + rest)
