"""Puts the parts of the jobs feature together; `server.app` gives what they stand on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import ComputeBackend
from lapisml.ports.environments import EnvironmentBuilder
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.jobs.canceling import Canceler
from lapisml.server.features.jobs.composite import ChildNews, CompositeDriver, CompositeWorker
from lapisml.server.features.jobs.composites import CompositeJobs
from lapisml.server.features.jobs.dispatch import Dispatcher
from lapisml.server.features.jobs.eviction import Eviction
from lapisml.server.features.jobs.finish import Finisher
from lapisml.server.features.jobs.intake import Intake
from lapisml.server.features.jobs.kinds import JobKind, JobKinds
from lapisml.server.features.jobs.lanes import Engine, LaneParts, Lanes
from lapisml.server.features.jobs.launch import Launcher, LaunchSettings
from lapisml.server.features.jobs.live import Beat, LiveJobs
from lapisml.server.features.jobs.log_routes import router as log_router
from lapisml.server.features.jobs.logs import JobLogs
from lapisml.server.features.jobs.outputs import JobOutputs
from lapisml.server.features.jobs.oversee import Backend, Overseer
from lapisml.server.features.jobs.parallel import ParallelKind
from lapisml.server.features.jobs.routes import router
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.site import COMPOSITES, SiteLease
from lapisml.server.features.jobs.spark import SparkKind
from lapisml.server.features.jobs.stream import JobStream
from lapisml.server.features.jobs.submission import SubmissionChecker
from lapisml.server.features.jobs.taking import Taking
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.jobs.topics import TOPIC_LINE, TOPIC_NEWS
from lapisml.server.features.jobs.wake import WakeListener
from lapisml.server.features.jobs.worker import JobWorker
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import Leases
from lapisml.server.platform.peers import Peers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.servers import Servers

_STEP_THREADS = 4


@dataclass(frozen=True)
class Ground:
    """What the jobs feature stands on.

    Attributes:
        site: lasting name of this installation.
        peers, servers: the other servers over the database; None where there can be none.
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
    peers: Peers | None = None
    servers: Servers | None = None


@dataclass(frozen=True)
class JobsPart:
    """The feature: its service, its routes, its background work.

    Attributes:
        composites: what drivers of pipelines and sweeps work with.
        worker, composite_worker: ``start()``, ``stop()``.
        logs: lists and reads the logs of jobs.
        outputs: what jobs put out.
        launcher: looks up what a job needs to run.
    """

    service: JobService
    routes: Routes
    worker: JobWorker
    composites: CompositeJobs
    composite_worker: CompositeWorker
    logs: JobLogs
    outputs: JobOutputs
    kinds: JobKinds
    launcher: Launcher

    def add(self, name: str, kind: JobKind, driver: CompositeDriver | None = None) -> None:
        """Take a type of job that a later feature brings; called while the server is put together.

        Args:
            driver: what moves it on, when it runs no process.
        """
        self.kinds.add(name, kind)
        if driver is not None:
            self.composite_worker.add(driver)


def assemble(ground: Ground, settings: LaunchSettings) -> JobsPart:
    """Make the jobs feature."""
    g = ground
    kinds = JobKinds()
    checker = SubmissionChecker(g.assets, g.computes)
    kinds.add("command", checker)
    kinds.add("spark", SparkKind(checker, g.assets))
    kinds.add("parallel", ParallelKind(checker))
    intake = Intake(g.database, g.clock, g.events, g.tracking)
    canceler = Canceler(g.database, g.clock, g.events)
    service = JobService(g.database, g.clock, g.events, g.computes, g.tracking, kinds, intake, canceler)
    logs = JobLogs(g.backend, g.computes, g.storage, g.assets, g.peers)
    outputs = JobOutputs(g.assets)
    routes = router(service, g.workspaces, logs, JobStream(service, logs, g.events, g.database), outputs)
    routes.add(log_router(service, g.workspaces, logs))
    leased, driving, news = SiteLease(g.leases, g.site), SiteLease(g.leases, COMPOSITES), ChildNews(g.events)
    finisher = Finisher(g.database, leased, g.clock, outputs, g.tracking, g.identity, g.workspaces, news.tell)
    ender = Finisher(g.database, driving, g.clock, outputs, g.tracking, g.identity, g.workspaces, news.tell)
    composites = CompositeJobs(
        g.database, g.clock, g.events, kinds, intake, canceler, outputs, ender, g.tracking, driving
    )
    composite_worker = CompositeWorker(g.database, g.clock, g.events, composites, g.workspaces, driving, news)
    launcher = Launcher(settings, g.assets, g.tracking, g.identity, g.builder, g.storage, g.computes)
    g.computes.evict = Eviction(g.database, g.clock, g.computes, g.identity, g.tracking, service, news.tell).evict
    worker = _worker(ground, settings.wake_socket, launcher, finisher, leased, news)
    return JobsPart(service, routes, worker, composites, composite_worker, logs, outputs, kinds, launcher)


def _worker(
    ground: Ground, wake_socket: Path, launcher: Launcher, finisher: Finisher, leased: SiteLease, news: ChildNews
) -> JobWorker:
    g = ground
    own = _lane(g, Beat(g.site), lambda: g.backend, launcher, finisher, leased)
    dispatcher = Dispatcher(g.database, g.clock, g.events, g.computes, g.workspaces, leased)
    wake = WakeListener(wake_socket, tell=lambda: g.events.notify(TOPIC_NEWS))

    def of_engine(engine: Engine) -> LaneParts:
        mine = SiteLease(g.leases, g.site, resource=f"compute:{engine[0]}:{engine[1]}")
        outputs = JobOutputs(g.assets)
        ender = Finisher(g.database, mine, g.clock, outputs, g.tracking, g.identity, g.workspaces, news.tell)
        return _lane(g, Beat(g.site, engine), lambda: _backend(g, engine), launcher, ender, mine)

    lanes = Lanes(g.database, g.events, of_engine)
    if g.computes.attachments is not None:
        g.computes.attachments.on_news = lanes.tell
    return JobWorker(g.clock, g.events, leased, dispatcher, own.overseer, own.tasks, wake, lanes)


def _lane(
    ground: Ground, beat: Beat, backend: Backend, launcher: Launcher, finisher: Finisher, leased: SiteLease
) -> LaneParts:
    """Make what follows the jobs of one backend."""
    g = ground
    tasks = Tasks(_STEP_THREADS, after=lambda: g.events.notify(TOPIC_LINE))
    jobs = LiveJobs(g.database, beat)
    taking = Taking(g.clock, g.tracking, g.workspaces, leased, jobs)
    overseer = Overseer(g.database, g.clock, backend, launcher, finisher, g.workspaces, leased, tasks, jobs, taking)
    return LaneParts(overseer, leased, tasks)


def _backend(ground: Ground, engine: Engine) -> ComputeBackend:
    """Give the backend of an attached compute as its document is now.

    Raises:
        LapisError: NotFound when it is attached no longer; what keeps its backend from being made.
    """
    found = ground.computes.attached(ground.workspaces.by_id(engine[0]), engine[1])
    if found is None:
        raise LapisError(ErrorCode.NOT_FOUND, f"Compute '{engine[1]}' is not attached any more.")
    return found
