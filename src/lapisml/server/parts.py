"""What the server is put together from, in groups: the platform, the backends, the features' services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lapisml.core.clock import Clock
from lapisml.ports.compute import ComputeBackend
from lapisml.ports.environments import EnvironmentBuilder
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.content import ContentService
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.assets.upload_request import Uploads
from lapisml.server.features.batch_endpoints.assembly import BatchEndpointsPart
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.connections.service import ConnectionService
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.endpoints.assembly import EndpointsPart
from lapisml.server.features.feature_sets.service import FeatureSetService
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.node.assembly import NodesPart
from lapisml.server.features.registries.assembly import RegistriesPart
from lapisml.server.features.schedules.assembly import SchedulesPart
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.capacity import DiskReserve
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import Leases
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.servers import Servers
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
    servers: Servers

    @property
    def site(self) -> str:
        """Lasting name of this installation."""
        return self.servers.me.site


@dataclass(frozen=True)
class Backends:
    """The implementations of the ports."""

    storage: Storage
    builder: EnvironmentBuilder
    builder_options: dict[str, Any]
    compute: ComputeBackend


@dataclass(frozen=True)
class Features:
    """The services of the features, in the order in which they may know each other."""

    identity: IdentityService
    workspaces: WorkspaceService
    datastores: DatastoreService
    assets: AssetService
    uploads: Uploads
    content: ContentService
    registries: RegistriesPart
    connections: ConnectionService
    feature_sets: FeatureSetService
    computes: ComputeService
    tracking: TrackingService
    nodes: NodesPart


@dataclass(frozen=True)
class LateFeatures:
    """The features that build on jobs."""

    schedules: SchedulesPart
    endpoints: EndpointsPart
    batch_endpoints: BatchEndpointsPart

    @property
    def routes(self) -> tuple[Routes, ...]:
        """Their native routes."""
        online = self.endpoints
        return self.schedules.routes, online.routes, online.page_routes, self.batch_endpoints.routes
