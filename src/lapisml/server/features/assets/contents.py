"""What of a document makes a version, and what may change in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.ids import is_valid_name

CHANGEABLE = ("description", "display_name", "tags", "properties", "stage")
"""Keys that may change in a version that exists."""

_OF_THE_RECORD = frozenset(
    {"$schema", "id", "name", "version", "creation_context", "job_name", "archived", "aliases", "latest_version"}
)


def cleaned(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without the keys of the record around it, nulls and ``$schema``."""
    return {k: v for k, v in document.items() if k not in _OF_THE_RECORD and v is not None}


def content_hash(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what may not change in a version, 64 hexadecimal digits."""
    fixed = {k: v for k, v in cleaned(document).items() if k not in CHANGEABLE}
    return hashlib.sha256(orjson.dumps(fixed, option=orjson.OPT_SORT_KEYS)).hexdigest()


def changes_in(document: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changeable keys of `document` that differ from what is kept."""
    found = {k: v for k, v in cleaned(document).items() if k in CHANGEABLE}
    return {k: v for k, v in found.items() if kept.get(k) != v}


def merged(kept: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with changes applied; a change to None removes the key.

    Raises:
        LapisError: NotSupported for a key that can't change.
    """
    fixed = sorted(k for k in changes if k not in CHANGEABLE and k not in _OF_THE_RECORD and changes[k] != kept.get(k))
    if fixed:
        sentence = f"{', '.join(fixed)} of a version can't change once it exists."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Create a new version instead.")
    both = {**kept, **{k: v for k, v in changes.items() if k in CHANGEABLE}}
    return {k: v for k, v in both.items() if v is not None}


def with_tags(kept: Mapping[str, Any], changes: Mapping[str, str | None]) -> dict[str, Any]:
    """Return a document with some tags set and those whose change is None taken away."""
    both = {**(kept.get("tags") or {}), **changes}
    tags = {key: value for key, value in both.items() if value is not None}
    rest = {key: value for key, value in kept.items() if key != "tags"}
    return {**rest, "tags": tags} if tags else rest


def checked_name(document: Mapping[str, Any], what: str) -> str:
    """Return the name in a document.

    Raises:
        LapisError: DocumentInvalid.
    """
    name = document.get("name")
    if not isinstance(name, str) or not is_valid_name(name):
        expected = "1 to 255 letters, digits, `_`, `-`, `.`, beginning with a letter or digit"
        message = "is missing" if name is None else f"'{name}' can't be a name"
        problem = Problem(message, path="name", expected=expected)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"The {what} is not valid.", problems=[problem])
    return name


def checked_version(document: Mapping[str, Any], what: str) -> str | None:
    """Return the version in a document as text, None when it has none.

    Raises:
        LapisError: DocumentInvalid.
    """
    version = document.get("version")
    if version is None or version == "":
        return None
    text = str(version)
    if not is_valid_name(text) or text.lower() == "latest":
        expected = "1 to 255 letters, digits, `_`, `-`, `.`, beginning with a letter or digit, and not `latest`"
        problem = Problem(f"'{text}' can't be a version", path="version", expected=expected)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"The {what} is not valid.", problems=[problem])
    return text


def next_number(version: str, current: int) -> int:
    """Return the number that follows when `version` is taken: a whole number moves it, other text does not."""
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    return max(current, number + 1)
