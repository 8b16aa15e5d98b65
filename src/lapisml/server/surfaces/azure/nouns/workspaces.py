"""Workspaces, and the templates by which the SDK creates them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.features.workspaces.wire import workspace_body
from lapisml.server.surfaces.azure.arm import (
    LOCATION,
    ArmAnswer,
    ArmCall,
    Routes,
    arm_time,
    created,
    ok,
    paged,
)
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns.feature_store_form import store_connections, store_identity, store_settings
from lapisml.server.surfaces.azure.nouns.workspace_form import (
    SERVICES,
    service_id,
    shown_kind,
    workspace_changes,
    workspace_resource,
)
from lapisml.server.surfaces.azure.routing import PROVIDER
from lapisml.server.surfaces.azure.services import AzureServices

_DEPLOYMENTS = "GROUP:providers/Microsoft.Resources/deployments"


class Workspaces:
    """The handlers."""

    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._workspaces = services.workspaces

    def list(self, call: ArmCall) -> ArmAnswer:
        """Answer one page of all workspaces, or of those of some kinds."""
        wanted = {word.strip().lower() for word in call.query.get("kind", "").split(",")} - {""}
        found = [each for each in self._workspaces.list() if not wanted or shown_kind(each).lower() in wanted]
        return paged(call, found, lambda workspace: self._body(call, workspace))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Answer one workspace."""
        return ok(self._body(call, self._workspaces.get(call.workspace_name)))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create or replace one."""
        known = {workspace.name: workspace for workspace in self._workspaces.list()}
        document = {**self._changes(call, known.get(call.workspace_name)), "name": call.workspace_name}
        location = call.json_object().get("location")
        if location:
            document["location"] = location
        workspace, is_new = self._workspaces.create_or_update(call.workspace_name, document, call.by)
        return created(self._body(call, workspace), is_new)

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change what a body says."""
        workspace = self._workspaces.get(call.workspace_name)
        changes = self._changes(call, workspace)
        return ok(self._body(call, self._workspaces.update(workspace.name, changes, call.by)))

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Delete one: what holds something only when the client asks to purge it.

        Raises:
            LapisError: Conflict.
        """
        force = call.query.flag("forceToPurge")
        try:
            self._workspaces.delete(call.workspace_name, force)
        except LapisError as error:
            if error.code is not ErrorCode.CONFLICT or force:
                raise
            hint = "To delete it with everything in it, say so: begin_delete(…, permanently_delete=True)."
            raise LapisError(error.code, error.message, hint) from error
        return ArmAnswer(200)

    def keys(self, call: ArmCall) -> ArmAnswer:
        """Answer the keys of a workspace's resources: there are none, datastores hand out signatures."""
        body: Mapping[str, Any] = workspace_body(call.workspace, self._services.url)
        storage = service_id(call, body["storage_account"])
        names = (
            "userStorageKey",
            "appInsightsInstrumentationKey",
            "containerRegistryCredentials",
            "notebookAccessKeys",
        )
        return ok({**dict.fromkeys(names), "userStorageArmId": storage, "userStorageResourceId": storage})

    def diagnose(self, call: ArmCall) -> ArmAnswer:
        """Answer what is wrong with a workspace's surroundings: there are none that could be."""
        topics = (
            "userDefinedRouteResults",
            "networkSecurityRuleResults",
            "resourceLockResults",
            "dnsResolutionResults",
            "storageAccountResults",
            "keyVaultResults",
            "containerRegistryResults",
            "applicationInsightsResults",
            "otherResults",
        )
        self._workspaces.get(call.workspace_name)
        return ok({"value": {topic: [] for topic in topics}})

    def deploy(self, call: ArmCall) -> ArmAnswer:
        """Create the workspace that the SDK's own template describes.

        Raises:
            LapisError: NotSupported for any other template.
        """
        asked = call.properties()
        parameters = {name: each.get("value") for name, each in (asked.get("parameters") or {}).items()}
        name = parameters.get("workspaceName")
        if not isinstance(name, str) or not name:
            raise not_supported(
                "Templates are not run here, except the one by which azure-ai-ml creates a workspace.",
                "Create things with lapis, azure-ai-ml or their own REST addresses.",
            )
        workspace, _ = self._workspaces.create_or_update(name, _document_of(name, parameters), call.by)
        for connection, document in store_connections(parameters):
            self._services.connections.create_or_update(workspace, connection, document, call.by)
        return created(self._deployment(call, workspace))

    def service(self, call: ArmCall) -> ArmAnswer:
        """Answer a resource that belongs to a workspace in Azure, and is a part of this server.

        Raises:
            LapisError: NotFound.
        """
        identifier = self._service_id(call)
        name = identifier.rsplit("/", 1)[-1]
        return ok(
            {"id": identifier, "name": name, "type": "/".join(call.names[:2]), "location": LOCATION, "properties": {}}
        )

    def delete_service(self, call: ArmCall) -> ArmAnswer:
        """Take note that such a resource may go: it goes with its workspace."""
        self._service_id(call)
        return ArmAnswer(200)

    def _changes(self, call: ArmCall, workspace: Workspace | None) -> dict[str, Any]:
        """Read the body, without the ids that the client was told by us and sends back."""
        changes = workspace_changes(call.json_object())
        if workspace is None:
            return changes
        own: Mapping[str, Any] = workspace_body(workspace, self._services.url)
        told = {key: service_id(call, str(own[key])) for key in SERVICES}
        return {key: value for key, value in changes.items() if told.get(key) != value}

    def _service_id(self, call: ArmCall) -> str:
        wanted = f"{call.scope_id}/providers/{'/'.join(call.names)}".lower()
        for workspace in self._workspaces.list():
            body: Mapping[str, Any] = workspace_body(workspace, self._services.url)
            for key in SERVICES:
                if service_id(call, str(body[key])).lower() == wanted:
                    return service_id(call, str(body[key]))
        kind, name = "/".join(call.names[:2]), call.names[2]
        sentence = f"The Resource '{kind}/{name}' under resource group '{call.group}' was not found."
        raise LapisError(ErrorCode.NOT_FOUND, sentence)

    def _body(self, call: ArmCall, workspace: Workspace) -> dict[str, Any]:
        return workspace_resource(call, workspace, self._services.url)

    def _deployment(self, call: ArmCall, workspace: Workspace) -> dict[str, Any]:
        properties = {
            "provisioningState": "Succeeded",
            "mode": "Incremental",
            "timestamp": arm_time(workspace.updated_at),
            "duration": "PT0S",
            "outputResources": [{"id": self._body(call, workspace)["id"]}],
        }
        name = call.names[0]
        return {
            "id": call.id("providers", "Microsoft.Resources", "deployments", name),
            "name": name,
            "type": "Microsoft.Resources/deployments",
            "properties": properties,
        }


