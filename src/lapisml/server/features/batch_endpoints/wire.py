"""The wire form of batch endpoints and deployments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.server.features.batch_endpoints.records import BatchDeployment, BatchEndpoint
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context


@with_config(ConfigDict(extra="allow"))
class BatchEndpointBody(TypedDict):
    """A batch endpoint: the keys of its document and what is known around them."""

    name: str
    id: str
    auth_mode: str
    defaults: dict[str, Any]
    tags: dict[str, str]
    properties: dict[str, str]
    scoring_uri: str
    openapi_uri: str
    provisioning_state: str
    provisioning_error: str | None
    creation_context: CreationContext
    description: NotRequired[str]


@with_config(ConfigDict(extra="allow"))
class BatchDeploymentBody(TypedDict):
    """A deployment: the keys of its document and what is known around them."""

    name: str
    endpoint_name: str
    id: str
    tags: dict[str, str]
    properties: dict[str, str]
    warnings: list[str]
    provisioning_state: str
    provisioning_error: str | None
    creation_context: CreationContext
    type: NotRequired[str]
    description: NotRequired[str]
    compute: NotRequired[str]


def endpoint_body(workspace: str, record: BatchEndpoint, address: str) -> BatchEndpointBody:
    """Make the record of an endpoint: the document's keys and what is known around them.

    Args:
        address: the server's own address.
    """
    path = f"{address}/api/v1/workspaces/{workspace}/batch-endpoints/{record.name}"
    document = record.document
    known: BatchEndpointBody = {
        "name": record.name,
        "id": arm_id(workspace, "batchEndpoints", record.name),
        "auth_mode": document.get("auth_mode") or "aad_token",
        "defaults": document.get("defaults") or {},
        "tags": document.get("tags") or {},
        "properties": document.get("properties") or {},
        "scoring_uri": f"{path}/jobs",
        "openapi_uri": f"{address}/openapi.json",
        "provisioning_state": "Succeeded",
        "provisioning_error": None,
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    return cast("BatchEndpointBody", {**document, **known})


def deployment_body(
    workspace: str, endpoint: str, record: BatchDeployment, warnings: Sequence[str] = ()
) -> BatchDeploymentBody:
    """Make the record of a deployment."""
    document = record.document
    known: BatchDeploymentBody = {
        "name": record.name,
        "endpoint_name": endpoint,
        "id": f"{arm_id(workspace, 'batchEndpoints', endpoint)}/deployments/{record.name}",
        "tags": document.get("tags") or {},
        "properties": document.get("properties") or {},
        "warnings": list(warnings),
        "provisioning_state": "Succeeded",
        "provisioning_error": None,
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    return cast("BatchDeploymentBody", {**document, **known})
