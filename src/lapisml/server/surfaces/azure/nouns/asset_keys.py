"""The keys of a body's ``properties``: which a document knows, which say something else, and which are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.words import nearest
from lapisml.server.surfaces.azure.casing import camel, camel_key, snake, snake_key

COMMON = {
    "description": "description",
    "tags": "tags",
    "properties": "properties",
    "autoDeleteSetting": "auto_delete_setting",
}
"""Key of a body → key of a document, of every kind of asset."""

RECORD = frozenset({"isArchived", "isAnonymous", "provisioningState", "creationContext", "systemData"})
"""Keys that tell of the record and not of the document."""

CHANGEABLE = frozenset({"description", "tags", "properties", "stage"})
"""Keys of a body that may change in a version that exists."""

_CONDITION = "condition"


def picked(properties: Mapping[str, Any], names: Mapping[str, str], passed: frozenset[str]) -> dict[str, Any]:
    """Return the values of a body under a document's keys; those without a value are left out.

    Args:
        properties: of the body.
        names: key of the body → key of the document.
        passed: keys that are read elsewhere or say nothing that has to be kept.

    Raises:
        LapisError: DocumentInvalid for other keys that have a value.
    """
    known = {**COMMON, **names}
    others = [key for key in properties if key not in known and key not in passed | RECORD]
    problems = [_unknown(key, known) for key in others if properties[key] not in (None, "", [], {}, False)]
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The body is not valid.", problems=problems)
    found = {names_key: properties.get(key) for key, names_key in known.items()}
    setting = found.get("auto_delete_setting")
    if isinstance(setting, dict):
        found["auto_delete_setting"] = _own_setting(setting)
    return {key: value for key, value in found.items() if value is not None}


def flag(properties: Mapping[str, Any], key: str) -> bool | None:
    """Return true or false of a body, None where it says neither.

    Raises:
        LapisError: DocumentInvalid for anything else.
    """
    value = properties.get(key)
    if value is None or isinstance(value, bool):
        return value
    problem = Problem("is neither true nor false", path=f"properties.{key}")
    raise LapisError(ErrorCode.DOCUMENT_INVALID, "The body is not valid.", problems=[problem])


def shown(document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a document under a body's keys."""
    found = {key: document.get(own) for key, own in {**COMMON, **names}.items()}
    found["tags"] = found.get("tags") or {}
    found["properties"] = found.get("properties") or {}
    setting = found.get("autoDeleteSetting")
    if isinstance(setting, dict):
        found["autoDeleteSetting"] = _shown_setting(setting)
    return {key: value for key, value in found.items() if value is not None}


def _own_setting(setting: dict[str, Any]) -> dict[str, Any]:
    """Write a setting of deletion our way: its condition is a word in the other spelling too."""
    made: dict[str, Any] = snake(setting)
    return {**made, _CONDITION: snake_key(str(made[_CONDITION]))} if made.get(_CONDITION) else made


def _shown_setting(setting: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = camel(setting)
    word = camel_key(str(made.get(_CONDITION) or ""))
    return {**made, _CONDITION: word[:1].upper() + word[1:]} if word else made


def _unknown(key: str, known: Mapping[str, str]) -> Problem:
    near = nearest(key, list(known))
    return Problem(f"unknown key `{key}`", path=f"properties.{key}", suggestion=near)
