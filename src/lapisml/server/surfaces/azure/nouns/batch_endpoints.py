"""Batch endpoints and their deployments: which address does what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.features.batch_endpoints.records import BatchDeployment, BatchEndpoint
from lapisml.server.surfaces.azure.arm import (
    LOCATION,
    ArmAnswer,
    ArmCall,
    Routes,
    created,
    ok,
    paged,
    settled,
    system_data,
)
from lapisml.server.surfaces.azure.nouns import batch_deployment_form, batch_endpoint_form
from lapisml.server.surfaces.azure.nouns.batch_jobs import scoring_path
from lapisml.server.surfaces.azure.nouns.endpoint_parts import is_named
from lapisml.server.surfaces.azure.nouns.jobs.lookups import workspace_references
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.tables import invalid, texts

if TYPE_CHECKING:
    from lapisml.server.surfaces.azure.services import AzureServices

KIND = "batchEndpoints"
_BELOW = f"{KIND}/*/deployments"
_ALL = 100_000


def routes(services: AzureServices) -> Routes:
    """Give the addresses of batch endpoints and their deployments."""
    noun = BatchEndpoints(services)
    return {
        ("GET", KIND): noun.list,
        ("GET", f"{KIND}/*"): noun.get,
        ("PUT", f"{KIND}/*"): noun.put,
        ("PATCH", f"{KIND}/*"): noun.patch,
        ("DELETE", f"{KIND}/*"): noun.delete,
        ("POST", f"{KIND}/*/listkeys"): noun.keys,
        ("GET", _BELOW): noun.list_deployments,
        ("GET", f"{_BELOW}/*"): noun.get_deployment,
        ("PUT", f"{_BELOW}/*"): noun.put_deployment,
        ("PATCH", f"{_BELOW}/*"): noun.patch_deployment,
        ("DELETE", f"{_BELOW}/*"): noun.delete_deployment,
    }


class BatchEndpoints:
    """Does what requests ask of batch endpoints and their deployments."""

    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._endpoints = services.batch_endpoints

    def list(self, call: ArmCall) -> ArmAnswer:
        """List them by name."""
        found = self._endpoints.find(call.workspace, limit=_ALL)
        return paged(call, found, lambda record: endpoint_body(call, record))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Read one."""
        return ok(endpoint_body(call, self._endpoints.get(call.workspace, call.names[0])))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create one, or give it another document."""
        before = self._find(call)
        document = batch_endpoint_form.document_of(call.json_object(), LOCATION)
        record = self._endpoints.put(call.workspace, call.names[0], document, call.by)
        return created(endpoint_body(call, record), before is None)

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change tags; nothing else is changed this way."""
        record = self._endpoints.get(call.workspace, call.names[0])
        document = {**record.document, "tags": _patched_tags(call, record.document)}
        return ok(endpoint_body(call, self._endpoints.put(call.workspace, record.name, document, call.by)))

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Delete one with its deployments; 204 when there is none."""
        if self._find(call) is None:
            return ArmAnswer(204)
        self._endpoints.delete(call.workspace, call.names[0])
        return ArmAnswer(200)

    def keys(self, call: ArmCall) -> ArmAnswer:
        """Refuse: batch endpoints are invoked with tokens.

        Raises:
            LapisError: NotFound without the endpoint; Conflict.
        """
        self._endpoints.get(call.workspace, call.names[0])
        sentence = f"Batch endpoint '{call.names[0]}' has no keys: it is invoked with the token of the workspace."
        raise LapisError(ErrorCode.CONFLICT, sentence)

    def list_deployments(self, call: ArmCall) -> ArmAnswer:
        """List an endpoint's deployments by name."""
        found = self._endpoints.deployments(call.workspace, call.names[0], limit=_ALL)
        return paged(call, found, lambda record: deployment_body(call, call.names[0], record))

    def get_deployment(self, call: ArmCall) -> ArmAnswer:
        """Read one deployment."""
        record = self._endpoints.deployment(call.workspace, *call.names)
        return ok(deployment_body(call, call.names[0], record))

    def put_deployment(self, call: ArmCall) -> ArmAnswer:
        """Create a deployment, or give it another document."""
        endpoint, name = call.names
        before = self._find_deployment(call)
        references = workspace_references(self._services, call)
        document = batch_deployment_form.document_of(call.json_object(), references)
        present = before.document.get("environment") if before is not None else None
        if isinstance(present, dict) and is_named(document.get("environment"), present, references):
            document["environment"] = present
        record, _ = self._endpoints.put_deployment(call.workspace, endpoint, name, _of(document, endpoint), call.by)
        return settled(call, deployment_body(call, endpoint, record), before is None)

    def patch_deployment(self, call: ArmCall) -> ArmAnswer:
        """Change a deployment's tags; nothing else is changed this way."""
        endpoint, name = call.names
        present = self._endpoints.deployment(call.workspace, endpoint, name)
        document = {**present.document, "tags": _patched_tags(call, present.document)}
        record, _ = self._endpoints.put_deployment(call.workspace, endpoint, name, document, call.by)
        return ok(deployment_body(call, endpoint, record))

    def delete_deployment(self, call: ArmCall) -> ArmAnswer:
        """Delete a deployment; 204 when there is none."""
        if self._find_deployment(call) is None:
            return ArmAnswer(204)
        self._endpoints.delete_deployment(call.workspace, *call.names)
        return ArmAnswer(200)

    def _find(self, call: ArmCall) -> BatchEndpoint | None:
        try:
            return self._endpoints.get(call.workspace, call.names[0])
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return None

    def _find_deployment(self, call: ArmCall) -> BatchDeployment | None:
        try:
            return self._endpoints.deployment(call.workspace, *call.names)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return None


def endpoint_body(call: ArmCall, record: BatchEndpoint) -> dict[str, Any]:
    """Write an endpoint."""
    properties = batch_endpoint_form.properties_of(record.document) | {
        "provisioningState": "Succeeded",
        "scoringUri": f"{call.url}{scoring_path(call, record.name)}",
        "swaggerUri": f"{call.url}/openapi.json",
    }
    return call.resource(
        "workspaces/batchEndpoints",
        (KIND, record.name),
        properties,
        systemData=system_data(record.created_by, record.created_at, record.updated_at),
        **batch_endpoint_form.top_of(record.document, call.scope_id, record.name, LOCATION),
    )


def deployment_body(call: ArmCall, endpoint: str, record: BatchDeployment) -> dict[str, Any]:
    """Write a deployment."""
    properties = batch_deployment_form.properties_of(record.document, References(call.scope_id))
    return call.resource(
        "workspaces/batchEndpoints/deployments",
        (KIND, endpoint, "deployments", record.name),
        properties | {"provisioningState": "Succeeded"},
        location=LOCATION,
        tags=record.document.get("tags") or {},
        systemData=system_data(record.created_by, record.created_at, record.updated_at),
    )


def _of(document: dict[str, Any], endpoint: str) -> dict[str, Any]:
    return {**document, "endpoint_name": endpoint}


def _patched_tags(call: ArmCall, document: dict[str, Any]) -> dict[str, str]:
    """Give the tags that a PATCH leaves; one set to null goes.

    Raises:
        LapisError: DocumentInvalid when it is to change anything else.
    """
    given = call.json_object()
    foreign = [key for key in given if key != "tags"]
    if foreign:
        raise invalid(Problem("it can't be patched", foreign[0], expected="tags; else PUT the whole"))
    tags = {**(document.get("tags") or {}), **texts(given.get("tags"), "tags")}
    return {key: value for key, value in tags.items() if value is not None}
