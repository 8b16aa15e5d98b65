"""The wire form of endpoints, deployments and traced requests."""

from __future__ import annotations

from typing import Any

from lapisml.server.features.endpoints.deployments import DeploymentView
from lapisml.server.features.endpoints.parts import endpoint_warnings
from lapisml.server.features.endpoints.records import EndpointRecord, Revision
from lapisml.server.platform.wire import arm_id, creation_context, timestamp

KIND = "onlineEndpoints"


def endpoint_body(workspace: str, record: EndpointRecord) -> dict[str, Any]:
    """Make the record of an endpoint: the document's keys and what is known around them."""
    base = f"{record.url}/{workspace}/{record.name}" if record.url else None
    return {
        **record.document,
        "name": record.name,
        "auth_mode": record.auth_mode,
        "id": arm_id(workspace, KIND, record.name),
        "tags": record.document.get("tags") or {},
        "properties": record.document.get("properties") or {},
        "traffic": record.traffic,
        "mirror_traffic": record.mirror,
        "scoring_uri": f"{base}/score" if base else None,
        "openapi_uri": f"{base}/swagger.json" if base else None,
        "provisioning_state": record.state.value,
        "provisioning_error": record.error,
        "warnings": endpoint_warnings(record.document),
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }


def deployment_body(workspace: str, view: DeploymentView) -> dict[str, Any]:
    """Make the record of a deployment: the document's keys and what is known around them."""
    record, running = view.record, view.running
    ready = sum(replica.ready for replica in running.replicas) if running is not None else 0
    return {
        **record.document,
        "name": record.name,
        "endpoint_name": view.endpoint.name,
        "id": f"{arm_id(workspace, KIND, view.endpoint.name)}/deployments/{record.name}",
        "tags": record.document.get("tags") or {},
        "properties": {**(record.document.get("properties") or {}), **_properties(view)},
        "provisioning_state": record.state(view.revision).value,
        "provisioning_error": view.error if not record.deleting else None,
        "provisioning_reason": view.waits_for,
        "replicas": {"ready": ready, "wanted": running.wanted if running is not None else 0},
        "warnings": record.warnings,
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }


def prediction_body(request_id: str, revision: Revision) -> dict[str, Any]:
    """Make the record of what answered a request."""
    return {
        "request_id": request_id,
        "endpoint": revision.endpoint,
        "deployment": revision.deployment,
        "revision": revision.id,
        "model": revision.model,
        "job": revision.model_job,
        "deployed_at": timestamp(revision.ready_at or revision.created_at),
    }


def _properties(view: DeploymentView) -> dict[str, str]:
    """Give what Lapis knows of a deployment, as text."""
    found: dict[str, Any] = {"lapis.revision": view.record.serving or view.record.revision}
    revision = view.serving or view.revision
    if revision is not None and revision.model is not None:
        found |= {"lapis.model": revision.model, "lapis.model_job": revision.model_job}
    if view.record.revision != found["lapis.revision"]:
        found["lapis.next_revision"] = view.record.revision
    if view.running is not None:
        acceleration = dict(view.running.acceleration)
        found["lapis.acceleration"] = acceleration.pop("state", "off")
        found |= {f"lapis.acceleration.{key}": value for key, value in acceleration.items()}
        found["lapis.state"] = view.running.state
        found["lapis.restarts"] = sum(replica.restarts for replica in view.running.replicas)
    return {key: str(value) for key, value in found.items() if value not in (None, "")}
