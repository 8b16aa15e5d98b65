"""Checks the ``MLTable`` file of a data asset of type mltable.

Form: https://learn.microsoft.com/azure/machine-learning/reference-yaml-mltable
"""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.words import nearest
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.safe_yaml import read_mapping

_KEYS = ("$schema", "type", "paths", "transformations", "metadata", "traits", "extra_columns")
_PATH_KEYS = ("file", "folder", "pattern")


def check_mltable(storage: Storage, folder: StorageLocation) -> None:
    """Check that `folder` holds a sound ``MLTable`` file.

    Raises:
        LapisError: DocumentInvalid with the problems found, places within the MLTable file.
    """
    content = read_mapping(storage, folder.child("MLTable"))
    if content is None:
        problem = Problem("the folder holds no file named MLTable", path="path", file=None)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "Data of type mltable needs an MLTable file.", problems=[problem])
    problems = [*_unknown_keys(content), *_paths(content.get("paths")), *_steps(content.get("transformations"))]
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The MLTable file is not valid.", problems=problems)


def _unknown_keys(content: dict[str, Any]) -> list[Problem]:
    unknown = [str(key) for key in content if key not in _KEYS]
    return [_problem(key, "unknown key", suggestion=nearest(key, _KEYS)) for key in unknown]


def _paths(paths: Any) -> list[Problem]:
    if not isinstance(paths, list) or not paths:
        return [_problem("paths", "is missing or empty", "a list of `- file:`, `- folder:` or `- pattern:`")]
    found = []
    for index, entry in enumerate(paths):
        given = [k for k in _PATH_KEYS if isinstance(entry, dict) and isinstance(entry.get(k), str)]
        if len(given) != 1 or len(entry) != 1:
            found.append(_problem(f"paths[{index}]", "is not one place", "one of `file`, `folder`, `pattern`"))
    return found


def _steps(steps: Any) -> list[Problem]:
    if steps is None:
        return []
    if not isinstance(steps, list):
        return [_problem("transformations", "is not a list", "a list of steps such as `- read_delimited:`")]
    bad = [
        i for i, step in enumerate(steps) if not (isinstance(step, str) or (isinstance(step, dict) and len(step) == 1))
    ]
    return [_problem(f"transformations[{i}]", "is not one step", "one step such as `read_delimited`") for i in bad]


def _problem(path: str, message: str, expected: str | None = None, suggestion: str | None = None) -> Problem:
    return Problem(message, path=path, file="MLTable", expected=expected, suggestion=suggestion)
