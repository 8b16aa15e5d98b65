"""Files that belong to the server: private, written at once or not at all, locked by one process."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 durably: readers see the old content or the new, never a part."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def create_private(path: Path, content: bytes) -> bytes:
    """Write a private file unless it exists; return what is in it then.

    Of several processes that do this at once, one wins and all return the same bytes.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return path.read_bytes()
    finally:
        Path(temporary).unlink(missing_ok=True)
    _sync_folder(path.parent)
    return content


class FileLock:
    """A lock that the operating system drops when its process ends, however it ends (flock(2)).

    Args:
        path: the lock's file; it stays when the lock is dropped.
        held: the sentence for whoever finds it taken; ``{pid}`` stands for the holder's process id.
    """

    def __init__(self, path: Path, held: str) -> None:
        self._path = path
        self._held = held
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock without waiting.

        Raises:
            LapisError: DatabaseInUse when another process has it.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise LapisError(
                ErrorCode.DATABASE_IN_USE,
                self._held.format(pid=pid),
                "Use that server (`lapis status` shows it), or stop it first with `lapis down`.",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Drop the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
