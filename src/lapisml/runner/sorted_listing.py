"""Sorted folder listings for a job's Python, below the folders that ``LAPIS_SORTED_ROOTS`` names.

Scripts rely on the order of ``os.listdir`` although no file system promises one. Imported at the start of the
job's interpreter, and only when that variable is set (`overlay`); a copy of this file lies in the job's
``site-packages``, so it keeps to the syntax of Python 3.6 and to modules that are loaded already.
``glob``, ``pathlib``, ``os.walk`` and ``shutil`` all list through the two functions replaced here.
"""

import os

if False:  # for type checkers; `typing` would cost every start of a job's Python milliseconds
    from typing import Any

_listdir, _scandir = os.listdir, os.scandir


def _roots() -> "tuple[str, ...]":
    """Return each root as given and with its links resolved, for a process may have changed into it."""
    given = [r for r in os.environ.get("LAPIS_SORTED_ROOTS", "").split(os.pathsep) if r]
    return tuple({path.rstrip(os.sep) for root in given for path in (os.path.abspath(root), os.path.realpath(root))})


_ROOTS = _roots()


def _is_sorted(path: object) -> bool:
    if isinstance(path, int):
        return False
    place = os.path.abspath(os.fsdecode("." if path is None else path))  # type: ignore[arg-type]
    return any(place == root or place.startswith(root + os.sep) for root in _ROOTS)


class _SortedEntries:
    """What ``os.scandir`` gives, sorted by name: an iterator that is its own context manager."""

    def __init__(self, entries: "Any") -> None:
        with entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name))

    def __iter__(self) -> "_SortedEntries":
        return self

    def __next__(self) -> "Any":
        return next(self._entries)

    def __enter__(self) -> "_SortedEntries":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


class _Listing:
    """``os.listdir`` or ``os.scandir``, sorted below the roots.

    An object and no function: like the built-in it is not bound when a class holds it, which pathlib of Python 3.7
    to 3.10 does; and it is pickled by its name in ``os``.
    """

    __module__ = "os"

    def __init__(self, name: str, original: "Any", arranged: "Any") -> None:
        self.__name__ = self.__qualname__ = name
        self._original, self._arranged = original, arranged

    def __call__(self, path: "Any" = None) -> "Any":
        found = self._original(path)
        return self._arranged(found) if _is_sorted(path) else found

    def __reduce__(self) -> str:
        return self.__name__


for _name, _original, _arranged in (("listdir", _listdir, sorted), ("scandir", _scandir, _SortedEntries)):
    _replacement = _Listing(_name, _original, _arranged)
    if _original in os.supports_fd:
        os.supports_fd.add(_replacement)
    setattr(os, _name, _replacement)
