"""What only the machine that holds a document shows: paths that are not there, or not what they should be.

They read documents that may be faulty otherwise, so that everything wrong is reported at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.documents.faults import Fault
from lapisml.documents.local_paths import (
    LocalFile,
    absolute_path,
    local_files,
    local_text,
    path_fields,
    what_is_at,
)
from lapisml.documents.paths import DocumentPath
from lapisml.documents.places import DEPLOYMENTS
from lapisml.documents.references import PlainUri, parse
from lapisml.documents.words import nearest

_REGISTERED = {
    "component": "a file, or azureml:<name>:<version> for a component that is registered",
    "job": "a file, or azureml:<name> for a job that exists",
}
_MOST_NAMES = 2000
_LONGEST_SHOWN = 500


def check_wire(kind: str, data: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the local paths of a document that has left the machine where they mean something."""
    if not isinstance(data, Mapping):
        return
    for path, value, _ in path_fields(kind, data):
        if local_text(value) is not None:
            yield Fault(path, "this is a path on your own machine", "the address of an upload, or another URI")
    if kind == "compute":
        yield from _key_files(data)


def _key_files(data: Mapping[str, Any]) -> Iterator[Fault]:
    for key in ("ssh_settings", "login"):
        given = data.get(key)
        if isinstance(given, Mapping) and given.get("ssh_private_key_file") is not None:
            where = (key, "ssh_private_key_file")
            yield Fault(where, "this is a file on your own machine", "its text, as `ssh_private_key`")


def check_files(kind: str, data: Mapping[str, Any], base_dir: Path) -> Iterator[Fault]:
    """Yield the local paths of a document that are not there, or are not what they should be."""
    for path, value, role in path_fields(kind, data):
        if role == "code":
            yield from _remote_code(path, value)
    good: set[tuple[Path, str]] = set()
    for file in local_files(kind, data, base_dir):
        if (file.absolute, file.role) in good:
            continue
        fault = _missing(file) or _wrong_kind(file, kind, data)
        if fault is not None:
            yield fault
        else:
            good.add((file.absolute, file.role))
    if kind in DEPLOYMENTS:
        yield from _missing_script(data, base_dir)


def _missing_script(data: Mapping[str, Any], base_dir: Path) -> Iterator[Fault]:
    """Yield the scoring script of a deployment that is not in its folder of code."""
    given = data.get("code_configuration")
    code, script = (given.get("code"), given.get("scoring_script")) if isinstance(given, Mapping) else (None, None)
    text = local_text(code)
    folder = None if text is None or script is None else absolute_path(text, base_dir)
    if folder is None or what_is_at(folder) is None or not local_text(script):
        return
    place = folder / str(script) if what_is_at(folder) == "folder" else folder.with_name(str(script))
    if what_is_at(place) != "file":
        where = ("code_configuration", "scoring_script")
        file = LocalFile(where, str(script), place, "code")
        yield Fault(where, f"the file is not there: {str(place)[:_LONGEST_SHOWN]}", None, _near_file(file))


def _remote_code(path: DocumentPath, value: Any) -> Iterator[Fault]:
    if not isinstance(value, str) or local_text(value) is not None or value.startswith("azureml://codes/"):
        return
    is_address = value.startswith("git+") or isinstance(_parsed(value), PlainUri)
    message = "code is not fetched from an address" if is_address else "this is no folder of code"
    yield Fault(path, message, "a folder or file on this machine; clone a repository first", supported=not is_address)


def _parsed(value: str) -> Any:
    try:
        return parse(value)
    except LapisError:
        return None


def _missing(file: LocalFile) -> Fault | None:
    if what_is_at(file.absolute) is not None:
        return None
    message = f"the path is not there: {str(file.absolute)[:_LONGEST_SHOWN]}"
    return Fault(file.path, message, _REGISTERED.get(file.role), _near_file(file))


def _near_file(file: LocalFile) -> str | None:
    """Look in the folder for a name like the one that is missing."""
    try:
        with os.scandir(file.absolute.parent) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False)]
    except (OSError, ValueError):
        return None
    found = nearest(file.absolute.name, names)
    head, slash, _ = file.text.rstrip("/").rpartition("/")
    return f"{head}{slash}{found}" if found else None


def _wrong_kind(file: LocalFile, kind: str, data: Mapping[str, Any]) -> Fault | None:
    is_dir = what_is_at(file.absolute) == "folder"
    if file.role in ("conda", "requirements") and is_dir:
        return Fault(file.path, "this is a folder", "a file")
    if file.role == "build" and not is_dir:
        return Fault(file.path, "this is a file", "the folder that holds the Dockerfile")
    if file.role == "code" and is_dir:
        return _wrong_folder(file)
    return _wrong_data(file, data, is_dir) if kind == "data" else None


def _wrong_folder(file: LocalFile) -> Fault | None:
    try:
        with os.scandir(file.absolute) as entries:
            empty = next(entries, None) is None
    except OSError as error:
        return Fault(file.path, f"the folder can't be read: {error.strerror}")
    return Fault(file.path, f"the folder is empty: {file.absolute}", "a folder with code") if empty else None


def _wrong_data(file: LocalFile, data: Mapping[str, Any], is_dir: bool) -> Fault | None:
    wanted = str(data.get("type") or "uri_folder")
    if wanted == "uri_file" and is_dir:
        return Fault(file.path, "this is a folder, and the type is uri_file", "a file, or type: uri_folder")
    if wanted in ("uri_folder", "mltable") and not is_dir:
        return Fault(file.path, f"this is a file, and the type is {wanted}", "a folder, or type: uri_file")
    if wanted == "mltable" and what_is_at(file.absolute / "MLTable") != "file":
        return Fault(file.path, "the folder has no file MLTable", "a folder with a file named MLTable")
    return None