def _document_of(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Make a document of the parameters of the SDK's template."""
    network = (parameters.get("managedNetwork") or {}) if isinstance(parameters.get("managedNetwork"), dict) else {}
    body = {
        "kind": parameters.get("kind"),
        "tags": parameters.get("tagValues") or None,
        "identity": store_identity(parameters) or parameters.get("identity"),
        "properties": {
            "description": parameters.get("description"),
            "friendlyName": parameters.get("friendlyName"),
            "hbiWorkspace": str(parameters.get("confidential_data")).lower() == "true" or None,
            "imageBuildCompute": parameters.get("imageBuildCompute") or None,
            "publicNetworkAccess": parameters.get("publicNetworkAccess") or None,
            "primaryUserAssignedIdentity": parameters.get("primaryUserAssignedIdentity") or None,
            "enableDataIsolation": str(parameters.get("enable_data_isolation")).lower() == "true" or None,
            "serverlessComputeSettings": parameters.get("serverless_compute_settings") or None,
            "managedNetwork": network,
            "featureStoreSettings": store_settings(parameters),
        },
    }
    document = {**workspace_changes(body), "name": name}
    return {**document, "location": parameters["location"]} if parameters.get("location") else document


def _operations(_call: ArmCall) -> ArmAnswer:
    """Answer the steps of a deployment; it had none that took time."""
    return ok({"value": []})


def routes(services: AzureServices) -> Routes:
    """Make the routes."""
    workspaces = Workspaces(services)
    return {
        ("GET", f"SUB:providers/{PROVIDER}/workspaces"): workspaces.list,
        ("GET", f"GROUP:providers/{PROVIDER}/workspaces"): workspaces.list,
        ("GET", "WS:"): workspaces.get,
        ("PUT", "WS:"): workspaces.put,
        ("PATCH", "WS:"): workspaces.patch,
        ("DELETE", "WS:"): workspaces.delete,
        ("POST", "listKeys"): workspaces.keys,
        ("POST", "resyncKeys"): lambda _call: ArmAnswer(200),
        ("POST", "diagnose"): workspaces.diagnose,
        ("PUT", f"{_DEPLOYMENTS}/*"): workspaces.deploy,
        ("GET", f"{_DEPLOYMENTS}/*/operations"): _operations,
        ("GET", "GROUP:deployments/*/operations"): _operations,  # the SDK asks at this older address
        ("GET", "GROUP:providers/*/*/*"): workspaces.service,
        ("DELETE", "GROUP:providers/*/*/*"): workspaces.delete_service,
    }
