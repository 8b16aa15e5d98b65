"""Puts the parts of the jobs feature together; `server.app` gives what they stand on."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from lapisml.core.clock import Clock
from lapisml.ports.compute import ComputeBackend
from lapisml.ports.environments import EnvironmentBuilder
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.jobs.dispatch import Dispatcher
from lapisml.server.features.jobs.finish import Finisher
from lapisml.server.features.jobs.launch import Launcher, LaunchSettings
from lapisml.server.features.jobs.logs import JobLogs
from lapisml.server.features.jobs.outputs import JobOutputs
from lapisml.server.features.jobs.oversee import Overseer
from lapisml.server.features.jobs.routes import router
from lapisml.server.features.jobs.service import TOPIC_LINE, TOPIC_NEWS, JobService
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.stream import JobStream
from lapisml.server.features.jobs.submission import SubmissionChecker
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.jobs.wake import WakeListener
from lapisml.server.features.jobs.worker import JobWorker
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import Leases

_STEP_THREADS = 4


@dataclass(frozen=True)
class Ground:
    """What the jobs feature stands on.

    Attributes:
        site: lasting name of this installation.
    """

    database: Database
    clock: Clock
    events: EventBus
    leases: Leases
    site: str
    identity: IdentityService
    workspaces: WorkspaceService
    assets: AssetService
    computes: ComputeService
    tracking: TrackingService
    backend: ComputeBackend
    builder: EnvironmentBuilder
    storage: Storage


@dataclass(frozen=True)
class JobsPart:
    """The feature: its service, its routes, its background work (``start()``, ``stop()``)."""

    service: JobService
    routes: APIRouter
    worker: JobWorker


def assemble(ground: Ground, settings: LaunchSettings) -> JobsPart:
    """Make the jobs feature."""
    g = ground
    checker = SubmissionChecker(g.assets, g.computes)
    service = JobService(g.database, g.clock, g.events, g.computes, g.tracking, checker, g.workspaces)
    logs = JobLogs(g.backend, g.storage, g.assets)
    outputs = JobOutputs(g.assets)
    routes = router(service, g.workspaces, logs, JobStream(service, logs, g.events), outputs)
    return JobsPart(service, routes, _worker(ground, settings, service, outputs))


def _worker(ground: Ground, settings: LaunchSettings, service: JobService, outputs: JobOutputs) -> JobWorker:
    g = ground
    leased = SiteLease(g.leases, g.site)
    tasks = Tasks(_STEP_THREADS, after=lambda: g.events.notify(TOPIC_LINE))
    finisher = Finisher(g.database, leased, g.clock, outputs, g.tracking, g.identity, g.workspaces)
    launcher = Launcher(settings, g.assets, g.tracking, g.identity, g.builder, g.storage)
    overseer = Overseer(g.database, g.clock, g.backend, launcher, finisher, g.tracking, g.workspaces, leased, tasks)
    dispatcher = Dispatcher(g.database, g.clock, g.computes, g.workspaces, leased)
    wake = WakeListener(settings.wake_socket, tell=lambda: g.events.notify(TOPIC_NEWS))
    return JobWorker(g.clock, g.events, service, leased, dispatcher, overseer, tasks, wake)
