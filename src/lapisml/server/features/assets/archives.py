"""A folder as one file: a zip archive made while it is sent, so that it takes neither disk nor memory."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

_CHUNK = 1 << 20
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LATEST_YEAR = 2107
"""What the zip format can say of a time (APPNOTE 4.4.6)."""


class Content(Protocol):
    """Opens a file that goes into an archive."""

    def __call__(self) -> AbstractContextManager[BinaryIO]:
        """Open it for reading."""
        ...


def zip_stream(files: Iterable[tuple[str, int | None, Content]]) -> Iterator[bytes]:
    """Give a zip archive in pieces.

    Args:
        files: path within the archive, time of change (milliseconds since the epoch, UTC, or None) and content of
            each; a file is opened when its turn comes.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path, modified_at, content in files:
            entry = zipfile.ZipInfo(path, _time(modified_at))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as target, content() as source:
                while piece := source.read(_CHUNK):
                    target.write(piece)
                    yield from sink.take()
            yield from sink.take()
    yield from sink.take()


class _Sink(io.RawIOBase):
    """Takes what is written, in order, until it is taken away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]  # zipfile writes bytes only
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> Iterator[bytes]:
        """Give what was written since the last call."""
        pieces, self._pieces = self._pieces, []
        if pieces:
            yield b"".join(pieces)


def _time(modified_at: int | None) -> tuple[int, int, int, int, int, int]:
    if modified_at is None:
        return _EARLIEST
    at = time.gmtime(modified_at / 1000)
    return (at[0], at[1], at[2], at[3], at[4], at[5]) if _EARLIEST[0] <= at[0] <= _LATEST_YEAR else _EARLIEST
