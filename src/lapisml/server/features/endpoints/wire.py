"""The wire form of endpoints, deployments and traced requests."""

from __future__ import annotations

from typing import Any, NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.ports.serving import RevisionRecord
from lapisml.server.features.endpoints.deployments import DeploymentView
from lapisml.server.features.endpoints.parts import endpoint_warnings
from lapisml.server.features.endpoints.records import EndpointRecord, Revision
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context, timestamp

KIND = "onlineEndpoints"


@with_config(ConfigDict(extra="allow"))
class OnlineEndpointBody(TypedDict):
    """An endpoint: the keys of its document and what is known around them.

    Attributes:
        traffic, mirror_traffic: deployment → percent.
        scoring_uri, openapi_uri: None until the gateway knows it.
    """

    name: str
    auth_mode: str
    id: str
    tags: dict[str, str]
    properties: dict[str, str]
    traffic: dict[str, int]
    mirror_traffic: dict[str, int]
    scoring_uri: str | None
    openapi_uri: str | None
    provisioning_state: str
    provisioning_error: str | None
    warnings: list[str]
    creation_context: CreationContext
    description: NotRequired[str]


class Replicas(TypedDict):
    """How many replicas of a deployment answer, and how many there should be."""

    ready: int
    wanted: int


@with_config(ConfigDict(extra="allow"))
class OnlineDeploymentBody(TypedDict):
    """A deployment: the keys of its document and what is known around them.

    Attributes:
        provisioning_reason: what it waits for.
    """

    name: str
    endpoint_name: str
    id: str
    tags: dict[str, str]
    properties: dict[str, str]
    provisioning_state: str
    provisioning_error: str | None
    provisioning_reason: str | None
    replicas: Replicas
    warnings: list[str]
    creation_context: CreationContext
    description: NotRequired[str]


class PredictionBody(TypedDict):
    """What answered a request."""

    request_id: str
    endpoint: str
    deployment: str
    revision: str
    model: str | None
    job: str | None
    deployed_at: str | None


class LogText(TypedDict):
    """The end of a log."""

    content: str


def endpoint_body(workspace: str, record: EndpointRecord) -> OnlineEndpointBody:
    """Make the record of an endpoint: the document's keys and what is known around them."""
    base = f"{record.url}/{workspace}/{record.name}" if record.url else None
    known: OnlineEndpointBody = {
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
    return cast("OnlineEndpointBody", {**record.document, **known})


def deployment_body(workspace: str, view: DeploymentView) -> OnlineDeploymentBody:
    """Make the record of a deployment: the document's keys and what is known around them."""
    record, running = view.record, view.running
    ready = sum(replica.ready for replica in running.replicas) if running is not None else 0
    known: OnlineDeploymentBody = {
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
    return cast("OnlineDeploymentBody", {**record.document, **known})


def prediction_body(request_id: str, revision: Revision) -> PredictionBody:
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
        found["lapis.machines"] = _machines(view.running)
    return {key: str(value) for key, value in found.items() if value not in (None, "")}


def _machines(running: RevisionRecord) -> str:
    """Say how many replicas answer on each machine of an attached compute; empty on this machine."""
    told = []
    for share in running.shares:
        mine = [replica for replica in running.replicas if replica.share == share.name]
        why = f" ({share.sentence})" if share.sentence else ""
        told.append(f"{share.node}: {sum(one.ready for one in mine)} of {len(mine)} ready{why}")
    return "; ".join(told)
