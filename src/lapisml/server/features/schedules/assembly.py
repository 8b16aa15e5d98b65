"""Puts the parts of the schedules feature together; `server.app` gives what they stand on."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.core.clock import Clock
from lapisml.core.schedules.missed import Policy
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.summaries import JobSummaries
from lapisml.server.features.schedules.firing import Firer
from lapisml.server.features.schedules.routes import router
from lapisml.server.features.schedules.service import ScheduleService
from lapisml.server.features.schedules.submitting import Submitter
from lapisml.server.features.schedules.worker import ScheduleWorker
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import Leases
from lapisml.server.platform.routing import Routes


@dataclass(frozen=True)
class SchedulesPart:
    """The feature: its service, its routes, its background work (``start()``, ``stop()``), and what fires."""

    service: ScheduleService
    routes: Routes
    worker: ScheduleWorker
    firer: Firer


def assemble(
    database: Database,
    clock: Clock,
    events: EventBus,
    leases: Leases,
    jobs: JobService,
    workspaces: WorkspaceService,
    policy: Policy,
) -> SchedulesPart:
    """Make the schedules feature.

    Args:
        policy: what to do about missed runs, where a schedule does not say.
    """
    submitter = Submitter(database, clock, jobs, workspaces)
    service = ScheduleService(database, clock, events, leases, jobs, submitter)
    firer = Firer(database, clock, leases, submitter, policy)
    routes = router(service, jobs, JobSummaries(database), workspaces, clock)
    return SchedulesPart(service, routes, ScheduleWorker(events, firer), firer)
