"""Small steps on the server's own disk that survive a loss of power."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError


def size(path: Path) -> int | None:
    """Return the bytes of a file, None when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def moved(source: Path, target: Path) -> bool:
    """Rename a file, durably; False when it is gone."""
    try:
        source.replace(target)
    except FileNotFoundError:
        return target.exists()
    synchronise(target.parent)
    return True


def linked(source: Path, target: Path) -> bool:
    """Give a file a second name; False when it is gone."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        return False
    return True


def appear(part: Path, target: Path) -> None:
    """Rename what was gathered to its place; equal content that came there meanwhile stays."""
    try:
        part.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    for folder in (target.parent, target.parent.parent, target.parent.parent.parent):
        synchronise(folder)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    part = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with part.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    synchronise(path.parent)


def synchronise(path: Path) -> None:
    """Put a file, or the names in a folder, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def translated() -> Iterator[None]:
    """Turn a full disk into our error; other failures of the disk are the server's."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        sentence = "There is no space left to store the upload."
        raise LapisError(ErrorCode.STORAGE_FULL, sentence, "Free some space on the server's disk.") from error
