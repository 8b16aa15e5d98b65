"""Copying and moving files and folders on one machine, with the lightest of means.

Folders are gone through in sorted order, so that a copy lists as its origin would. Symbolic links that stay
within the folder that is copied are followed; those that leave it, and devices, pipes and sockets, are left
out and named, since a link planted in a folder must not make its reader fetch something else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

_CHUNK = 1 << 24


class Entry:
    """A file found below a folder: its path relative to that folder, and where its content lies."""

    __slots__ = ("relative", "source")

    def __init__(self, relative: str, source: str) -> None:
        self.relative = relative
        self.source = source


def files_below(folder: str, skipped: list[str]) -> Iterator[Entry]:
    """Give every file below `folder`, sorted by path; what can't be taken along is named in `skipped`."""
    root = os.path.realpath(folder)
    yield from _walk(root, root, "", skipped, frozenset((root,)))


def copy_file(source: str, target: str) -> None:
    """Copy a file's content and permissions; the target appears whole.

    Shares blocks on disk where the file system can (copy_file_range(2)).
    """
    temporary = f"{target}.{os.getpid()}.tmp"
    with open(source, "rb") as reading, open(temporary, "wb") as writing:
        mode = stat.S_IMODE(os.fstat(reading.fileno()).st_mode)
        _copy_content(reading.fileno(), writing.fileno())
        os.fchmod(writing.fileno(), mode | stat.S_IRUSR | stat.S_IWUSR)
    os.replace(temporary, target)


def copy_tree(source: str, target: str) -> list[str]:
    """Copy a folder's files; return the paths that were left out."""
    skipped: list[str] = []
    os.makedirs(target, exist_ok=True)
    for entry in files_below(source, skipped):
        path = os.path.join(target, entry.relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        copy_file(entry.source, path)
    return skipped


def move_tree(source: str, target: str, keep: bool = False) -> list[str]:
    """Bring a folder's files to another; return the paths left out.

    Files are renamed where the file system allows it and copied otherwise. A second call after one that was
    cut off completes it. Every file is on disk when this returns.

    Args:
        source, target: folders.
        keep: leave files of the same path at the target as they are, in place of replacing them.
    """
    skipped: list[str] = []
    moved = []
    for entry in files_below(source, skipped):
        path = os.path.join(target, entry.relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if keep and not place_new(entry.source, path):
            continue
        if not keep and not (
            entry.source == os.path.join(os.path.realpath(source), entry.relative) and _rename(entry.source, path)
        ):
            copy_file(entry.source, path)
        moved.append(path)
    sync_files(moved)
    return skipped


def place_new(source: str, target: str) -> bool:
    """Put a file, which no longer changes, at `target` unless something is there; say whether it was put there."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError:
        if os.path.lexists(target):
            return False
        copy_file(source, target)
    return True


def link_tree(source: str, target: str) -> list[str]:
    """Put a folder's files, which no longer change, below `target` without using space where possible.

    Returns:
        The paths left out.
    """
    skipped: list[str] = []
    placed = []
    for entry in files_below(source, skipped):
        path = os.path.join(target, entry.relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        link_file(entry.source, path)
        placed.append(path)
    sync_files(placed)
    return skipped


def link_file(source: str, target: str) -> None:
    """Put a file, which no longer changes, at `target` without using space where possible; it appears whole."""
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        os.link(source, temporary)
    except FileExistsError:
        os.unlink(temporary)
        os.link(source, temporary)
    except OSError:
        copy_file(source, target)
        return
    os.replace(temporary, target)


def sync_files(paths: list[str]) -> None:
    """Put files and the folders that hold them on disk; many at once by one sync(2)."""
    if len(paths) > 50:
        os.sync()
        return
    for path in [*paths, *sorted({os.path.dirname(p) for p in paths})]:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_tree(path: str) -> None:
    """Remove a file, a link or a folder with all below it; what is gone, or goes meanwhile, is no error."""
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
            return
        os.chmod(path, stat.S_IRWXU)
        for name in os.listdir(path):
            remove_tree(os.path.join(path, name))
        os.rmdir(path)
    except FileNotFoundError:
        return


def _walk(root: str, folder: str, relative: str, skipped: list[str], seen: frozenset[str]) -> Iterator[Entry]:
    for name in sorted(os.listdir(folder)):
        path, below = os.path.join(folder, name), os.path.join(relative, name)
        real = os.path.realpath(path) if os.path.islink(path) else path
        inside = real == root or real.startswith(root + os.sep)
        try:
            mode = os.stat(real).st_mode if inside else 0
        except OSError:
            mode = 0
        if stat.S_ISREG(mode):
            yield Entry(below, real)
        elif stat.S_ISDIR(mode) and real not in seen:
            yield from _walk(root, real, below, skipped, seen | {real})
        else:
            skipped.append(below)


def _copy_content(reading: int, writing: int) -> None:
    use_range = True
    while True:
        try:
            count = (
                os.copy_file_range(reading, writing, _CHUNK)
                if use_range
                else os.sendfile(writing, reading, None, _CHUNK)
            )
        except OSError:
            if not use_range:
                raise
            use_range = False
            continue
        if count == 0 and use_range and os.lseek(reading, 0, os.SEEK_CUR) < os.fstat(reading).st_size:
            use_range = False
            continue
        if count == 0:
            return


def _rename(source: str, target: str) -> bool:
    try:
        os.rename(source, target)
    except OSError:
        return False
    return True
