"""Data assets: body of a version ⇄ document.

Source of the body: https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/data/versions
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.server.surfaces.azure.nouns.asset_keys import picked, shown
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope

_KEYS = {"dataType": "type", "dataUri": "path"}
_PASSED = frozenset({"referencedUris"})
"""``referencedUris`` repeats what the table's own MLTable file says."""


def document_of(properties: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Read a version's ``properties`` into a data document without name and version.

    Raises:
        LapisError: DocumentInvalid for keys that are not known.
    """
    document = picked(properties, _KEYS, _PASSED)
    if isinstance(document.get("path"), str):
        document["path"] = scope.own_uri(document["path"])
    return document


def properties_of(document: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Write a data document as a version's ``properties``."""
    properties = shown(document, _KEYS)
    if isinstance(document.get("path"), str):
        properties["dataUri"] = scope.shown_uri(document["path"])
    properties.setdefault("dataType", "uri_folder")
    return properties
