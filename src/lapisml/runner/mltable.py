"""Which files an ``MLTable`` file names (``paths`` with ``file``, ``folder`` or ``pattern``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from lapisml.core.errors import ErrorCode, LapisError


def listed_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give (path below the evaluated folder, file) for every file that ``<folder>/MLTable`` names, sorted.

    Raises:
        LapisError: NotFound without an ``MLTable`` file or a file it names, DocumentInvalid when it can't be read,
            NotSupported for paths that lie outside the folder.
    """
    found: dict[str, Path] = {}
    for entry in _entries(folder):
        found.update(_matches(folder, entry))
    yield from sorted(found.items())


def _entries(folder: Path) -> list[dict[str, Any]]:
    try:
        content = yaml.safe_load((folder / "MLTable").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LapisError(ErrorCode.NOT_FOUND, "The folder holds no file MLTable.") from error
    except yaml.YAMLError as error:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"Its MLTable file is not YAML: {error}") from error
    entries = content.get("paths") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "Its MLTable file has no list `paths`.")
    return entries


def _matches(folder: Path, entry: dict[str, Any]) -> dict[str, Path]:
    kind, value = next(iter(entry.items()))
    relative = _relative(str(value))
    if kind == "file":
        found = [folder / relative]
    elif kind == "folder":
        found = sorted(p for p in (folder / relative).rglob("*") if p.is_file())
    elif kind == "pattern":
        found = sorted(p for p in folder.glob(relative) if p.is_file())
    else:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"Its MLTable file has a path of unknown kind '{kind}'.")
    missing = [path for path in found if not path.is_file()]
    if missing or not found:
        raise LapisError(ErrorCode.NOT_FOUND, f"Its MLTable file names '{value}', which is not there.")
    return {path.relative_to(folder).as_posix(): path for path in found if path.name != "MLTable"}


def _relative(value: str) -> str:
    path = PurePosixPath(value)
    if "://" in value or path.is_absolute() or ".." in path.parts:
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            f"Its MLTable file names '{value}', which lies outside its folder.",
            "Use mode ro_mount and let the script read the table, or list files of the folder itself.",
        )
    return value.removeprefix("./")
