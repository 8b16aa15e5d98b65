"""A workspace in the shape that ``az ml workspace show`` prints."""

from __future__ import annotations

import hashlib
from typing import Any, NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.server.features.workspaces.store import Workspace
from lapisml.server.platform.wire import (
    LOCATION,
    RESOURCE_GROUP,
    SUBSCRIPTION_ID,
    CreationContext,
    creation_context,
    studio_address,
    workspace_arm_id,
)


@with_config(ConfigDict(extra="allow"))
class WorkspaceBody(TypedDict):
    """A workspace: the keys of its document and what is known around them."""

    name: str
    id: str
    display_name: NotRequired[str]
    description: NotRequired[str]
    tags: NotRequired[dict[str, str]]
    location: str
    resource_group: str
    mlflow_tracking_uri: str
    discovery_url: str
    studio_url: str
    provisioning_state: str
    creation_context: CreationContext


def workspace_body(workspace: Workspace, url: str) -> WorkspaceBody:
    """Describe a workspace.

    Args:
        url: the server's address, without a slash at its end.
    """
    document = workspace.document
    group = document.get("resource_group", RESOURCE_GROUP)
    services = {kind: document.get(kind) or _service_id(kind, workspace.name) for kind in _SERVICES}
    usual: dict[str, Any] = {
        "display_name": workspace.name,
        "description": "",
        "tags": {},
        "hbi_workspace": False,
        "public_network_access": "Enabled",
        "enable_data_isolation": False,
    }
    known: WorkspaceBody = {
        "name": workspace.name,
        "id": workspace_arm_id(workspace.name),
        "location": document.get("location", LOCATION),
        "resource_group": group,
        "mlflow_tracking_uri": f"{url}/mlflow/{workspace.name}",
        "discovery_url": f"{url}/discovery",
        "studio_url": studio_address(url, workspace.name),
        "provisioning_state": "Succeeded",
        "creation_context": creation_context(
            workspace.created_by, workspace.created_at, workspace.updated_at, workspace.updated_by
        ),
    }
    return cast("WorkspaceBody", {**usual, **document, **services, **known})


_SERVICES = {
    "storage_account": "Microsoft.Storage/storageAccounts",
    "key_vault": "Microsoft.KeyVault/vaults",
    "application_insights": "Microsoft.Insights/components",
    "container_registry": "Microsoft.ContainerRegistry/registries",
}


def _service_id(kind: str, workspace: str) -> str:
    """Give an ARM id for a service that is part of this server: scripts cut its last word out."""
    word = (
        "".join(c for c in workspace.lower() if c.isalnum())[:12] + hashlib.sha256(workspace.encode()).hexdigest()[:8]
    )
    return f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}/providers/{_SERVICES[kind]}/{word}"
