"""Reading and writing mappings by a table of keys: ARM's key → our key. Pure.

A key that stands in no table is refused with the nearest one: nothing that is asked for is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.words import nearest

Table = Mapping[str, str]


def invalid(problem: Problem) -> LapisError:
    """Make the error of a body that can't be read."""
    return LapisError(ErrorCode.DOCUMENT_INVALID, "The request is not valid.", None, [problem])


def mapping(value: Any, path: str) -> dict[str, Any]:
    """Give a mapping with text as keys; nothing counts as an empty one.

    Raises:
        LapisError: DocumentInvalid for anything else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid(Problem("it is not an object", path, expected="a JSON object"))
    return {str(key): inner for key, inner in value.items()}


def texts(value: Any, path: str) -> dict[str, str | None]:
    """Give tags or properties: text for every key, as ARM has them."""
    given = mapping(value, path)
    for key, inner in given.items():
        if isinstance(inner, (Mapping, list)):
            raise invalid(Problem("it is not text", f"{path}.{key}", expected="text"))
    return {key: inner if inner is None or isinstance(inner, str) else _plain(inner) for key, inner in given.items()}


def read(given: Mapping[str, Any], table: Table, path: str, passed: Iterable[str] = ()) -> dict[str, Any]:
    """Rename the keys of a body; those without a value are left out.

    Args:
        passed: keys that are no part of the document: what the server itself says in its answers.

    Raises:
        LapisError: DocumentInvalid for a key that is not known.
    """
    known = {key.lower(): ours for key, ours in table.items()}
    aside = {key.lower() for key in passed}
    found: dict[str, Any] = {}
    problems = []
    for key, value in given.items():
        if value is None or key.lower() in aside:
            continue
        if key.lower() in known:
            found[known[key.lower()]] = value
        else:
            expected = f"one of {', '.join(sorted(table))}"
            problems.append(Problem("it is not known here", f"{path}.{key}", expected=expected,
                                    suggestion=nearest(key, tuple(table))))  # fmt: skip
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The request is not valid.", None, problems)
    return found


def without_defaults(made: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what means the same as nothing: a document says only what somebody wanted."""
    return {key: value for key, value in made.items() if key not in defaults or _folded(value) != defaults[key]}


def write(document: Mapping[str, Any] | None, table: Table) -> dict[str, Any]:
    """Rename the keys of a document to ARM's; those without a value are left out."""
    given = document or {}
    return {theirs: given[ours] for theirs, ours in table.items() if given.get(ours) is not None}


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
