"""The native routes of the features that jobs stand on, in the order in which they are tried."""

from __future__ import annotations

from lapisml.server import status
from lapisml.server.features.assets import file_routes, frame_routes, name_routes
from lapisml.server.features.assets import routes as asset_routes
from lapisml.server.features.assets.frames import Frames
from lapisml.server.features.assets.profiles import Profiles
from lapisml.server.features.compute import routes as compute_routes
from lapisml.server.features.connections import routes as connection_routes
from lapisml.server.features.datastores import routes as datastore_routes
from lapisml.server.features.endpoints.gateway import GatewayWatch
from lapisml.server.features.identity import routes as identity_routes
from lapisml.server.features.jobs.assembly import JobsPart
from lapisml.server.features.jobs.facts import JobFacts
from lapisml.server.features.reuse.assembly import ReusePart
from lapisml.server.features.tracking import studio_routes as run_routes
from lapisml.server.features.workspaces import routes as workspace_routes
from lapisml.server.features.workspaces.registries import Places
from lapisml.server.parts import Backends, Features, Platform
from lapisml.server.platform.http import Native, native_application
from lapisml.server.surfaces.studio.surface import PREFIX, StudioPage


def make_native(
    platform: Platform,
    backends: Backends,
    features: Features,
    jobs: JobsPart,
    reuse: ReusePart,
    gateway: GatewayWatch,
    page: StudioPage,
) -> Native:
    """Make the native application."""
    workspaces, settings = features.workspaces, platform.settings
    places = Places(workspaces.get, workspaces.registries.get)
    native = native_application(lambda: PREFIX if page.is_built() else "")
    for routes in (
        jobs.routes,  # routes are tried one after the other: the most used come first
        status.router(
            settings,
            platform.database,
            workspaces,
            jobs.service.count_running,
            platform.url,
            platform.clock.now_ms(),
            gateway.record,
        ),
        identity_routes.router(features.identity),
        identity_routes.session_router(
            features.identity, workspaces.default_name, is_secure=platform.url.startswith("https:")
        ),
        workspace_routes.router(workspaces, platform.url),
        datastore_routes.router(features.datastores, workspaces),
        asset_routes.router(features.assets, places),
        name_routes.router(features.assets, backends.storage, places),
        file_routes.router(features.uploads, features.content, places),
        frame_routes.router(Profiles(Frames(features.assets, backends.storage)), places),
        compute_routes.router(features.computes, workspaces),
        reuse.routes,
        features.registries.routes,
        features.nodes.routes,
        connection_routes.router(features.connections, workspaces),
        run_routes.assemble(platform.database, platform.clock, JobFacts(), workspaces),
    ):
        native.add(routes)
    return native
