"""The files and folders beside a document that it names by a local path.

Light: the standard library only.
"""

from __future__ import annotations

import copy
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lapisml.core.errors import LapisError
from lapisml.documents.paths import DocumentPath, value_at
from lapisml.documents.places import path_fields
from lapisml.documents.references import LocalPath, parse

__all__ = [
    "AnchoredPath", "LocalFile", "absolute_path", "local_files", "local_text", "path_fields", "replaced", "what_is_at",
]  # fmt: skip


class AnchoredPath(str):
    """A local path that stands in a file of its own, made absolute; remembers how it is written there."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, absolute: str, written: str) -> AnchoredPath:
        """Keep both."""
        made = super().__new__(cls, absolute)
        made.written = written
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """Say how a copy is made."""
        return str.__str__(self), self.written


@dataclass(frozen=True)
class LocalFile:
    """A local path in a document.

    Attributes:
        path: where it stands in the document.
        text: as written, without ``file:``.
        absolute: what it means, from the folder of the document.
        role: see `path_fields`.
    """

    path: DocumentPath
    text: str
    absolute: Path
    role: str


def local_files(kind: str, data: Mapping[str, Any], base_dir: Path) -> list[LocalFile]:
    """List the local paths of a document, in its order; other addresses are passed over.

    Args:
        kind: ``job``, ``data`` …
        data: the document; parts that are not as they should be are passed over.
        base_dir: folder that relative paths start from.
    """
    return [
        _local_file(path, value, text, base_dir, role)
        for path, value, role in path_fields(kind, data)
        if (text := local_text(value)) is not None
    ]


def _local_file(path: DocumentPath, value: Any, text: str, base_dir: Path, role: str) -> LocalFile:
    if isinstance(value, AnchoredPath):
        return LocalFile(path, value.written, Path(text), role)
    return LocalFile(path, text, absolute_path(text, base_dir), role)


def absolute_path(text: str, base_dir: Path) -> Path:
    """Return what a local path means, whether something is there or not; ``~`` is a name like any other."""
    try:
        return (base_dir / text).resolve()
    except (OSError, ValueError, RuntimeError):  # a circle of links, or text that no path can be
        return base_dir / text


def what_is_at(path: Path) -> Literal["file", "folder"] | None:
    """Say what a path leads to; None when it leads nowhere, or nowhere that may be looked at."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return "folder" if stat.S_ISDIR(mode) else "file"


def replaced(data: Mapping[str, Any], addresses: Mapping[DocumentPath, str]) -> dict[str, Any]:
    """Return a copy of a document that names uploads instead of local paths.

    Args:
        addresses: path within the document → address.
    """
    made: dict[str, Any] = copy.deepcopy(dict(data))
    for path, address in addresses.items():
        holder: Any = value_at(made, path[:-1])
        holder[path[-1]] = address
    return made


def local_text(value: Any) -> str | None:
    """Return the local path that a value names, or None when it names something else or nothing.

    Text with an expression in it names nothing yet.
    """
    if not isinstance(value, (str, bool, int, float)) or not str(value).strip() or "${{" in str(value):
        return None
    try:
        reference = parse(str.__str__(value) if isinstance(value, str) else str(value))
    except LapisError:
        return None
    return reference.path if isinstance(reference, LocalPath) else None
