"""The composition root: the one place that knows every part, makes it and connects it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lapisml.backends.registry import load_backend
from lapisml.core.schedules.missed import MissedRuns, Policy
from lapisml.server.admission import identity_service, request_policy
from lapisml.server.azure import routes as azure_routes
from lapisml.server.azure.assembly import AzureSurfaces
from lapisml.server.azure.front import AzureFront
from lapisml.server.features.assets.content import ContentService
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.assets.shared_uploads import SharedUploads
from lapisml.server.features.assets.upload_request import Uploads
from lapisml.server.features.assets.uploads import UploadService
from lapisml.server.features.batch_endpoints.assembly import BatchEndpointsPart
from lapisml.server.features.batch_endpoints.assembly import assemble as add_batch_endpoints
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.connections.service import ConnectionService
from lapisml.server.features.datastores.local_access import LocalAccess
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.features.datastores.rewrites import RewriteRules
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.endpoints.assembly import EndpointsPart
from lapisml.server.features.endpoints.assembly import assemble as add_endpoints
from lapisml.server.features.endpoints.gateway import GatewayWatch
from lapisml.server.features.feature_sets.service import FeatureSetService
from lapisml.server.features.jobs.assembly import Ground, JobsPart, assemble
from lapisml.server.features.jobs.away import AwayWatch
from lapisml.server.features.pipelines.assembly import add_pipelines
from lapisml.server.features.registries.addresses import RegistryAddresses
from lapisml.server.features.registries.assembly import assemble as add_registries
from lapisml.server.features.reuse.assembly import ReusePart, assemble_reuse
from lapisml.server.features.schedules.assembly import SchedulesPart
from lapisml.server.features.schedules.assembly import assemble as add_schedules
from lapisml.server.features.sweeps.assembly import add_sweeps
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.webhooks.service import Webhooks
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.foundation import (
    launch_settings,
    make_attachments,
    make_backends,
    make_nodes,
    make_platform,
    own_files,
)
from lapisml.server.joining import FilesPlace
from lapisml.server.native import make_native
from lapisml.server.parts import Backends, Features, LateFeatures, Platform
from lapisml.server.platform.auth import AsgiApp, Gate
from lapisml.server.platform.idempotency import IdempotencyStore
from lapisml.server.platform.idempotency_layer import IdempotencyLayer
from lapisml.server.platform.installation import Installation
from lapisml.server.platform.lifetime import Lifetime
from lapisml.server.platform.mounts import Mounts
from lapisml.server.platform.peers import Peers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.web import SideDoor
from lapisml.server.serving import gateway_watch, serving_settings
from lapisml.server.settings import Settings
from lapisml.server.studio_pages import add_pages
from lapisml.server.surfaces.mlflow.errors import render_error
from lapisml.server.surfaces.mlflow.registry_routes import Registry
from lapisml.server.surfaces.mlflow.surface import MlflowSurface
from lapisml.server.surfaces.studio.surface import StudioPage

if TYPE_CHECKING:
    from lapisml.server.surfaces.azure.services import AzureServices


@dataclass(frozen=True)
class Application:
    """The whole server behind its socket.

    Attributes:
        asgi: answers requests.
        lifetime: what to start before the first request and to stop after the last.
        side_door: the address with TLS for clients of Azure.
        on_stopping: ends the answers that never end by themselves; called when the server is about to stop.
    """

    asgi: AsgiApp
    lifetime: Lifetime
    side_door: SideDoor
    on_stopping: Callable[[], None] = lambda: None


def create_app(settings: Settings, url: str, peer_url: str = "") -> Application:
    """Make the server's parts and connect them.

    Args:
        url: the server's public URL, without a slash at its end.
        peer_url: where other servers over its database reach it; empty: at `url`.

    Raises:
        LapisError: the database can't be used, or a setting is not valid.
    """
    lifetime = Lifetime()
    platform = make_platform(settings, url, lifetime, peer_url)
    backends = make_backends(settings)
    features = _features(platform, backends, lifetime)
    ground = _ground(platform, backends, features)
    jobs = assemble(ground, launch_settings(settings, backends, platform.vault))
    lifetime.add(jobs.worker)
    lifetime.add(jobs.composite_worker)
    if not platform.database.is_sqlite:
        lifetime.add(AwayWatch(platform.database, platform.clock, platform.events, platform.servers))
    reuse = _reuse(platform, backends, features, jobs)
    composed = _composed(platform, features, jobs, reuse)
    _furnish(platform, backends, features, jobs)
    gateway = gateway_watch(settings, platform.clock)
    page = StudioPage()
    native = make_native(platform, backends, features, jobs, reuse, gateway, page)
    late = LateFeatures(
        _schedules(platform, features, jobs, lifetime),
        _endpoints(platform, ground, jobs, gateway, lifetime),
        _batch_endpoints(platform, backends, features, jobs),
    )
    front = AzureFront(settings, url, platform.clock)
    studio = add_pages(platform, backends, features, jobs, late)
    for routes in (*composed, *late.routes, *studio.routes, azure_routes.router(front, settings)):
        native.add(routes)
    keys = IdempotencyStore(platform.database, platform.clock, platform.owner, platform.servers.is_gone)
    hidden = ("/keys", "/token", "/secrets")
    opening = ("/api/v1/tokens", "/api/v1/session")
    layer = IdempotencyLayer(RegistryAddresses(native), keys, secret=opening, secret_endings=hidden)
    mlflow = IdempotencyLayer(_mlflow(platform, backends, features, lifetime), keys)
    azure = AzureSurfaces(lambda: _azure_services(platform, backends, features, jobs, late))
    lifetime.on_stop(azure.close)
    mounts = Mounts({"mlflow": mlflow, "studio": page}, layer, azure.find)
    policy, renderers = request_policy(settings, url, features.identity.cookie), {"/mlflow/": render_error}
    gate = Gate(studio.part.watched(mounts), features.identity, policy, platform.reserve, renderers, azure.form_of)
    return Application(gate, lifetime, front.side_door, studio.part.changes.close)


def _features(platform: Platform, backends: Backends, lifetime: Lifetime) -> Features:
    settings, database, clock = platform.settings, platform.database, platform.clock
    files = own_files(settings)
    tracking = TrackingService(database, clock)
    lifetime.on_stop(tracking.close)
    workspaces = WorkspaceService(database, clock, files.folder, settings.home / "runs")
    registry_of = workspaces.registries.get
    datastores = DatastoreService(
        database,
        platform.vault,
        clock,
        files,
        RewriteRules(settings.uri_rewrites),
        LocalAccess(settings.home, settings.local_roots),
        settings.allow_private_addresses,
        registry_of,
    )
    nodes = make_nodes(platform, backends.storage, workspaces)
    attachments = make_attachments(platform, nodes.tickets.seal_for)
    lifetime.on_stop(attachments.close)
    catalogue = load_backend("catalogue", "files")(settings.catalogue_file)
    assets = AssetService(database, clock, datastores, backends.storage, catalogue, registry_of)
    return Features(
        identity=identity_service(platform),
        workspaces=workspaces,
        datastores=datastores,
        assets=assets,
        uploads=_uploads(files, backends, assets),
        content=ContentService(assets, backends.storage),
        registries=add_registries(workspaces, datastores, assets, backends.storage, platform.url),
        connections=ConnectionService(database, platform.vault, clock),
        feature_sets=FeatureSetService(database, clock),
        computes=ComputeService(
            database, clock, settings.local_slots or os.cpu_count() or 1, attachments, settings.cluster_backend
        ),
        tracking=tracking,
        nodes=nodes,
    )


def _uploads(files: OwnFiles, backends: Backends, assets: AssetService) -> Uploads:
    if files.base is None:
        return UploadService(files.folder)
    return SharedUploads(files, backends.storage, assets.shelf)


def _ground(platform: Platform, backends: Backends, features: Features) -> Ground:
    settings = platform.settings
    return Ground(
        database=platform.database,
        clock=platform.clock,
        events=platform.events,
        leases=platform.leases,
        site=platform.site,
        identity=features.identity,
        workspaces=features.workspaces,
        assets=features.assets,
        computes=features.computes,
        tracking=features.tracking,
        backend=backends.compute,
        builder=backends.builder,
        storage=backends.storage,
        peers=Peers(platform.servers, features.identity.server_token, settings.tls_cert),
        servers=platform.servers,
    )


def _reuse(platform: Platform, backends: Backends, features: Features, jobs: JobsPart) -> ReusePart:
    return assemble_reuse(
        platform.database,
        platform.clock,
        features.workspaces,
        features.assets,
        backends.storage,
        jobs,
        platform.settings.environment_resolution,
    )


def _composed(platform: Platform, features: Features, jobs: JobsPart, reuse: ReusePart) -> tuple[Routes, Routes]:
    """Add the jobs that consist of others."""
    database, clock, f = platform.database, platform.clock, features
    return (
        add_pipelines(jobs, database, clock, f.assets, reuse.service, f.workspaces),
        add_sweeps(jobs, database, clock, f.assets, f.tracking, f.workspaces),
    )


def _furnish(platform: Platform, backends: Backends, features: Features, jobs: JobsPart) -> None:
    """Connect what later features tell earlier ones, and make what every server has from its first start."""
    settings, database, files = platform.settings, platform.database, features.datastores.files

    def running(workspace: Workspace) -> str | None:
        count = jobs.service.count_running(workspace)
        return f"{count} jobs of workspace '{workspace.name}' are not over; cancel them first." if count else None

    features.identity.ensure_owner(settings.home / "token", settings.token)
    features.workspaces.object_to_deletion(running)

    def clear(workspace: Workspace) -> None:
        place = files.shared(workspace.name)
        if place is not None:
            backends.storage.delete(place)

    features.workspaces.bid_farewell(clear)
    place = FilesPlace(Installation(database), files, backends.storage, alone=database.is_sqlite)
    everything = [*features.workspaces.list(), *features.workspaces.registries.list()]
    place.settle([workspace.name for workspace in everything], settings.default_datastore_moved_from)
    features.workspaces.welcome(features.datastores.furnish)
    features.workspaces.ensure_default(features.identity.owner_name)


def _mlflow(platform: Platform, backends: Backends, features: Features, lifetime: Lifetime) -> MlflowSurface:
    settings = platform.settings
    runs = settings.home / "runs"
    notifier = load_backend("notifier", "web")(settings.allow_private_addresses)
    webhooks = Webhooks(platform.database, platform.clock, platform.vault, notifier)
    registry = Registry(
        features.assets,
        features.tracking,
        features.datastores,
        backends.storage,
        lambda workspace, job: runs / workspace.name / job,
    )
    surface = MlflowSurface(
        features.tracking,
        features.workspaces,
        features.datastores,
        backends.storage,
        registry,
        webhooks,
        settings.max_body_mb * 2**20,
    )
    lifetime.on_stop(webhooks.close)
    lifetime.on_stop(surface.close)
    return surface


def _schedules(platform: Platform, features: Features, jobs: JobsPart, lifetime: Lifetime) -> SchedulesPart:
    policy = Policy(MissedRuns(platform.settings.missed_runs), platform.settings.missed_runs_within_hours * 3_600_000)
    p = platform
    made = add_schedules(p.database, p.clock, p.events, p.leases, jobs.service, features.workspaces, policy)
    lifetime.add(made.worker)
    return made


def _batch_endpoints(platform: Platform, backends: Backends, features: Features, jobs: JobsPart) -> BatchEndpointsPart:
    p, f = platform, features
    return add_batch_endpoints(p.database, p.clock, jobs.service, f.assets, backends.storage, f.workspaces)


def _endpoints(
    platform: Platform, ground: Ground, jobs: JobsPart, gateway: GatewayWatch, lifetime: Lifetime
) -> EndpointsPart:
    serving = serving_settings(platform.settings)
    made = add_endpoints(ground, jobs.launcher, platform.vault, gateway, serving, ground.computes.attached)
    lifetime.add(gateway)
    lifetime.add(made.worker)
    lifetime.add(made.sampler)
    return made


def _azure_services(
    platform: Platform, backends: Backends, features: Features, jobs: JobsPart, late: LateFeatures
) -> AzureServices:
    """Gather what the surfaces for clients of Azure work with; they are loaded at their first request."""
    from lapisml.server.azure.services import gather

    return gather(platform, backends, features, jobs, late)
