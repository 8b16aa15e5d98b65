"""Which files a table's ``paths`` name."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from .checks import MLTableError
from .document import NAME, Plan


def files_of(plan: Plan) -> list[str]:
    """Return the absolute paths of a table's files: entry by entry, sorted within each, none twice.

    Raises:
        MLTableError: one is not there, or lies in another store.
    """
    found: dict[str, None] = {}
    for index, entry in enumerate(plan.paths):
        kind, where = next(iter(entry.items()))
        for path in _entry(kind, local_path(where, plan.base), f"MLTable: paths[{index}]: '{where}'"):
            found[path] = None
    return list(found)


def local_path(where: str, base: str) -> str:
    """Return the path of this machine that an entry means.

    Raises:
        MLTableError: it lies elsewhere.
    """
    if where.startswith("file://"):
        return unquote(urlsplit(where).path)
    if "://" in where or where.startswith("azureml:"):
        raise MLTableError(
            f"'{where}' lies in a store; give it as an input of the job and use the path that the input has there"
        )
    return os.path.normpath(os.path.join(base, where))


def _entry(kind: str, path: str, place: str) -> Iterable[str]:
    if kind == "file":
        matching = [path]
    elif kind == "folder":
        matching = sorted(os.path.join(top, name) for top, _folders, names in os.walk(path) for name in names)
    else:
        matching = sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
    if not matching or not all(os.path.isfile(name) for name in matching):
        raise MLTableError(f"{place} is not there")
    return [name for name in matching if os.path.basename(name) != NAME]
