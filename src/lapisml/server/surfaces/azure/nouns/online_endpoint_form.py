"""Online endpoints: ARM's body ⇄ our document. Pure.

Form: https://learn.microsoft.com/rest/api/azureml/online-endpoints/create-or-update (`OnlineEndpoint`).
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
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.tables import mapping, read, texts, without_defaults

_TOP = {"tags": "tags", "properties": "properties", "identity": "identity", "location": "location"}
_PARTS = {
    "authMode": "auth_mode",
    "description": "description",
    "traffic": "traffic",
    "mirrorTraffic": "mirror_traffic",
    "compute": "compute",
    "publicNetworkAccess": "public_network_access",
    "properties": "properties",
}
_DEFAULTS = {"public_network_access": "enabled", "properties": {}, "tags": {}}
_ASIDE = ("id", "name", "type", "systemData", "kind", "sku")
_ASIDE_PROPERTIES = ("provisioningState", "scoringUri", "swaggerUri", "keys", "endpoint")


def document_of(body: Any, references: References, location: str) -> dict[str, Any]:
    """Make the document that a body means, without the name. A body gives all shares: without any, there are none.

    Args:
        location: the server's region, which everything has and no document names.

    Raises:
        LapisError: DocumentInvalid.
    """
    top = read(mapping(body, ""), _TOP, "", _ASIDE)
    given = read(mapping(top.get("properties"), "properties"), _PARTS, "properties", _ASIDE_PROPERTIES)
    made: dict[str, Any] = {"traffic": {}, "mirror_traffic": {}, **given}
    if top.get("location") not in (None, location):
        made["location"] = top["location"]
    if "tags" in top:
        made["tags"] = texts(top["tags"], "tags")
    if "properties" in given:
        made["properties"] = read_properties(given["properties"])
    if "compute" in given:
        made["compute"] = references.read(given["compute"], "compute")
    identity = read_identity(top.get("identity"))
    if identity is not None:
        made["identity"] = identity
    return without_defaults(made, _DEFAULTS)


def properties_of(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write the part of a body's `properties` that the document says.

    Args:
        document: with `traffic` and `mirror_traffic`.
    """
    made = {
        "authMode": auth_mode(document.get("auth_mode"), "key"),
        "description": document.get("description"),
        "properties": document.get("properties") or {},
        "traffic": document.get("traffic") or {},
        "mirrorTraffic": document.get("mirror_traffic") or {},
        "compute": references.write(document.get("compute"), "compute"),
        "publicNetworkAccess": str(document.get("public_network_access") or "enabled").capitalize(),
    }
    return {key: value for key, value in made.items() if value is not None}


def top_of(document: Mapping[str, Any], scope_id: str, name: str, location: str) -> dict[str, Any]:
    """Write what stands beside `properties`."""
    return {
        "location": document.get("location") or location,
        "tags": document.get("tags") or {},
        "identity": write_identity(document.get("identity"), scope_id, f"onlineEndpoints/{name}"),
    }
