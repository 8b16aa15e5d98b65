"""Whole folders through the server: small files go together, so that a thousand of them are a few requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from lapisml.backends.storage import files
from lapisml.backends.storage.failures import translated
from lapisml.backends.storage.served import ServedStore
from lapisml.backends.storage.side_by_side import side_by_side
from lapisml.core.bundles import LARGEST_FILE, MOST_FILES
from lapisml.ports.storage import ObjectInfo, Progress, StorageLocation

_TOGETHER = 4 << 20
_MANY = MOST_FILES // 4
T = TypeVar("T")


def put_tree(store: ServedStore, local: Path, location: StorageLocation, progress: Progress | None) -> int:
    """Store every file below a local folder; return their number."""

    def put(group: list[files.LocalFile]) -> None:
        if len(group) == 1:
            store.put_file(group[0].path, location.child(group[0].relative), move=False)
        else:
            with translated(location):
                some = [(found.relative, found.path.read_bytes()) for found in group]
            store.put_small(location, some)
        if progress is not None:
            progress(sum(found.size for found in group))

    with translated(location):
        found = list(files.walk_files(local, local))
    side_by_side(put, _groups(found, lambda file: file.size))
    return len(found)


def get_tree(
    store: ServedStore,
    location: StorageLocation,
    inside: Callable[[str], Path],
    progress: Progress | None,
) -> int:
    """Bring every file below a folder.

    Args:
        inside: gives the local path of a listed one, checked.
    """

    def get(group: list[ObjectInfo]) -> None:
        for entry in group:
            with translated(location):
                inside(entry.path).parent.mkdir(parents=True, exist_ok=True)
        if len(group) == 1:
            store.fetch_file(location.child(group[0].path), inside(group[0].path), progress)
            return
        left = [entry.path for entry in group]
        while left:
            brought = store.fetch_small(location, left)
            left = left[len(brought) :]
            for path, content in brought:
                with translated(location), files.replacing(inside(path)) as out:
                    out.write(content)
                if progress is not None:
                    progress(len(content))

    found = list(store.walk(location))
    side_by_side(get, _groups(found, lambda entry: entry.size))
    return len(found)


def _groups(items: Iterable[T], size_of: Callable[[T], int]) -> list[list[T]]:
    """Put small files together; a large one is a group by itself."""
    groups: list[list[T]] = []
    small: list[T] = []
    size = 0
    for item in items:
        if size_of(item) > LARGEST_FILE // 2:  # it may have grown a little meanwhile
            groups.append([item])
            continue
        small.append(item)
        size += size_of(item)
        if size > _TOGETHER or len(small) >= _MANY:
            groups.append(small)
            small, size = [], 0
    return [*groups, small] if small else groups
