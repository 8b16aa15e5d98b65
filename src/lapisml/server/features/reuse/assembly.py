"""Puts the parts of the reuse feature together."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.core.clock import Clock
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.assembly import JobsPart
from lapisml.server.features.reuse.explaining import Explainer
from lapisml.server.features.reuse.routes import router
from lapisml.server.features.reuse.service import ReuseService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.routing import Routes


@dataclass(frozen=True)
class ReusePart:
    """The feature: its service and its routes."""

    service: ReuseService
    routes: Routes


def assemble_reuse(
    database: Database,
    clock: Clock,
    workspaces: WorkspaceService,
    assets: AssetService,
    storage: Storage,
    jobs: JobsPart,
    resolution: str,
) -> ReusePart:
    """Make the reuse feature.

    Args:
        resolution: how strictly environments are honoured.
    """
    service = ReuseService(database, clock, assets, storage, jobs.service, resolution)
    explainer = Explainer(jobs.service, jobs.composites.children, assets, service)
    return ReusePart(service, router(explainer, workspaces))
