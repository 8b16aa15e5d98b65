"""Managed identities in the REST API's form and back; they are kept and shown, nothing here acts in their name."""

from __future__ import annotations

from typing import Any

from lapisml.server.surfaces.azure.casing import snake_key

_WORDS = {
    "system_assigned": "SystemAssigned",
    "user_assigned": "UserAssigned",
    "system_assigned,user_assigned": "SystemAssigned,UserAssigned",
    "none": "None",
}


def read_identity(body: Any) -> dict[str, Any] | None:
    """Read ``identity`` of a body."""
    if not isinstance(body, dict) or not body.get("type"):
        return None
    word = ",".join(snake_key(part.strip()) for part in str(body["type"]).split(","))
    given = body.get("userAssignedIdentities") or {}
    assigned = [{"resource_id": resource_id} for resource_id, facts in given.items() if facts is not None]
    return {"type": word, **({"user_assigned_identities": assigned} if assigned else {})}


def write_identity(document: Any) -> dict[str, Any] | None:
    """Write `identity` of a document."""
    if not isinstance(document, dict) or not document.get("type"):
        return None
    word = str(document["type"])
    assigned = document.get("user_assigned_identities") or []
    found: dict[str, Any] = {"type": _WORDS.get(word, word)}
    if isinstance(assigned, list) and assigned:
        found["userAssignedIdentities"] = {
            str(each["resource_id"]): {"principalId": each.get("principal_id"), "clientId": each.get("client_id")}
            for each in assigned
            if isinstance(each, dict) and each.get("resource_id")
        }
    return found
