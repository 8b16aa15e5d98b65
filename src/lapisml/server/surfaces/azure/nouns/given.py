"""Structures in bodies that a form takes apart by hand: what is of another shape is refused, not stumbled over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem


def object_in(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under a key, an empty one when there is none.

    Raises:
        LapisError: DocumentInvalid for anything else.
    """
    value = given.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _wrong(key, "an object")
    return value


def objects_in(given: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the objects in the list under a key, none when there is no list.

    Raises:
        LapisError: DocumentInvalid for anything else.
    """
    value = given.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise _wrong(key, "a list of objects")
    return value


def _wrong(key: str, expected: str) -> LapisError:
    problem = Problem(f"`{key}` has a wrong shape", path=key, expected=expected)
    return LapisError(ErrorCode.DOCUMENT_INVALID, "The body is not valid.", problems=[problem])
