"""Puts the parts of the batch endpoints together; `server.app` gives what they stand on."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.core.clock import Clock
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.batch_endpoints.models import Models
from lapisml.server.features.batch_endpoints.preparing import Preparer
from lapisml.server.features.batch_endpoints.routes import router
from lapisml.server.features.batch_endpoints.service import BatchEndpointService
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.routing import Routes


@dataclass(frozen=True)
class BatchEndpointsPart:
    """The feature: its service and its routes."""

    service: BatchEndpointService
    routes: Routes


def assemble(
    database: Database,
    clock: Clock,
    jobs: JobService,
    assets: AssetService,
    storage: Storage,
    workspaces: WorkspaceService,
) -> BatchEndpointsPart:
    """Make the feature, which from now on objects to the deletion of models that a deployment uses."""
    service = BatchEndpointService(database, clock, jobs, Preparer(assets, jobs, Models(assets, storage)))
    assets.object_to_deletion(service.objection)
    return BatchEndpointsPart(service, router(service, jobs, workspaces))
