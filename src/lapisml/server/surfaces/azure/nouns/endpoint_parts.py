"""What endpoints and deployments of both kinds share in ARM's form. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import Problem
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.tables import invalid, mapping, read, texts

_AUTH = {"key": "Key", "aml_token": "AMLToken", "aad_token": "AADToken"}
_OURS = ("azureml.onlineendpointid", "createdBy", "createdAt", "lastModifiedAt")
"""Properties that the answers have and that clients send back."""


def auth_mode(word: str | None, default: str) -> str:
    """Give ARM's word for an `auth_mode`."""
    return _AUTH.get((word or default).lower(), word or default)


def read_properties(value: Any) -> dict[str, str | None]:
    """Read the user's properties, without those that only answers have."""
    given = texts(value, "properties.properties")
    return {key: inner for key, inner in given.items() if key not in _OURS and not key.startswith("lapis.")}


def read_identity(value: Any) -> dict[str, Any] | None:
    """Read an identity; the one that the server gives everything by itself counts as none.

    Raises:
        LapisError: DocumentInvalid.
    """
    table = {"type": "type", "userAssignedIdentities": "assigned"}
    found = read(mapping(value, "identity"), table, "identity", ("principalId", "tenantId"))
    assigned = mapping(found.get("assigned"), "identity.userAssignedIdentities")
    words = [word.strip().lower() for word in str(found.get("type") or "").split(",")]
    if not assigned and "userassigned" not in words:
        return {"type": "none"} if words == ["none"] else None
    identities = [{"resource_id": key, **_client(inner)} for key, inner in assigned.items()]
    return {"type": "user_assigned", "user_assigned_identities": identities}


def write_identity(document: Mapping[str, Any] | None, scope_id: str, name: str) -> dict[str, Any]:
    """Write an identity; everything has one of the system when the document names none."""
    given = document or {}
    if given.get("type") == "none":
        return {"type": "None"}
    if given.get("type") == "user_assigned":
        assigned = given.get("user_assigned_identities") or ()
        made = {str(one.get("resource_id") or one.get("client_id")): _written_client(one) for one in assigned}
        return {"type": "UserAssigned", "userAssignedIdentities": made}
    principal = uuid.uuid5(uuid.NAMESPACE_URL, f"{scope_id.lower()}/{name}")
    return {"type": "SystemAssigned", "principalId": str(principal), "tenantId": str(uuid.UUID(int=0))}


def read_code(value: Any, references: References) -> dict[str, Any]:
    """Read a `codeConfiguration`.

    Raises:
        LapisError: DocumentInvalid; NotFound for a code version that there is not.
    """
    path = "properties.codeConfiguration"
    found = read(mapping(value, path), {"codeId": "code", "scoringScript": "scoring_script"}, path)
    if "code" in found:
        if not isinstance(found["code"], str):
            raise invalid(Problem("it is not text", f"{path}.codeId", expected="the id of a code version"))
        found["code"] = references.read(found["code"], "code")
    return found


def write_code(document: Mapping[str, Any] | None, references: References) -> dict[str, Any] | None:
    """Write a `codeConfiguration`."""
    if not document:
        return None
    return {"codeId": references.write(document.get("code"), "code"), "scoringScript": document.get("scoring_script")}


def is_named(given: Any, environment: Mapping[str, Any], references: References) -> bool:
    """Say whether a reference is the one that an environment in place is written as."""
    return bool(given == references.read(references.write_environment(environment), "environment"))


def _client(value: Any) -> dict[str, Any]:
    given = value if isinstance(value, Mapping) else {}
    pairs = (("clientId", "client_id"), ("principalId", "object_id"))
    return {ours: given[theirs] for theirs, ours in pairs if given.get(theirs)}


def _written_client(given: Mapping[str, Any]) -> dict[str, Any]:
    pairs = (("clientId", "client_id"), ("principalId", "object_id"))
    return {theirs: given[ours] for theirs, ours in pairs if given.get(ours)}
