"""Everything that a round of the worker looks at, read at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lapisml.server.features.endpoints import store
from lapisml.server.features.endpoints.records import DeploymentRecord, EndpointRecord, Revision
from lapisml.server.platform.database import Database


@dataclass(frozen=True)
class World:
    """The endpoints of an installation.

    Attributes:
        revisions: those of which something may run, the oldest first.
        known: these, and those that deployments name.
    """

    endpoints: list[EndpointRecord]
    deployments: list[DeploymentRecord]
    revisions: list[Revision]
    known: dict[str, Revision]

    @classmethod
    def read(cls, database: Database, site: str) -> World:
        """Read what there is."""
        with database.read() as connection:
            endpoints = store.endpoints_at(connection, site)
            revisions = store.live_revisions(connection, site)
            if not endpoints:
                return cls([], [], revisions, {one.id: one for one in revisions})
            deployments = store.deployments_at(connection, site)
            known = {one.id: one for one in revisions}
            missing = [name for one in deployments for name in (one.revision, one.serving) if name not in known]
            known |= store.revisions_by_id(connection, [name for name in missing if name is not None])
        return cls(endpoints, deployments, revisions, known)

    def of(self, endpoint: EndpointRecord) -> list[DeploymentRecord]:
        """Give the deployments of an endpoint."""
        return [one for one in self.deployments if one.endpoint_id == endpoint.id]

    def live(self, deployment_id: int) -> Iterable[Revision]:
        """Give the revisions of a deployment of which something may run."""
        return (one for one in self.revisions if one.deployment_id == deployment_id)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look after."""
        return not self.endpoints and not self.revisions
