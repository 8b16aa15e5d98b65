"""Puts the parts of the pipelines feature together."""

from __future__ import annotations

from lapisml.core.clock import Clock
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.assembly import JobsPart
from lapisml.server.features.jobs.summaries import JobSummaries
from lapisml.server.features.pipelines.driver import PipelineDriver
from lapisml.server.features.pipelines.kind import Graphs, PipelineKind
from lapisml.server.features.pipelines.routes import router
from lapisml.server.features.pipelines.shown import PipelinePages
from lapisml.server.features.reuse.service import ReuseService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.routing import Routes


def add_pipelines(
    jobs: JobsPart,
    database: Database,
    clock: Clock,
    assets: AssetService,
    reuse: ReuseService,
    workspaces: WorkspaceService,
) -> Routes:
    """Teach the jobs feature the type ``pipeline``; give the routes of what pages show of pipelines."""
    graphs = Graphs(assets)
    jobs.add("pipeline", PipelineKind(graphs, jobs.kinds), PipelineDriver(jobs.composites, graphs, reuse, clock))
    pages = PipelinePages(jobs.service, JobSummaries(database), assets, graphs)
    return router(pages, workspaces)
