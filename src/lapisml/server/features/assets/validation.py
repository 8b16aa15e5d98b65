"""Documents from outside, checked against their models before anything is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents import registry
from lapisml.server.features.assets.contents import CHANGEABLE, cleaned
from lapisml.server.features.assets.records import AssetKind

_GUESSED = (AssetKind.DATA, AssetKind.MODELS)
_MOST_TAGS = 200
_LONGEST_KEY = 255
_SOME_PATH = "azureml://datastores/workspaceblobstore/paths/x"


def checked_document(kind: AssetKind, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document in a request, as its model writes it; a type that is not given is left open.

    Raises:
        LapisError: DocumentInvalid or NotSupported, with a problem for every fault.
    """
    given = {**cleaned(body), **{key: body[key] for key in ("name", "version") if body.get(key) is not None}}
    document = registry.parse(kind.singular, given).to_dict()
    if kind in _GUESSED and "type" not in given:
        document.pop("type", None)
    return document


def checked_changes(kind: AssetKind, document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes to a version as its model writes them; None stays None, other keys stay as they are.

    Raises:
        LapisError: DocumentInvalid for values of a wrong form.
    """
    wanted = {key: value for key, value in changes.items() if key in CHANGEABLE and value is not None}
    whole = {**cleaned(document), "name": document["name"], "version": document["version"], **wanted}
    if "path" in whole:
        whole["path"] = _SOME_PATH  # of a version that exists; the registry protocol keeps any text there
    parsed = registry.parse(kind.singular, whole).to_dict()
    return {**changes, **{key: parsed[key] for key in wanted if key in parsed}}


def tag_faults(given: Any, path: str = "tags") -> list[Problem]:
    """Say what is wrong with changes of tags: a mapping of keys to texts, or to None for a tag that goes."""
    if isinstance(given, Mapping) and len(given) <= _MOST_TAGS and all(_is_tag(*pair) for pair in given.items()):
        return []
    return [Problem(f"is no mapping of at most {_MOST_TAGS} texts to texts or null", path=path)]


def checked_tags(given: Mapping[str, Any]) -> dict[str, str | None]:
    """Return changes of tags.

    Raises:
        LapisError: DocumentInvalid.
    """
    problems = tag_faults(given)
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The change is not valid.", problems=problems)
    return dict(given)


def _is_tag(key: Any, value: Any) -> bool:
    return isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY and (value is None or isinstance(value, str))
