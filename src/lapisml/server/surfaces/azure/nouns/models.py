"""Registered models: body of a version ⇄ document.

Source of the body: https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/models/versions
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.server.surfaces.azure.nouns.asset_keys import picked, shown
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope

_KEYS = {
    "modelType": "type",
    "modelUri": "path",
    "stage": "stage",
    "defaultDeploymentTemplate": "default_deployment_template",
    "allowedDeploymentTemplates": "allowed_deployment_templates",
}
_PASSED = frozenset({"flavors", "jobName"})


def document_of(properties: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Read a version's ``properties`` into a model document without name and version.

    Raises:
        LapisError: DocumentInvalid for keys that are not known.
    """
    document = picked(properties, _KEYS, _PASSED)
    if isinstance(document.get("path"), str):
        document["path"] = scope.own_uri(document["path"])
    flavors = properties.get("flavors")
    if isinstance(flavors, dict) and flavors:
        document["flavors"] = {name: _data(flavor) for name, flavor in flavors.items()}
    return document


def properties_of(document: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Write a model document as a version's ``properties``; ``flavors`` is always there, since the client needs it."""
    properties = shown(document, _KEYS)
    if isinstance(document.get("path"), str):
        properties["modelUri"] = scope.shown_uri(document["path"])
    flavors = document.get("flavors") or {}
    properties["flavors"] = {name: {"data": flavor} for name, flavor in flavors.items()}
    properties.setdefault("modelType", "custom_model")
    return properties


def _data(flavor: Any) -> Any:
    """Return the settings of a flavour, which stand below ``data``."""
    return flavor.get("data") or {} if isinstance(flavor, dict) and set(flavor) <= {"data"} else flavor
