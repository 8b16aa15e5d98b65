"""The composition root: the one place that knows every part, makes it and connects it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import FastAPI

from lapisml.core.clock import Clock, SystemClock
from lapisml.server import status
from lapisml.server.features.compute import routes as compute_routes
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.datastores import routes as datastore_routes
from lapisml.server.features.datastores.local_access import LocalAccess
from lapisml.server.features.datastores.rewrites import RewriteRules
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.identity import routes as identity_routes
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces import routes as workspace_routes
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.auth import AsgiApp, Gate
from lapisml.server.platform.capacity import DiskReserve
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.http import native_application
from lapisml.server.platform.idempotency import IdempotencyStore
from lapisml.server.platform.idempotency_layer import IdempotencyLayer
from lapisml.server.platform.leases import Leases
from lapisml.server.platform.lifetime import Lifetime
from lapisml.server.platform.mounts import Mounts
from lapisml.server.platform.policy import LOOPBACK_NAMES, RequestPolicy
from lapisml.server.platform.processes import ProcessIdentity, owner_is_gone, owner_name
from lapisml.server.platform.schema import prepare_schema
from lapisml.server.platform.vault import Vault
from lapisml.server.settings import Settings


@dataclass(frozen=True)
class Platform:
    """What every feature is built on."""

    settings: Settings
    url: str
    clock: Clock
    database: Database
    vault: Vault
    events: EventBus
    leases: Leases
    reserve: DiskReserve
    owner: str


@dataclass(frozen=True)
class Application:
    """The whole server behind its socket.

    Attributes:
        asgi: answers requests.
        lifetime: what to start before the first request and to stop after the last.
    """

    asgi: AsgiApp
    lifetime: Lifetime


@dataclass(frozen=True)
class Features:
    """The services of the features, in the order in which they may know each other."""

    identity: IdentityService
    workspaces: WorkspaceService
    datastores: DatastoreService
    computes: ComputeService
    tracking: TrackingService


def create_app(settings: Settings, url: str) -> Application:
    """Make the server's parts and connect them.

    Args:
        url: the server's public URL, without a slash at its end.

    Raises:
        LapisError: the database can't be used, or a setting is not valid.
    """
    lifetime = Lifetime()
    platform = _platform(settings, url, lifetime)
    features = _features(platform, lifetime)
    native = _native(platform, features)
    features.identity.ensure_owner(settings.home / "token", settings.token)
    features.workspaces.welcome(features.datastores.furnish)
    features.workspaces.ensure_default(features.identity.owner_name)
    keys = IdempotencyStore(platform.database, platform.clock, platform.owner, owner_is_gone)
    layer = IdempotencyLayer(native, keys, secret=("/api/v1/tokens",))
    gate = Gate(Mounts({}, layer), features.identity, _policy(settings, url), platform.reserve)
    return Application(gate, lifetime)


def _platform(settings: Settings, url: str, lifetime: Lifetime) -> Platform:
    clock = SystemClock()
    reserve = DiskReserve(settings.home / "run" / "reserve", settings.disk_reserve_mb * 2**20, clock)
    database = Database(settings.database)
    lifetime.on_stop(database.close)
    database.when_full(reserve.note_full)
    prepare_schema(database)
    reserve.prepare()
    owner = owner_name(ProcessIdentity.own())
    return Platform(
        settings=settings,
        url=url,
        clock=clock,
        database=database,
        vault=Vault.open(settings.home / "secret.key"),
        events=_events(database, lifetime),
        leases=Leases(database, clock, owner, owner_is_gone),
        reserve=reserve,
        owner=owner,
    )


def _events(database: Database, lifetime: Lifetime) -> EventBus:
    events = EventBus()
    lifetime.on_stop(events.close)
    if not database.is_sqlite:
        from lapisml.server.platform.postgres_relay import PostgresRelay

        relay = PostgresRelay(events, database.engine.url.set(drivername="postgresql").render_as_string(False))
        lifetime.add(relay)
    return events


def _features(platform: Platform, lifetime: Lifetime) -> Features:
    settings, database, clock = platform.settings, platform.database, platform.clock
    storage = settings.home / "storage"
    tracking = TrackingService(database, clock)
    lifetime.on_stop(tracking.close)
    datastores = DatastoreService(
        database,
        platform.vault,
        clock,
        storage,
        RewriteRules(settings.uri_rewrites),
        LocalAccess(settings.home, settings.local_roots),
        settings.allow_private_addresses,
    )
    return Features(
        identity=IdentityService(database, clock),
        workspaces=WorkspaceService(database, clock, storage),
        datastores=datastores,
        computes=ComputeService(database, clock, settings.local_slots or os.cpu_count() or 1),
        tracking=tracking,
    )


def _native(platform: Platform, features: Features) -> FastAPI:
    workspaces = features.workspaces
    address: Callable[[], str] = lambda: platform.url  # noqa: E731 - a constant as a function
    native = native_application()
    facts = (platform.settings, platform.database, workspaces, platform.url, platform.clock.now_ms())
    for routes in (
        status.router(*facts),
        identity_routes.router(features.identity),
        workspace_routes.router(workspaces, address),
        datastore_routes.router(features.datastores, workspaces),
        compute_routes.router(features.computes, workspaces),
    ):
        native.include_router(routes)
    return native


def _policy(settings: Settings, url: str) -> RequestPolicy:
    public = urlsplit(url)
    named = {settings.host.lower(), (public.hostname or "").lower(), *map(str.lower, settings.allowed_hosts)}
    return RequestPolicy(
        hosts=LOOPBACK_NAMES | frozenset(name for name in named if name not in ("", "0.0.0.0", "::")),  # noqa: S104
        origins=frozenset(settings.allowed_origins),
        scheme=public.scheme,
        max_body=settings.max_body_mb * 2**20,
    )
