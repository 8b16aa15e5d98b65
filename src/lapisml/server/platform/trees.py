"""Removing whole folders: gone from their place at once, and from the disk as soon as may be."""

from __future__ import annotations

import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

_DOOMED = ".deleted-"


def remove_tree(folder: Path) -> None:
    """Remove a folder, read-only parts too; nothing happens when it is not there.

    It is renamed first, so that its name is free at once and a removal that is cut off can be finished later.
    """
    doomed = folder.with_name(f"{_DOOMED}{secrets.token_hex(6)}")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return
    _remove(doomed)


def finish_removals(parent: Path) -> None:
    """Remove what earlier calls of `remove_tree` left below `parent` when they were cut off."""
    for doomed in parent.glob(f"{_DOOMED}*"):
        _remove(doomed)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, onerror=_make_writable)
    shutil.rmtree(folder, ignore_errors=True)


def _make_writable(_call: Any, path: str, _error: Any) -> None:
    """Let the second pass remove what the first could not; links are not followed."""
    for place in (Path(path).parent, Path(path)):
        with suppress(OSError):
            if stat.S_ISDIR(place.lstat().st_mode):
                place.chmod(stat.S_IRWXU)
    with suppress(OSError):
        Path(path).unlink()
