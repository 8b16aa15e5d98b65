"""Small files that survive: whole or not at all, and, where asked, on disk before anybody is told.

Written for a process that starts in milliseconds: plain ``os`` calls.
"""

from __future__ import annotations

import errno
import json
import os
from typing import Any

_RESERVE = 16_384


def read_json(path: str) -> Any:
    """Return the content of a JSON file, None when it is absent, empty or not whole JSON."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def write_json(path: str, value: Any, *, sync: bool = False) -> None:
    """Replace a file at once; readable by its owner only.

    Args:
        path: the file.
        value: plain JSON.
        sync: put file and folder on disk before returning.

    Raises:
        OSError: the file system refused, for instance ENOSPC.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, _encoded(value))
        if sync:
            os.fsync(descriptor)
    except OSError:
        os.unlink(temporary)
        raise
    finally:
        os.close(descriptor)
    os.replace(temporary, path)
    if sync:
        sync_folder(os.path.dirname(path))


def reserve(path: str) -> None:
    """Set space aside for `write_reserved`, so that a full disk can't keep an exit status from being written."""
    descriptor = os.open(f"{path}.reserve", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, b"\0" * _RESERVE)
    finally:
        os.close(descriptor)


def write_reserved(path: str, value: Any) -> None:
    """Write like `write_json` with `sync`, into the space that `reserve` set aside if it is still there."""
    held = f"{path}.reserve"
    data = _encoded(value)
    if len(data) > _RESERVE or not os.path.exists(held):
        write_json(path, value, sync=True)
        return
    descriptor = os.open(held, os.O_WRONLY | os.O_CLOEXEC)
    try:
        write_all(descriptor, data.ljust(_RESERVE))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(held, path)
    sync_folder(os.path.dirname(path))


def append_line(path: str, value: Any) -> bool:
    """Append one JSON line in one write; False when the disk is full (nothing is raised for that)."""
    return append_bytes(path, _encoded(value) + b"\n")


def append_bytes(path: str, data: bytes) -> bool:
    """Append bytes; False when the disk is full."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, data)
        finally:
            os.close(descriptor)
    except OSError as error:
        if not is_full(error):
            raise
        return False
    return True


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(path: str) -> None:
    """Put a folder's entries on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_full(error: BaseException) -> bool:
    """Say whether an error means that the disk, or the owner's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace")
