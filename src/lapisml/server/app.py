"""The composition root: the one place that knows every part, makes it and connects it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lapisml.core.clock import Clock, SystemClock
from lapisml.server import status
from lapisml.server.features.identity import routes as identity_routes
from lapisml.server.features.identity.service import IdentityService
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
from lapisml.server.platform.mounts import Mounts
from lapisml.server.platform.policy import LOOPBACK_NAMES, RequestPolicy
from lapisml.server.platform.processes import ProcessIdentity, owner_is_gone, owner_name
from lapisml.server.platform.schema import prepare_schema
from lapisml.server.platform.service import BackgroundService
from lapisml.server.settings import Settings

log = logging.getLogger("lapisml.server")


@dataclass
class Platform:
    """What every feature is built on."""

    settings: Settings
    url: str
    clock: Clock
    database: Database
    events: EventBus
    leases: Leases
    reserve: DiskReserve
    owner: str


@dataclass
class Application:
    """The whole server behind its socket.

    Attributes:
        asgi: answers requests.
        services: background work, in the order in which it starts; it stops in the reverse order.
    """

    asgi: AsgiApp
    platform: Platform
    services: list[BackgroundService] = field(default_factory=list)

    def start(self) -> None:
        """Start the background work."""
        for service in self.services:
            service.start()

    def stop(self) -> None:
        """Stop the background work, close the database. Jobs go on."""
        self.platform.events.close()
        for service in reversed(self.services):
            service.stop()
        self.platform.database.close()


def create_app(settings: Settings, url: str) -> Application:
    """Make the server's parts and connect them.

    Args:
        url: the server's public URL, without a slash at its end.

    Raises:
        LapisError: the database can't be used, or a setting is not valid.
    """
    platform = _platform(settings, url)
    identity = IdentityService(platform.database, platform.clock)
    workspaces = WorkspaceService(platform.database, platform.clock, settings.home / "storage")
    identity.ensure_owner(settings.home / "token", settings.token)
    native = native_application()
    native.include_router(status.router(settings, platform.database, workspaces, url, platform.clock.now_ms()))
    native.include_router(identity_routes.router(identity))
    native.include_router(workspace_routes.router(workspaces, lambda: url))
    workspaces.ensure_default(identity.owner_name)
    keys = IdempotencyStore(platform.database, platform.clock, platform.owner, owner_is_gone)
    application = Mounts({}, IdempotencyLayer(native, keys, secret=("/api/v1/tokens",)))
    gate = Gate(application, identity, _policy(settings, url), platform.reserve)
    return Application(gate, platform)


def _platform(settings: Settings, url: str) -> Platform:
    clock = SystemClock()
    reserve = DiskReserve(settings.home / "run" / "reserve", settings.disk_reserve_mb * 2**20, clock)
    database = Database(settings.database)
    database.when_full(reserve.note_full)
    prepare_schema(database)
    reserve.prepare()
    owner = owner_name(ProcessIdentity.own())
    leases = Leases(database, clock, owner, owner_is_gone)
    return Platform(settings, url, clock, database, EventBus(), leases, reserve, owner)


def _policy(settings: Settings, url: str) -> RequestPolicy:
    public = urlsplit(url)
    named = {settings.host.lower(), (public.hostname or "").lower(), *map(str.lower, settings.allowed_hosts)}
    return RequestPolicy(
        hosts=LOOPBACK_NAMES | frozenset(name for name in named if name not in ("", "0.0.0.0", "::")),  # noqa: S104
        origins=frozenset(settings.allowed_origins),
        scheme=public.scheme,
        max_body=settings.max_body_mb * 2**20,
    )
