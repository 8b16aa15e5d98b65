"""The helper that moves data between this machine and other stores; run by `lapisml.runner.tools`.

Reads ``{"storage": import string, "requests": [...]}`` from stdin; writes JSON lines:
``{"progress": sentence, "of": name}``, ``{"waiting": sentence}``, ``{"name", "path"}`` for each input,
``{"error": sentence, "name", "passes"}``.
Requests:

* ``get``: bring ``location`` to ``path`` (a folder) or, for a single file, into the folder ``path``;
* ``evaluate``: the files that the MLTable at ``location`` names, below ``path``;
* ``put``: store the file or folder ``path`` at ``location`` (``below`` it, where given); with ``keep``, what is
  there already stays;
* ``put_back``: store a folder's files, or the one file in it, at ``location``.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.runner.copying import files_below
from lapisml.runner.mltable import listed_files

_PROGRESS_EVERY_S = 1.0


def main() -> None:
    """Do the requests on stdin; exit code 1 when one failed."""
    asked = json.load(sys.stdin)
    storage = load(asked["storage"])()
    if hasattr(storage, "when_waiting"):
        storage.when_waiting(lambda sentence: _say({"waiting": sentence}))
    for request in asked["requests"]:
        try:
            _do(storage, request)
        except (LapisError, OSError, ValueError) as error:
            _say({"error": str(error), "name": request["name"], "passes": _passes(error)})
            sys.exit(1)


def _passes(error: Exception) -> bool:
    """Say whether the same may go well later: the store did not answer, which is not to say that it refused."""
    is_away = isinstance(error, LapisError) and error.code is ErrorCode.STORAGE_UNREACHABLE
    return is_away and not getattr(error, "is_refusal", False)


def load(import_string: str) -> Any:
    """Import what ``module:name`` names."""
    module, _, name = import_string.partition(":")
    return getattr(import_module(module), name)


def _do(storage: Storage, request: dict[str, Any]) -> None:
    location = StorageLocation.from_json(request["location"])
    path = Path(request["path"])
    if request["do"] == "get":
        _say({"name": request["name"], "path": str(_get(storage, request["name"], location, path))})
    elif request["do"] == "evaluate":
        _say({"name": request["name"], "path": str(_evaluate(storage, request, location, path))})
    elif request["do"] == "put":
        put = _put_new if request.get("keep") else _put
        put(storage, path, location.child(request.get("below", "")), request["name"])
    else:
        _put_back(storage, path, location, request["name"])


class _Progress:
    """Says every second how much has been moved."""

    def __init__(self, what: str, name: str) -> None:
        self._what = what
        self._name = name
        self._moved = 0
        self._told = time.monotonic()

    def __call__(self, count: int) -> None:
        self._moved += count
        if time.monotonic() - self._told >= _PROGRESS_EVERY_S:
            self._told = time.monotonic()
            _say({"progress": f"{self._what} '{self._name}': {self._moved / 1e6:.1f} MB", "of": self._name})


def _get(storage: Storage, name: str, location: StorageLocation, path: Path) -> Path:
    info = storage.info(location)
    target = path if info is None or info.is_dir else path / (location.name or name)
    path.mkdir(parents=True, exist_ok=True)
    storage.get(location, target, _Progress("Downloading input", name))
    return target


def _put(storage: Storage, path: Path, location: StorageLocation, name: str) -> None:
    if path.is_dir():
        storage.put_tree(path, location, _Progress("Uploading output", name))
    elif path.exists():
        storage.put_file(path, location)


def _put_new(storage: Storage, path: Path, location: StorageLocation, name: str) -> None:
    """Store what is not there yet, file by file: another of the job's machines may store at the same place."""
    if path.is_dir():
        for entry in files_below(str(path), []):
            _put_new(storage, Path(entry.source), location.child(entry.relative), name)
    elif path.exists() and storage.info(location) is None:
        storage.put_file(path, location)


def _put_back(storage: Storage, path: Path, location: StorageLocation, name: str) -> None:
    single = path / location.name
    info = storage.info(location)
    is_file = info is not None and not info.is_dir
    _put(storage, single if is_file else path, location, name)


def _evaluate(storage: Storage, request: dict[str, Any], location: StorageLocation, path: Path) -> Path:
    source = storage.local_path(location)
    if source is None:
        source = path.with_name(f"{path.name}.table")
        storage.get(location, source, _Progress("Downloading input", request["name"]))
    for relative, file in listed_files(source if source.is_dir() else source.parent):
        target = path / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        if request["copy"]:
            storage.copy(StorageLocation("file", str(file)), StorageLocation("file", str(target)))
        else:
            target.symlink_to(file)
    return path


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
