"""The wire form of batch endpoints and deployments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lapisml.server.features.batch_endpoints.records import BatchDeployment, BatchEndpoint
from lapisml.server.platform.wire import arm_id, creation_context


def endpoint_body(workspace: str, record: BatchEndpoint, address: str) -> dict[str, Any]:
    """Make the record of an endpoint: the document's keys and what is known around them.

    Args:
        address: the server's own address.
    """
    path = f"{address}/api/v1/workspaces/{workspace}/batch-endpoints/{record.name}"
    document = record.document
    return {
        **document,
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


def deployment_body(
    workspace: str, endpoint: str, record: BatchDeployment, warnings: Sequence[str] = ()
) -> dict[str, Any]:
    """Make the record of a deployment."""
    document = record.document
    return {
        **document,
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
