"""Documents from outside, checked against their models before anything is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.documents import registry
from lapisml.server.features.assets.contents import CHANGEABLE, cleaned
from lapisml.server.features.assets.records import AssetKind

_GUESSED = (AssetKind.DATA, AssetKind.MODELS)
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
