"""A registry in the shape that ``az ml registry show`` prints."""

from __future__ import annotations

from typing import Any

from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.wire import LOCATION, RESOURCE_GROUP, SUBSCRIPTION_ID, creation_context


def registry_body(place: Workspace, url: str) -> dict[str, Any]:
    """Describe a registry.

    Args:
        url: the server's address, without a slash at its end.
    """
    name, group = place.registry, f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}"
    location = place.document.get("location", LOCATION)
    return {
        "description": "",
        "tags": {},
        "public_network_access": "Enabled",
        "replication_locations": [{"location": location}],
        "managed_resource_group": group,
        **place.document,
        "name": name,
        "id": f"{group}/providers/Microsoft.MachineLearningServices/registries/{name}",
        "location": location,
        "resource_group": RESOURCE_GROUP,
        "discovery_url": f"{url}/discovery",
        "creation_context": creation_context(place.created_by, place.created_at, place.updated_at, place.updated_by),
    }
