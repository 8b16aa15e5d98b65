"""The files and folders beside a document that it names by a local path.

Light: the standard library only.
"""

from __future__ import annotations

import copy
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lapisml.core.errors import LapisError
from lapisml.documents.paths import DocumentPath, value_at
from lapisml.documents.references import LocalPath, parse


@dataclass(frozen=True)
class LocalFile:
    """A local path in a document.

    Attributes:
        path: where it stands in the document.
        text: as written, without ``file:``.
        absolute: what it means, from the folder of the document.
        role: ``code``, ``data``, ``model``, ``conda``, ``requirements``, ``build`` or ``include``.
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
        LocalFile(path, text, absolute_path(text, base_dir), role)
        for path, value, role in path_fields(kind, data)
        if (text := local_text(value)) is not None
    ]


def absolute_path(text: str, base_dir: Path) -> Path:
    """Return what a local path means, whether something is there or not; ``~`` is a name like any other."""
    return (base_dir / text).resolve()


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
    """Return the local path that a value names, or None when it names something else or nothing."""
    if not isinstance(value, (str, bool, int, float)) or not str(value).strip():
        return None
    try:
        reference = parse(str.__str__(value) if isinstance(value, str) else str(value))
    except LapisError:
        return None
    return reference.path if isinstance(reference, LocalPath) else None


def path_fields(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[DocumentPath, Any, str]]:
    """Yield every key of a document that may hold a path or an address: (path, value, role)."""
    if kind in ("data", "model"):
        yield from _field((), data, "path", kind)
    elif kind == "environment":
        yield from _environment((), data)
    elif kind in ("job", "component"):
        yield from _field((), data, "code", "code")
        yield from _environment(("environment",), data.get("environment"))
    if kind == "job":
        yield from _inputs(data.get("inputs"))
    if kind == "component" and isinstance(data.get("additional_includes"), list):
        for index, value in enumerate(data["additional_includes"]):
            yield ("additional_includes", index), value, "include"


def _inputs(inputs: Any) -> Iterator[tuple[DocumentPath, Any, str]]:
    if not isinstance(inputs, Mapping):
        return
    for name, given in inputs.items():
        if isinstance(given, Mapping):
            role = "model" if str(given.get("type") or "").endswith("_model") else "data"
            yield from _field(("inputs", str(name)), given, "path", role)


def _environment(path: DocumentPath, data: Any) -> Iterator[tuple[DocumentPath, Any, str]]:
    if not isinstance(data, Mapping):
        return
    yield from _field(path, data, "conda_file", "conda")
    yield from _field(path, data, "requirements_file", "requirements")
    build = data.get("build")
    if isinstance(build, Mapping):
        yield from _field((*path, "build"), build, "path", "build")


def _field(path: DocumentPath, data: Mapping[str, Any], key: str, role: str) -> Iterator[tuple[DocumentPath, Any, str]]:
    if data.get(key) is not None:
        yield (*path, key), data[key], role
