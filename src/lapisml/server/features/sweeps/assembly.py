"""Puts the parts of the sweeps feature together."""

from __future__ import annotations

from lapisml.core.clock import Clock
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.assembly import JobsPart
from lapisml.server.features.jobs.summaries import JobSummaries
from lapisml.server.features.sweeps.driver import SweepDriver
from lapisml.server.features.sweeps.kind import SweepKind, Trials
from lapisml.server.features.sweeps.metrics import TrialMetrics
from lapisml.server.features.sweeps.routes import router
from lapisml.server.features.sweeps.shown import SweepPages
from lapisml.server.features.sweeps.store import forget
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.routing import Routes


def add_sweeps(
    jobs: JobsPart,
    database: Database,
    clock: Clock,
    assets: AssetService,
    tracking: TrackingService,
    workspaces: WorkspaceService,
) -> Routes:
    """Teach the jobs feature the type ``sweep``; give the routes of what pages show of sweeps."""
    trials = Trials(assets)
    driver = SweepDriver(database, clock, jobs.composites, trials, TrialMetrics(tracking, clock))
    jobs.service.before_deletion(forget)
    jobs.add("sweep", SweepKind(trials, jobs.kinds), driver)
    return router(SweepPages(database, jobs.service, JobSummaries(database), tracking), workspaces)
