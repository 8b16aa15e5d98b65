"""Batch endpoints and the jobs of their invocations: ARM's body ⇄ our document. Pure.

Form: https://learn.microsoft.com/rest/api/azureml/batch-endpoints/create-or-update (`BatchEndpoint`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.server.surfaces.azure.nouns.endpoint_parts import (
    auth_mode,
    read_identity,
    read_properties,
    write_identity,
)
from lapisml.server.surfaces.azure.nouns.tables import mapping, read, texts

_TOP = {"tags": "tags", "properties": "properties", "identity": "identity", "location": "location"}
_PARTS = {
    "authMode": "auth_mode",
    "description": "description",
    "defaults": "defaults",
    "properties": "properties",
}
_ASIDE = ("id", "name", "type", "systemData", "kind", "sku")
_ASIDE_PROPERTIES = ("provisioningState", "scoringUri", "swaggerUri", "keys")


def document_of(body: Any, location: str) -> dict[str, Any]:
    """Make the document that a body means, without the name.

    Args:
        location: the server's region, which everything has and no document names.

    Raises:
        LapisError: DocumentInvalid.
    """
    top = read(mapping(body, ""), _TOP, "", _ASIDE)
    made = read(mapping(top.get("properties"), "properties"), _PARTS, "properties", _ASIDE_PROPERTIES)
    if "properties" in made:
        made["properties"] = read_properties(made["properties"])
    if "defaults" in made:
        path = "properties.defaults"
        made["defaults"] = read(mapping(made["defaults"], path), {"deploymentName": "deployment_name"}, path)
    if top.get("location") not in (None, location):
        made["location"] = top["location"]
    if "tags" in top:
        made["tags"] = texts(top["tags"], "tags")
    identity = read_identity(top.get("identity"))
    return {**made, "identity": identity} if identity is not None else made


def properties_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Write the part of a body's `properties` that the document says."""
    default = (document.get("defaults") or {}).get("deployment_name")
    made = {
        "authMode": auth_mode(document.get("auth_mode"), "aad_token"),
        "description": document.get("description"),
        "properties": document.get("properties") or {},
        "defaults": {"deploymentName": default},
    }
    return {key: value for key, value in made.items() if value is not None}


def top_of(document: Mapping[str, Any], scope_id: str, name: str, location: str) -> dict[str, Any]:
    """Write what stands beside `properties`."""
    return {
        "location": document.get("location") or location,
        "tags": document.get("tags") or {},
        "identity": write_identity(document.get("identity"), scope_id, f"batchEndpoints/{name}"),
    }
