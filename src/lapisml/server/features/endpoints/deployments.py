"""Deployments of online endpoints as people and programs see them: create, look, change, delete, trace.

A change of what runs makes a revision beside the one that serves; a change of how much of it runs, or of tags, does
not. What is written down here, `worker` brings about.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import new_token
from lapisml.ports.serving import Places, RevisionRecord, is_revision
from lapisml.ports.serving import read as read_record
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.endpoints import store
from lapisml.server.features.endpoints.guards import read_document, refuse_deleting, refuse_traffic, without
from lapisml.server.features.endpoints.hosts import Hosts, check_deployment
from lapisml.server.features.endpoints.parts import digest_of, scale_of, warnings_of
from lapisml.server.features.endpoints.records import (
    DeploymentRecord,
    EndpointRecord,
    Provisioning,
    Revision,
    RevisionState,
)
from lapisml.server.features.endpoints.resolving import DeploymentResolver, Resolved
from lapisml.server.features.endpoints.service import EndpointService
from lapisml.server.features.endpoints.topics import TOPIC_ENDPOINTS
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus


@dataclass(frozen=True)
class DeploymentView:
    """A deployment with what is known around it.

    Attributes:
        revision: the one that shall serve.
        serving: the one that does.
        running: what the keeper of the one that serves, else of the other, says.
    """

    endpoint: EndpointRecord
    record: DeploymentRecord
    revision: Revision | None
    serving: Revision | None
    running: RevisionRecord | None

    @property
    def waits_for(self) -> str | None:
        """What has to happen before the revision that shall serve does; None when nothing is awaited."""
        state = self.record.state(self.revision)
        if state is Provisioning.DELETING:
            return (self.revision.waits_for if self.revision is not None else "") or None
        if state not in (Provisioning.CREATING, Provisioning.UPDATING):
            return None
        return (self.revision.waits_for if self.revision is not None else "") or "The server takes it up."

    @property
    def error(self) -> str | None:
        """Why it failed, None when it did not."""
        reason = self.revision.failure() if self.revision is not None else None
        if reason is None or self.serving is None or self.serving == self.revision or self.serving.reason:
            return reason
        return f"{reason}\nRevision {self.serving.id}, which was there before, goes on answering."


class DeploymentService:
    """Keeps deployments.

    Args:
        places: where the keepers write what they know.
        hosts: the computes that endpoints may name.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        endpoints: EndpointService,
        resolver: DeploymentResolver,
        places: Places,
        hosts: Hosts,
    ) -> None:
        self._hosts = hosts
        self._database = database
        self._clock = clock
        self._events = events
        self._endpoints = endpoints
        self._resolver = resolver
        self._places = places

    def create_or_update(
        self, workspace: Workspace, endpoint_name: str, name: str, document: Mapping[str, Any], by: str
    ) -> DeploymentView:
        """Keep a deployment; one that exists gets the document.

        Raises:
            LapisError: NotFound without the endpoint; DocumentInvalid, ReferenceNotFound, NotSupported, with a problem
                for every fault; Conflict while it is being deleted.
        """
        endpoint = self._endpoints.get(workspace, endpoint_name)
        refuse_deleting(endpoint)
        given = read_document(endpoint_name, name, document)
        compute = self._hosts.compute_of(workspace, endpoint.document)
        check_deployment(endpoint, compute, given)
        resolved = self._resolver.resolve(workspace, given, by)
        if compute is not None:
            resolved = replace(resolved, runs={**resolved.runs, "compute": compute})
        try:
            with self._database.write() as connection:
                current = store.endpoint(connection, workspace.id, endpoint_name, lock=True)
                if current is None or current.id != endpoint.id:
                    raise not_found("online endpoint", endpoint_name)
                refuse_deleting(current)
                present = store.deployment(connection, endpoint.id, name)
                if present is None:
                    self._add(connection, endpoint, name, resolved, by)
                else:
                    self._change(connection, endpoint, present, resolved, by)
        except IntegrityError:  # made by another request at the same moment
            return self.create_or_update(workspace, endpoint_name, name, document, by)
        self._events.notify(TOPIC_ENDPOINTS)
        return self.get(workspace, endpoint_name, name)

    def get(self, workspace: Workspace, endpoint_name: str, name: str) -> DeploymentView:
        """Read a deployment.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self._endpoints.get(workspace, endpoint_name)
        with self._database.read() as connection:
            found = store.deployment(connection, endpoint.id, name)
            if found is None:
                hint = f"List them: lapis online-deployment list -e {endpoint_name}"
                raise not_found(f"deployment of endpoint '{endpoint_name}'", name, hint)
            return self._view(connection, endpoint, found)

    def all_of(self, workspace: Workspace, endpoint_name: str) -> list[DeploymentView]:
        """Read the deployments of an endpoint, by name.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self._endpoints.get(workspace, endpoint_name)
        with self._database.read() as connection:
            found = store.deployments_of(connection, endpoint.id)
            return [self._view(connection, endpoint, one) for one in found]

    def of_each(self, endpoints: Sequence[EndpointRecord]) -> dict[int, list[DeploymentView]]:
        """Read the deployments of several endpoints at once, by the endpoint's number, each by name."""
        by_id = {one.id: one for one in endpoints}
        with self._database.read() as connection:
            found = store.deployments_in(connection, list(by_id))
            wanted = [name for one in found for name in (one.revision, one.serving) if name is not None]
            revisions = store.revisions_by_id(connection, wanted)
        views: dict[int, list[DeploymentView]] = {one.id: [] for one in endpoints}
        for one in found:
            views[one.endpoint_id].append(self._viewed(by_id[one.endpoint_id], one, revisions))
        return views

    def delete(self, workspace: Workspace, endpoint_name: str, name: str) -> None:
        """Have a deployment deleted once it has answered what it has.

        Raises:
            LapisError: NotFound; Conflict while it has a share of the traffic.
        """
        self.get(workspace, endpoint_name, name)
        with self._database.write() as connection:
            endpoint = store.endpoint(connection, workspace.id, endpoint_name, lock=True)
            found = store.deployment(connection, endpoint.id, name) if endpoint is not None else None
            if endpoint is None or found is None:
                return
            refuse_traffic(endpoint, name)
            store.change_deployment(connection, found.id, deleting=True, wanted=found.wanted + 1)
            shares = {"traffic": without(endpoint.traffic, name), "mirror": without(endpoint.mirror, name)}
            store.change_endpoint(connection, endpoint.id, **shares)
        self._events.notify(TOPIC_ENDPOINTS)

    def prediction(self, workspace: Workspace, request_id: str) -> tuple[str, Revision]:
        """Give the revision that answered a request.

        Args:
            request_id: of the answer's header ``x-ms-request-id``: ``<revision>-<16 hexadecimal digits>``.

        Raises:
            LapisError: NotFound.
        """
        revision = request_id.strip().partition("-")[0]
        found = None
        if is_revision(revision):
            with self._database.read() as connection:
                found = store.revision(connection, revision)
        if found is None or found.workspace_id != workspace.id:
            hint = "It stands in the answer's header x-ms-request-id."
            raise not_found("request", request_id[:80], hint)
        return request_id.strip(), found

    def objection(self, workspace: Workspace, asset: AssetRecord) -> str | None:
        """Give the sentence why a model or an environment can't be deleted now."""
        if asset.kind not in (AssetKind.MODELS, AssetKind.ENVIRONMENTS):
            return None
        name = f"{asset.name}:{asset.version}"
        which = (asset.key, None) if asset.kind is AssetKind.MODELS else (None, asset.key)
        with self._database.read() as connection:
            user = store.user_of(connection, workspace.id if asset.registry is None else None, *which)
        if user is None:
            return None
        where = f"deployment '{user.deployment}' of online endpoint '{user.endpoint}'"
        return f"The {asset.kind.singular} '{name}' is in use by {where}; delete that first."

    def _view(self, connection: Connection, endpoint: EndpointRecord, record: DeploymentRecord) -> DeploymentView:
        wanted = [one for one in (record.revision, record.serving) if one is not None]
        return self._viewed(endpoint, record, store.revisions_by_id(connection, wanted))

    def _viewed(
        self, endpoint: EndpointRecord, record: DeploymentRecord, revisions: Mapping[str, Revision]
    ) -> DeploymentView:
        which = self._places.record(record.serving or record.revision)
        running = read_record(RevisionRecord, which)
        return DeploymentView(
            endpoint, record, revisions.get(record.revision), revisions.get(record.serving or ""), running
        )

    def _add(self, connection: Connection, endpoint: EndpointRecord, name: str, resolved: Resolved, by: str) -> None:
        now, revision = self._clock.now_ms(), _new_revision()
        values = {
            "endpoint_id": endpoint.id, "name": name, "document": resolved.shown,
            "warnings": warnings_of(resolved.shown), "revision": revision, "serving": None, "wanted": 1, "applied": 0,
            "deleting": False, "created_by": by, "created_at": now, "updated_at": now,
        }  # fmt: skip
        deployment_id = store.add_deployment(connection, values)
        self._add_revision(connection, endpoint, (deployment_id, name), revision, resolved, by)

    def _change(
        self,
        connection: Connection,
        endpoint: EndpointRecord,
        present: DeploymentRecord,
        resolved: Resolved,
        by: str,
    ) -> None:
        if present.deleting:
            raise LapisError(
                ErrorCode.CONFLICT, f"Deployment '{present.name}' is being deleted.", "Wait, and try again."
            )
        last = store.revision(connection, present.revision)
        changes: dict[str, Any] = {"document": resolved.shown, "warnings": warnings_of(resolved.shown)}
        if last is None or last.digest != digest_of(resolved.runs) or last.state is RevisionState.FAILED:
            changes["revision"] = _new_revision()
            self._add_revision(connection, endpoint, (present.id, present.name), changes["revision"], resolved, by)
            store.retire(connection, present.id, keep=(present.serving, changes["revision"]))
        elif resolved.shown == present.document:
            return
        numbers = {"wanted": present.wanted + 1, "updated_at": self._clock.now_ms()}
        store.change_deployment(connection, present.id, **changes, **numbers)

    def _add_revision(
        self,
        connection: Connection,
        endpoint: EndpointRecord,
        deployment: tuple[int, str],
        revision: str,
        resolved: Resolved,
        by: str,
    ) -> None:
        now = self._clock.now_ms()
        values = {
            "id": revision, "workspace_id": endpoint.workspace_id, "deployment_id": deployment[0],
            "site": endpoint.site, "endpoint": endpoint.name, "deployment": deployment[1], "document": resolved.runs,
            "digest": digest_of(resolved.runs), "model": resolved.model, "model_job": resolved.model_job,
            "environment": resolved.environment, "scale": scale_of(resolved.runs),
            "state": RevisionState.STARTING.value, "reason": "", "log_tail": "", "waits_for": "", "attempt": 1,
            "tries": 0, "submit_key": new_token(), "handed_over": False, "next_at": now, "created_by": by,
            "created_at": now,
        }  # fmt: skip
        store.add_revision(connection, values)


def _new_revision() -> str:
    return secrets.token_hex(6)
