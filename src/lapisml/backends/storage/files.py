"""Files of this machine: whole-or-nothing writes, cheap copies, confinement, sorted walks."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lapisml.core.errors import ErrorCode, LapisError

try:
    from fcntl import ioctl
except ImportError:  # not a Unix: files are copied
    ioctl = None  # type: ignore[assignment]

PART_PREFIX = ".lapis-part-"
"""Names of files that are being written; they are never listed."""

_FICLONE = 0x40049409  # ioctl_ficlone(2): share the content of another file, copy on write


@dataclass(frozen=True)
class LocalFile:
    """A file found by `walk_files`; `relative` is POSIX, `mtime_ns` nanoseconds since the epoch."""

    relative: str
    path: Path
    size: int
    mtime_ns: int


def confined(path: Path, root: Path | None) -> Path:
    """Return `path` with links resolved, after checking that it lies under `root`, component by component.

    Raises:
        LapisError: PathNotAllowed.
    """
    try:
        real = path.resolve()
        base = root.resolve() if root is not None else None
    except (OSError, RuntimeError, ValueError) as error:
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"The path {path.name!r} can't be resolved.") from error
    if base is not None and not real.is_relative_to(base):
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"The path {path.name!r} leads out of its folder.")
    return real


def walk_files(folder: Path, root: Path | None) -> Iterator[LocalFile]:
    """Give every file below `folder`, in the order of POSIX paths; links are followed within `root`.

    Raises:
        LapisError: PathNotAllowed for a link that leaves `root`.
        OSError: the folder can't be read.
    """
    yield from _walk(folder, "", root, (folder.resolve(),))


def _walk(folder: Path, prefix: str, root: Path | None, above: tuple[Path, ...]) -> Iterator[LocalFile]:
    with os.scandir(folder) as entries:
        found = [(entry.name + ("/" if entry.is_dir() else ""), entry) for entry in entries]
    for name, entry in sorted(found, key=lambda item: item[0]):
        if name.startswith(PART_PREFIX):
            continue
        path = Path(entry.path)
        if entry.is_symlink():
            path = confined(path, root)
        if name.endswith("/"):
            real = path.resolve() if entry.is_symlink() else path
            if real not in above:  # a link to a folder above would never end
                yield from _walk(path, prefix + name, root, (*above, real))
        elif path.is_file():
            found_stat = path.stat()
            yield LocalFile(prefix + name, path, found_stat.st_size, found_stat.st_mtime_ns)


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `target` when the block ends, synchronised to disk.

    Raises:
        OSError: as the system gives it; what was at `target` is untouched then.
    """
    part = target.with_name(PART_PREFIX + secrets.token_hex(8))
    try:
        with part.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    sync_folder(target.parent)


def copy_file(source: Path, target: Path, *, link: bool = False) -> None:
    """Put a copy of `source` at `target`: shared blocks where the file system can, else hard link or copy.

    Args:
        link: neither side will be changed in place, so that one file with two names is as good as a copy.
    """
    if link:
        part = target.with_name(PART_PREFIX + secrets.token_hex(8))
        try:
            os.link(source, part)
            part.replace(target)
            with suppress(FileNotFoundError):  # rename(2) leaves both names when they are one file already
                part.unlink()
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
                raise
        else:
            sync_folder(target.parent)
            return
    with source.open("rb") as reader, replacing(target) as writer:
        if not _reflink(reader, writer):
            _pour(reader, writer)
        os.fchmod(writer.fileno(), source.stat().st_mode & 0o777 | 0o200)


def move_file(source: Path, target: Path) -> None:
    """Move `source` to `target`, synchronised to disk; across file systems it is copied."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_file(source, target)
        source.unlink()
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reflink(reader: BinaryIO, writer: BinaryIO) -> bool:
    if ioctl is None:
        return False
    try:
        ioctl(writer.fileno(), _FICLONE, reader.fileno())
    except OSError:  # not one file system, or it can't
        return False
    return True


def _pour(reader: BinaryIO, writer: BinaryIO) -> None:
    """Copy within the kernel where that works (copy_file_range(2)), else through this process."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfileobj(reader, writer, 1 << 20)
        return
    try:
        while os.copy_file_range(reader.fileno(), writer.fileno(), 1 << 28):
            pass
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        shutil.copyfileobj(reader, writer, 1 << 20)
