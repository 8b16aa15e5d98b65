"""What the SDK's template says of a feature store beyond what it says of every workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.server.surfaces.azure.casing import without_none

Body = dict[str, Any]

_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_STORAGE = "Microsoft.Storage/storageAccounts"


def store_settings(parameters: Mapping[str, Any]) -> Body | None:
    """Give ``featureStoreSettings``; None where the template makes no feature store."""
    if not _is_store(parameters):
        return None
    version = parameters.get("spark_runtime_version")
    settings = {
        "computeRuntime": {"sparkRuntimeVersion": version} if version else None,
        "offlineStoreConnectionName": parameters.get("offline_store_connection_name") or None,
        "onlineStoreConnectionName": parameters.get("online_store_connection_name") or None,
    }
    return without_none(settings)


def store_identity(parameters: Mapping[str, Any]) -> Body | None:
    """Give ``identity`` with the one that would materialize; None where the template names none."""
    found = _identity_id(parameters) if _is_store(parameters) else None
    return {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {found: {}}} if found else None


def store_connections(parameters: Mapping[str, Any]) -> list[tuple[str, Body]]:
    """Give the connections to the offline and the online store: (name, document)."""
    if not _is_store(parameters):
        return []
    account, container = (parameters.get(f"offline_store_{word}_name") for word in ("storage_account", "container"))
    folder = _id(parameters, "offline_store", f"{_STORAGE}/{account}/blobServices/default/containers/{container}")
    given = (
        ("offline", "azure_data_lake_gen2", folder if account and container else None),
        ("online", "redis", parameters.get("online_store_resource_id")),
    )
    credentials = without_none({"type": "managed_identity", "resource_id": _identity_id(parameters)})
    return [
        (str(name), {"type": of_type, "target": target, "credentials": credentials})
        for word, of_type, target in given
        if (name := parameters.get(f"{word}_store_connection_name")) and target
    ]


def _is_store(parameters: Mapping[str, Any]) -> bool:
    return str(parameters.get("kind")).lower() == "featurestore"


def _identity_id(parameters: Mapping[str, Any]) -> str | None:
    name = parameters.get("materialization_identity_name")
    if not name or parameters.get("materializationIdentityOption") == "none":
        return None
    return _id(parameters, "materialization_identity", f"{_IDENTITY}/{name}")


def _id(parameters: Mapping[str, Any], of: str, rest: str) -> str:
    subscription, group = parameters.get(f"{of}_subscription_id"), parameters.get(f"{of}_resource_group_name")
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{rest}"
