"""Puts the parts of the endpoints feature together; `server.app` gives what they stand on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lapisml.ports.serving import Places
from lapisml.server.features.endpoints.deployments import DeploymentService
from lapisml.server.features.endpoints.examples import Examples
from lapisml.server.features.endpoints.figures import Figures
from lapisml.server.features.endpoints.follow import RevisionFollower
from lapisml.server.features.endpoints.gateway import GatewayWatch
from lapisml.server.features.endpoints.gateway_client import GatewayClient
from lapisml.server.features.endpoints.hosts import Attached, Hosts, attached_by
from lapisml.server.features.endpoints.log_follow import LogFollower
from lapisml.server.features.endpoints.logs import DeploymentLogs
from lapisml.server.features.endpoints.page_routes import PageParts, page_router
from lapisml.server.features.endpoints.resolving import DeploymentResolver
from lapisml.server.features.endpoints.routes import router
from lapisml.server.features.endpoints.routing import RouteBook
from lapisml.server.features.endpoints.runs import RevisionRuns
from lapisml.server.features.endpoints.sampler import FigureSampler
from lapisml.server.features.endpoints.service import EndpointService
from lapisml.server.features.endpoints.settle import Settler
from lapisml.server.features.endpoints.share_words import ShareWords
from lapisml.server.features.endpoints.shares import ShareFollower
from lapisml.server.features.endpoints.specification import ServingLauncher
from lapisml.server.features.endpoints.topics import TOPIC_ENDPOINTS
from lapisml.server.features.endpoints.trying import Trials
from lapisml.server.features.endpoints.worker import EndpointWorker
from lapisml.server.features.jobs.assembly import Ground
from lapisml.server.features.jobs.launch import Launcher
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.submission import SubmissionChecker
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.vault import Vault

_STEP_THREADS = 4


@dataclass(frozen=True)
class ServingSettings:
    """What the installation decides for every endpoint.

    Attributes:
        home: the folder that gateway, keepers and server share.
        accelerate: False serves every model itself and no faster form of it.
        token_lifetime_s: how long tokens of endpoints are good for, seconds.
        max_body: largest body of a request, bytes.
        certificate: PEM file that the gateway shows, None when it speaks plain HTTP.
    """

    home: Path
    accelerate: bool
    token_lifetime_s: int
    max_body: int
    certificate: Path | None = None


@dataclass(frozen=True)
class EndpointsPart:
    """The feature: its services, its routes, its background work (``start()``, ``stop()``), and one round of it.

    Attributes:
        page_routes: what only the web page asks.
        sampler: background work too: figures of what the endpoints do.
    """

    endpoints: EndpointService
    deployments: DeploymentService
    logs: DeploymentLogs
    routes: Routes
    page_routes: Routes
    worker: EndpointWorker
    sampler: FigureSampler
    settler: Settler


def assemble(
    ground: Ground,
    launcher: Launcher,
    vault: Vault,
    gateway: GatewayWatch,
    settings: ServingSettings,
    attached: Attached | None = None,
) -> EndpointsPart:
    """Make the endpoints feature, and tell those before it what it uses of theirs.

    Args:
        attached: finds the computes of other machines; None means where the workspace keeps them.
    """
    g, places, hosts = ground, Places(settings.home), Hosts(ground.clock, attached or attached_by(ground.computes))
    endpoints = EndpointService(g.database, g.clock, g.events, vault, g.site, settings.token_lifetime_s, hosts)
    resolver = DeploymentResolver(g.assets, g.storage, SubmissionChecker(g.assets, g.computes), launcher)
    deployments = DeploymentService(g.database, g.clock, g.events, endpoints, resolver, places, hosts)
    g.assets.object_to_deletion(deployments.objection)
    g.workspaces.object_to_deletion(endpoints.objection)
    g.computes.object_to_deletion(endpoints.objection_to_detaching)
    leased = SiteLease(g.leases, g.site, "endpoints")
    tasks = Tasks(_STEP_THREADS, after=lambda: g.events.notify(TOPIC_ENDPOINTS))
    serving = ServingLauncher(launcher, g.assets, g.storage, settings.home, settings.accelerate)
    words = ShareWords(places)
    shares = ShareFollower(g.database, g.clock, hosts, serving, g.workspaces, leased, tasks, words)
    follower = RevisionFollower(g.database, g.clock, g.backend, serving, g.workspaces, leased, tasks, places, shares)
    book = RouteBook(places, vault, g.workspaces, settings.max_body)
    settler = Settler(g.database, g.clock, leased, follower, book, gateway, places)
    worker = EndpointWorker(g.clock, g.events, leased, settler, tasks)
    runs = RevisionRuns(g.database, g.backend, hosts)
    logs = DeploymentLogs(runs, g.peers)
    routes = router(endpoints, deployments, logs, g.workspaces)
    client, figures = GatewayClient(places, gateway.record, settings.certificate), Figures()
    sampler = FigureSampler(g.clock, client, figures)
    trials, examples = Trials(endpoints, client), Examples(g.assets, g.storage)
    follow_logs = LogFollower(deployments, runs)
    parts = PageParts(endpoints, deployments, figures, trials, examples, follow_logs, g.workspaces)
    return EndpointsPart(endpoints, deployments, logs, routes, page_router(parts), worker, sampler, settler)
