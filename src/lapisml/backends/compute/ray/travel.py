"""What a job's specification names of the front's folder, as it is called on another node, and the files it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node.tidying import KEEP_FILE
from lapisml.core.snapshots import blob_path, manifest_path

_OURS = ("home", "code", "environment", "tracking", "toolbox")
"""Parts of a specification whose paths are Lapis's; in all the others a path is the user's."""

_SERVER_FILES = ("server.pem", "door.pem", KEEP_FILE, "server.json")
"""In the order in which they are written: the last names the others."""


def rerooted(plain: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """Give a specification with Lapis's own paths at or below `old` moved to `new`."""
    return {key: _moved(value, old, new) if key in _OURS else value for key, value in plain.items()}


def _moved(plain: Any, old: str, new: str) -> Any:
    if isinstance(plain, Mapping):
        return {key: _moved(value, old, new) for key, value in plain.items()}
    if isinstance(plain, (list, tuple)):
        return [_moved(value, old, new) for value in plain]
    if isinstance(plain, str) and (plain == old or plain.startswith(old + "/")):
        return new + plain[len(old) :]
    return plain


def server_files(root: Path) -> dict[str, str]:
    """Read the front's files that say where the server is, and what is kept for how long, name → content."""
    folder = root / "run"
    return {n: (folder / n).read_text(encoding="utf-8") for n in _SERVER_FILES if (folder / n).exists()}


def needed_files(plain: Mapping[str, Any], root: Path) -> list[str]:
    """List the files below the front's folder that a node must have before the job starts, blobs before manifest.

    Those are the code snapshot's, and whatever the environment's options name below ``contexts/``.
    """
    return [*_code(plain, root), *_contexts(plain, root)]


def _code(plain: Mapping[str, Any], root: Path) -> Iterator[str]:
    code = plain.get("code")
    if not code or not Path(code["root"]).is_relative_to(root):
        return
    manifest = Path(manifest_path(code["root"], code["digest"]))
    held = json.loads(manifest.read_bytes())
    for file in held.get("files", []):
        yield Path(blob_path(code["root"], file["sha256"])).relative_to(root).as_posix()
    yield manifest.relative_to(root).as_posix()


def _contexts(plain: Mapping[str, Any], root: Path) -> Iterator[str]:
    top = root / "contexts"
    for text in _texts(plain.get("environment")):
        path = Path(text)
        if not path.is_relative_to(top) or path == top:
            continue
        for found in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if found.is_file() and not found.is_symlink():
                yield found.relative_to(root).as_posix()


def _texts(plain: Any) -> Iterator[str]:
    if isinstance(plain, Mapping):
        for value in plain.values():
            yield from _texts(value)
    elif isinstance(plain, (list, tuple)):
        for value in plain:
            yield from _texts(value)
    elif isinstance(plain, str) and plain.startswith("/"):
        yield plain
