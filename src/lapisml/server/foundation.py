"""What stands below every feature: the platform, the backends, and what jobs are launched with."""

from __future__ import annotations

from collections.abc import Callable

from lapisml import __version__
from lapisml.backends.registry import BACKENDS, load_backend
from lapisml.core.clock import SystemClock
from lapisml.core.ids import new_token
from lapisml.ports.attach import Attachment, Seal
from lapisml.ports.compute import ComputeBackend
from lapisml.ports.environments import Resolution
from lapisml.ports.storage import Storage
from lapisml.server.features.compute.attachments import Attachments, Surroundings
from lapisml.server.features.datastores.default_store import location_of
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.features.endpoints.share_holding import hold_of_shares
from lapisml.server.features.jobs.holding import hold_of_jobs
from lapisml.server.features.jobs.launch import LaunchSettings
from lapisml.server.features.node.assembly import NodesPart
from lapisml.server.features.node.assembly import assemble as add_nodes
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.joining import check_key
from lapisml.server.parts import Backends, Platform
from lapisml.server.platform.capacity import DiskReserve
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.files import create_private
from lapisml.server.platform.installation import Installation
from lapisml.server.platform.leases import Leases
from lapisml.server.platform.lifetime import Lifetime
from lapisml.server.platform.processes import ProcessIdentity, owner_is_gone, owner_name
from lapisml.server.platform.schema import prepare_schema
from lapisml.server.platform.servers import Server, Servers
from lapisml.server.platform.sqlite_reserve import SqliteReserve
from lapisml.server.platform.vault import Vault
from lapisml.server.settings import Settings

_STORAGE, _BUILDER, _COMPUTE = "fsspec", "uv", "local"


def make_platform(settings: Settings, url: str, lifetime: Lifetime, peer_url: str = "") -> Platform:
    """Open the database, which is brought to this release's version, and make what every feature is built on.

    Args:
        url: the server's public URL.
        peer_url: where other servers reach it; empty: at `url`.

    Raises:
        LapisError: DatabaseVersion, StorageUnreachable, StorageFull.
    """
    clock = SystemClock()
    reserve = DiskReserve(settings.home / "run" / "reserve", settings.disk_reserve_mb * 2**20, clock)
    reserve.make_room()
    database = Database(settings.database)
    lifetime.on_stop(database.close)
    database.when_full(reserve.note_full)
    prepare_schema(database)
    reserve.prepare(SqliteReserve(database))
    owner = owner_name(ProcessIdentity.own())
    site = create_private(settings.home / "site", f"{new_token()}\n".encode()).decode().strip()
    servers = Servers(database, Server(owner, site, peer_url or url, __version__))
    lifetime.add(servers)
    return Platform(
        settings=settings,
        url=url,
        clock=clock,
        database=database,
        vault=_vault(settings, database),
        events=_events(database, lifetime),
        leases=Leases(database, clock, owner, owner_is_gone),
        reserve=reserve,
        owner=owner,
        servers=servers,
    )


def make_backends(settings: Settings) -> Backends:
    """Make the implementations of the ports."""
    options = {
        "root": str(settings.home / "environments"),
        "offline": settings.offline,
        "python_downloads": settings.python_downloads,
        "catalogue_file": str(settings.catalogue_file) if settings.catalogue_file else None,
    }
    return Backends(
        storage=load_backend("storage", _STORAGE)(),
        builder=load_backend("environments", _BUILDER)(**options),
        builder_options=options,
        compute=load_backend("compute", _COMPUTE)(settings.home),
    )


def launch_settings(settings: Settings, backends: Backends, vault: Vault) -> LaunchSettings:
    """Give what runners of jobs are told."""
    return LaunchSettings(
        home=settings.home,
        resolution=Resolution(settings.environment_resolution),
        builder=BACKENDS["environments"][_BUILDER].target,
        builder_options=backends.builder_options,
        storage=BACKENDS["storage"][_STORAGE].target,
        wake_socket=settings.home / "run" / "wake.sock",
        drop_ins=settings.drop_ins,
        crew_key=vault.subkey("mini-batches"),
    )


def _vault(settings: Settings, database: Database) -> Vault:
    vault = Vault.open(settings.home / "secret.key", settings.secret_key)
    if not database.is_sqlite:  # which other servers use, with other homes
        check_key(Installation(database), vault)
    return vault


def own_files(settings: Settings) -> OwnFiles:
    """Give the place where workspaces keep their files.

    Raises:
        LapisError: Usage, DocumentInvalid, NotSupported.
    """
    base = location_of(settings.default_datastore, settings.default_datastore_credentials)
    return OwnFiles(settings.home / "storage", base)


def _events(database: Database, lifetime: Lifetime) -> EventBus:
    events = EventBus()
    lifetime.on_stop(events.close)
    if not database.is_sqlite:
        from lapisml.server.platform.postgres_relay import PostgresRelay

        relay = PostgresRelay(events, database.engine.url.set(drivername="postgresql").render_as_string(False))
        lifetime.add(relay)
    return events


def make_nodes(platform: Platform, storage: Storage, workspaces: WorkspaceService) -> NodesPart:
    """Make what gives files to jobs elsewhere; jobs and the shares of deployments hold tickets for them."""
    holders = (hold_of_jobs(platform.database), hold_of_shares(platform.database))
    return add_nodes(platform.vault, platform.clock, storage, workspaces, holders)


def make_attachments(platform: Platform, seal_for: Callable[[str], Seal]) -> Attachments:
    """Make what keeps the backends of attached computes; it connects to nothing."""

    def make(name: str, attachment: Attachment) -> ComputeBackend:
        backend: ComputeBackend = load_backend("compute", name)(attachment)
        return backend

    label = platform.vault.subkey("nodes").hex()[:12]
    around = Surroundings(platform.settings.home, label, platform.servers.me.url, seal_for)
    return Attachments(platform.vault, make, around)
