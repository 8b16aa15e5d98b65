"""Which workspace is meant: an argument, the environment, ``.azureml/config.json``, or the person's defaults."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError

CONFIG_PLACES = (".azureml/config.json", "config.json", "aml_config/config.json")
DEFAULT_WORKSPACE = "default"


def find_config(start: Path, file_name: str = "config.json") -> Path | None:
    """Look for the workspace's file in `start` and the folders above it.

    A file counts when it is JSON and has a ``workspace_name``.
    """
    places = [place.replace("config.json", file_name) for place in CONFIG_PLACES]
    for folder in (start, *start.parents):
        for place in places:
            if _workspace_in(folder / place) is not None:
                return folder / place
    return None


def config_workspace(path: Path, file_name: str = "config.json") -> str:
    """Read the workspace's name from a ``config.json``, or from the one in or above a folder.

    Raises:
        LapisError: NotFound, when there is none that names a workspace.
    """
    found = find_config(path, file_name) if path.is_dir() else path
    name = _workspace_in(found) if found is not None else None
    if name is None:
        hint = 'It must hold {"workspace_name": "…"}; `lapis workspace list` shows the names there are.'
        raise LapisError(ErrorCode.NOT_FOUND, f"There is no config.json with a workspace in or above {path}.", hint)
    return name


def choose_workspace(home: Path, asked: str | None = None, start: Path | None = None) -> str:
    """Decide the workspace: `asked`, LAPIS_WORKSPACE, config.json in or above `start`, defaults, ``default``."""
    if asked:
        return asked
    named = os.environ.get("LAPIS_WORKSPACE")
    if named:
        return named
    found = find_config(start or Path.cwd())
    if found is not None:
        return _workspace_in(found) or DEFAULT_WORKSPACE
    return read_defaults(home).get("workspace") or DEFAULT_WORKSPACE


def read_defaults(home: Path) -> dict[str, str]:
    """Read what ``lapis configure --defaults`` has kept: name → value."""
    loaded = _read_json(home / "config.json")
    defaults = loaded.get("defaults") if isinstance(loaded, dict) else None
    return {str(k): str(v) for k, v in defaults.items()} if isinstance(defaults, dict) else {}


def write_defaults(home: Path, changes: dict[str, str]) -> dict[str, str]:
    """Keep `changes` (an empty value removes the name) and return all defaults."""
    merged = {k: v for k, v in {**read_defaults(home), **changes}.items() if v}
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = home / f"config.json.{os.getpid()}"
    part.write_text(json.dumps({"defaults": merged}, indent=2) + "\n", encoding="utf-8")
    part.replace(home / "config.json")
    return merged


def _workspace_in(path: Path) -> str | None:
    loaded = _read_json(path)
    name = loaded.get("workspace_name") if isinstance(loaded, dict) else None
    return name if isinstance(name, str) and name else None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
