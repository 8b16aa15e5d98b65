"""Workspaces in the form of Azure's resource manager and back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from lapisml.server.features.identity.access_tokens import TENANT
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.features.workspaces.wire import workspace_body
from lapisml.server.platform.wire import RESOURCE_GROUP, SUBSCRIPTION_ID
from lapisml.server.surfaces.azure.arm import LOCATION, ArmCall, system_data
from lapisml.server.surfaces.azure.casing import camel, snake, without_none
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns.identity_form import read_identity, write_identity
from lapisml.server.surfaces.azure.routing import PROVIDER

Body = dict[str, Any]

SERVICES = ("storage_account", "key_vault", "application_insights", "container_registry")
"""Keys of ids of resources that a workspace has in Azure; here they are parts of the server."""

_PLAIN = {
    "description": "description",
    "friendlyName": "display_name",
    "hbiWorkspace": "hbi_workspace",
    "imageBuildCompute": "image_build_compute",
    "publicNetworkAccess": "public_network_access",
    "primaryUserAssignedIdentity": "primary_user_assigned_identity",
    "systemDatastoresAuthMode": "system_datastores_auth_mode",
    "enableDataIsolation": "enable_data_isolation",
    "allowRoleAssignmentOnRG": "allow_roleassignment_on_rg",
    "storageAccount": "storage_account",
    "keyVault": "key_vault",
    "applicationInsights": "application_insights",
    "containerRegistry": "container_registry",
}
_STRUCTURES = {
    "networkAcls": "network_acls",
    "serverlessComputeSettings": "serverless_compute",
    "featureStoreSettings": "feature_store_settings",
}
FEATURE_STORE = "FeatureStore"
"""A workspace of this kind has `feature_store_settings` in its document."""

STORE_SETTINGS: Body = {"compute_runtime": {"spark_runtime_version": "3.4.0"}}
"""Settings of a feature store whose maker gave none: the SDK's own."""

_IDS = uuid.UUID("2f9d2a34-55c7-5f2c-a1c1-3c9d6d1f9e11")


def workspace_changes(body: Body) -> Body:
    """Read what a body says of a workspace, without its name; absent keys stay absent.

    Raises:
        LapisError: NotSupported for hubs, projects and managed networks.
    """
    kind_of(body.get("kind"))
    given: Body = body.get("properties") or {}
    isolation = str((given.get("managedNetwork") or {}).get("isolationMode") or "Disabled")
    if isolation.lower() != "disabled":
        raise not_supported("Workspaces have no managed network: the server listens on one address.")
    found = {own: given.get(theirs) for theirs, own in _PLAIN.items()}
    found |= {own: snake(given[theirs]) for theirs, own in _STRUCTURES.items() if given.get(theirs)}
    if kind_of(body.get("kind")) == FEATURE_STORE:
        found["feature_store_settings"] = found.get("feature_store_settings") or STORE_SETTINGS
    found |= {"tags": body.get("tags"), "identity": read_identity(body.get("identity"))}
    return without_none(found)


def kind_of(kind: Any) -> str:
    """Read the kind of a workspace: ``Default`` or ``FeatureStore``.

    Raises:
        LapisError: NotSupported for kinds that there are not.
    """
    word = str(kind or "default").lower()
    if word == "featurestore":
        return FEATURE_STORE
    if word != "default":
        raise not_supported(f"There are no workspaces of kind {kind}: hubs and projects share nothing here.")
    return "Default"


def shown_kind(workspace: Workspace) -> str:
    """Give the kind of a workspace: one with settings of a feature store is such a store."""
    return FEATURE_STORE if workspace.document.get("feature_store_settings") else "Default"


def workspace_resource(call: ArmCall, workspace: Workspace, url: str) -> Body:
    """Write a body.

    Args:
        url: the server's own address, where MLflow's surface is.
    """
    shown: Mapping[str, Any] = workspace_body(workspace, url)
    document = workspace.document
    scope = f"/subscriptions/{call.subscription}/resourceGroups/{call.group}/providers/{PROVIDER}"
    properties = {theirs: document.get(own) for theirs, own in _PLAIN.items()}
    properties |= {theirs: camel(document[own]) for theirs, own in _STRUCTURES.items() if document.get(own)}
    properties |= {camel_name(key): service_id(call, shown[key]) for key in SERVICES}
    properties |= {
        "workspaceId": workspace_guid(workspace),
        "description": document.get("description") or "",
        "friendlyName": document.get("display_name") or workspace.name,
        "hbiWorkspace": bool(document.get("hbi_workspace")),
        "publicNetworkAccess": document.get("public_network_access") or "Enabled",
        "provisioningState": "Succeeded",
        "discoveryUrl": f"{call.url}/metadata/discovery",
        "mlFlowTrackingUri": shown["mlflow_tracking_uri"],
        "tenantId": TENANT,
        "v1LegacyMode": False,
        "managedNetwork": {"isolationMode": "Disabled"},
    }
    return {
        "id": f"{scope}/workspaces/{workspace.name}",
        "name": workspace.name,
        "type": f"{PROVIDER}/workspaces",
        "location": document.get("location") or LOCATION,
        "tags": document.get("tags") or {},
        "kind": shown_kind(workspace),
        "sku": {"name": "Basic", "tier": "Basic"},
        "identity": write_identity(document.get("identity"))
        or {"type": "SystemAssigned", "principalId": str(uuid.uuid5(_IDS, workspace.name)), "tenantId": TENANT},
        "systemData": system_data(
            workspace.created_by, workspace.created_at, workspace.updated_at, workspace.updated_by
        ),
        "properties": properties,
    }


def workspace_guid(workspace: Workspace) -> str:
    """Give the id that a workspace has beside its name: addresses of shared assets hold it."""
    return str(uuid.uuid5(_IDS, f"{workspace.id}:{workspace.name}"))


def camel_name(key: str) -> str:
    """Give the REST API's name of one of `SERVICES`."""
    return next(theirs for theirs, own in _PLAIN.items() if own == key)


def service_id(call: ArmCall, found: str) -> str:
    """Write an id of the server's own within the subscription and group that the client speaks of."""
    own = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}/"
    theirs = f"/subscriptions/{call.subscription}/resourceGroups/{call.group}/"
    return theirs + found.removeprefix(own) if found.startswith(own) else found
