"""Deployments of online endpoints: which address does what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.features.endpoints.deployments import DeploymentView
from lapisml.server.features.endpoints.records import Provisioning
from lapisml.server.surfaces.azure.arm import (
    LOCATION,
    ArmAnswer,
    ArmCall,
    Operation,
    OperationReader,
    Routes,
    long_running,
    ok,
    paged,
    settled,
    system_data,
)
from lapisml.server.surfaces.azure.nouns.endpoint_parts import is_named
from lapisml.server.surfaces.azure.nouns.jobs.lookups import workspace_references
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.online_deployment_form import document_of, properties_of
from lapisml.server.surfaces.azure.nouns.tables import invalid, mapping, read, texts

if TYPE_CHECKING:
    from lapisml.server.surfaces.azure.services import AzureServices

KIND = "onlineEndpoints"
PUT, DELETE = "online-deployment-put", "online-deployment-delete"
_BELOW = f"{KIND}/*/deployments"
_PENDING = (Provisioning.CREATING, Provisioning.UPDATING)
_CONTAINERS = {"inferenceserver": "inference-server", "storageinitializer": "storage-initializer"}
_LINES = 1000
_MOST_REPLICAS = 1000


def routes(services: AzureServices) -> Routes:
    """Give the addresses of deployments."""
    noun = OnlineDeployments(services)
    return {
        ("GET", _BELOW): noun.list,
        ("GET", f"{_BELOW}/*"): noun.get,
        ("PUT", f"{_BELOW}/*"): noun.put,
        ("PATCH", f"{_BELOW}/*"): noun.patch,
        ("DELETE", f"{_BELOW}/*"): noun.delete,
        ("POST", f"{_BELOW}/*/getLogs"): noun.logs,
        ("GET", f"{_BELOW}/*/skus"): noun.skus,
    }


def operations(services: AzureServices) -> dict[str, OperationReader]:
    """Give what says how far creations and deletions are."""
    noun = OnlineDeployments(services)
    return {PUT: noun.putting, DELETE: noun.deleting}


class OnlineDeployments:
    """Does what requests ask of deployments of online endpoints."""

    def __init__(self, services: AzureServices) -> None:
        self._deployments = services.deployments
        self._logs = services.deployment_logs
        self._workspaces = services.workspaces
        self._services = services

    def list(self, call: ArmCall) -> ArmAnswer:
        """List an endpoint's deployments by name."""
        found = self._deployments.all_of(call.workspace, call.names[0])
        return paged(call, found, lambda view: deployment_body(call, view))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Read one."""
        return ok(deployment_body(call, self._deployments.get(call.workspace, *call.names)))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create one, or give it another document."""
        endpoint, name = call.names
        before = self._find(call, endpoint, name)
        document = self._document(call, before)
        view = self._deployments.create_or_update(call.workspace, endpoint, name, document, call.by)
        return self._answer(call, view, is_new=before is None)

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change tags and the number of replicas; nothing else of a deployment is changed this way."""
        view = self._deployments.get(call.workspace, *call.names)
        given = call.json_object()
        foreign = [key for key in given if key not in ("tags", "sku")]
        if foreign:
            raise invalid(Problem("it can't be patched", foreign[0], expected="tags or sku; else PUT the whole"))
        document = dict(view.record.document)
        tags = {**(document.get("tags") or {}), **texts(given.get("tags"), "tags")}
        document["tags"] = {key: value for key, value in tags.items() if value is not None}
        capacity = mapping(given.get("sku"), "sku").get("capacity")
        if capacity is not None:
            document["instance_count"] = capacity
        changed = self._deployments.create_or_update(
            call.workspace, view.endpoint.name, view.record.name, document, call.by
        )
        return self._answer(call, changed)

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Have one deleted once it has answered what it has; 204 when there is none."""
        view = self._find(call, *call.names)
        if view is None:
            return ArmAnswer(204)
        self._deployments.delete(call.workspace, *call.names)
        return long_running(call, DELETE, _words(call, view), None, status=202)

    def logs(self, call: ArmCall) -> ArmAnswer:
        """Give the last lines that a deployment's processes wrote."""
        table = {"containerType": "container", "tail": "lines"}
        given = read(call.json_object() if call.body is not None else {}, table, "")
        word = str(given.get("container") or "InferenceServer")
        container = _CONTAINERS.get(word.lower())
        if container is None:
            expected = "InferenceServer or StorageInitializer"
            raise invalid(Problem(f"`{word[:80]}` is not known here", "containerType", expected=expected))
        lines = given.get("lines", _LINES)
        if isinstance(lines, bool) or not isinstance(lines, int):
            raise invalid(Problem("it is no number of lines", "tail", expected="a whole number"))
        view = self._deployments.get(call.workspace, *call.names)
        revision = view.revision or view.serving
        content = self._logs.tail(call.workspace, revision, lines, container) if revision is not None else ""
        return ok({"content": content})

    def skus(self, call: ArmCall) -> ArmAnswer:
        """Say how many replicas a deployment may have."""
        self._deployments.get(call.workspace, *call.names)
        capacity = {"default": 1, "minimum": 1, "maximum": _MOST_REPLICAS, "scaleType": "Automatic"}
        kind = "Microsoft.MachineLearning.Services/endpoints/deployments"
        sku = {"resourceType": kind, "sku": {"name": "Default", "tier": "Standard"}, "capacity": capacity}
        return paged(call, [sku], lambda value: value)

    def putting(self, _call: ArmCall, words: tuple[str, ...]) -> Operation:
        """Say how far a creation or change is; it is over when the new revision answers."""
        view = self._deployments.get(self._workspaces.get(words[0]), words[1], words[2])
        state = view.record.state(view.revision)
        if str(view.record.id) != words[3] or state is Provisioning.DELETING:
            return Operation("Canceled", LapisError(ErrorCode.CONFLICT, f"Deployment '{words[2]}' is being deleted."))
        if state in _PENDING:
            return Operation("InProgress")
        if state is Provisioning.FAILED:
            sentence = f"Deployment '{words[2]}' failed: {view.error or 'it does not run.'}"
            return Operation("Failed", LapisError(ErrorCode.DEPLOYMENT_FAILED, sentence))
        return Operation("Succeeded")

    def deleting(self, _call: ArmCall, words: tuple[str, ...]) -> Operation:
        """Say how far a deletion is."""
        try:
            view = self._deployments.get(self._workspaces.get(words[0]), words[1], words[2])
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return Operation("Succeeded")
        return Operation("InProgress" if str(view.record.id) == words[3] else "Succeeded")

    def _document(self, call: ArmCall, before: DeploymentView | None) -> dict[str, Any]:
        """Read the body; an environment that stands in the present document has an id that means it."""
        references = workspace_references(self._services, call)
        document = document_of(call.json_object(), references)
        present = before.record.document.get("environment") if before is not None else None
        if isinstance(present, dict) and is_named(document.get("environment"), present, references):
            document["environment"] = present
        return document

    def _find(self, call: ArmCall, endpoint: str, name: str) -> DeploymentView | None:
        try:
            return self._deployments.get(call.workspace, endpoint, name)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return None

    def _answer(self, call: ArmCall, view: DeploymentView, *, is_new: bool = False) -> ArmAnswer:
        body = deployment_body(call, view)
        if view.record.state(view.revision) in _PENDING:
            return long_running(call, PUT, _words(call, view), body, status=201 if is_new else 200)
        return settled(call, body, is_new)


def deployment_body(call: ArmCall, view: DeploymentView) -> dict[str, Any]:
    """Write a deployment."""
    record = view.record
    properties = properties_of(record.document, References(call.scope_id))
    revision = record.serving or record.revision
    properties |= {
        "properties": {**properties["properties"], "lapis.revision": revision},
        "provisioningState": record.state(view.revision).value,
    }
    return call.resource(
        "workspaces/onlineEndpoints/deployments",
        (KIND, view.endpoint.name, "deployments", record.name),
        properties,
        location=LOCATION,
        kind=properties["endpointComputeType"],
        tags=record.document.get("tags") or {},
        sku={"name": "Default", "tier": "Standard", "capacity": _replicas(record.document)},
        systemData=system_data(record.created_by, record.created_at, record.updated_at),
    )


def _replicas(document: dict[str, Any]) -> int:
    return int(document.get("instance_count") or 1)


def _words(call: ArmCall, view: DeploymentView) -> tuple[str, str, str, str]:
    return call.workspace.name, view.endpoint.name, view.record.name, str(view.record.id)
