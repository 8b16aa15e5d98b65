"""A server's inner parts around schedules, over a database and a clock that several of them may share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Connection

from lapisml.backends.environments.catalogue import Catalogue
from lapisml.backends.storage.fsspec_storage import FsspecStorage
from lapisml.core.schedules.missed import Policy
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.datastores.local_access import LocalAccess
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.features.datastores.rewrites import RewriteRules
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.jobs.canceling import Canceler
from lapisml.server.features.jobs.intake import Intake
from lapisml.server.features.jobs.kinds import JobKinds
from lapisml.server.features.jobs.records import JobFilter, JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.submission import SubmissionChecker
from lapisml.server.features.schedules.assembly import SchedulesPart, assemble
from lapisml.server.features.schedules.records import Firing, ScheduleRecord
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.database import Database, metadata
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import Leases
from lapisml.server.platform.vault import Vault
from lapisml.testing.clock import FakeClock

COMMAND = {"type": "command", "command": "echo hello", "environment": {"image": "python"}}
HOURLY = {"type": "cron", "expression": "0 * * * *"}


class KilledError(BaseException):
    """The server's process has ended: nothing of it runs any longer."""


class MortalDatabase(Database):
    """A database whose server ends before or after a given write of the thread that made it.

    Attributes:
        ends_before, ends_after: number of the write, from 1; None to live on.
        writes: how many there were.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.ends_before: int | None = None
        self.ends_after: int | None = None
        self.writes = 0
        self.is_over = False
        self._thread = threading.current_thread()

    @contextmanager
    def write(self, wait: bool = True) -> Iterator[Connection]:
        if threading.current_thread() is not self._thread:
            with super().write(wait) as connection:
                yield connection
            return
        self.writes += 1
        self._end_if(self.ends_before == self.writes)
        with super().write(wait) as connection:
            yield connection
        self._end_if(self.ends_after == self.writes)

    def _end_if(self, now: bool) -> None:
        self.is_over = self.is_over or now
        if self.is_over:
            raise KilledError


@dataclass
class Server:
    """One server."""

    database: MortalDatabase
    clock: FakeClock
    events: EventBus
    workspaces: WorkspaceService
    computes: ComputeService
    assets: AssetService
    jobs: JobService
    part: SchedulesPart
    ws: Workspace

    def create(self, name: str = "nightly", trigger: Any = None, create_job: Any = None, **more: Any) -> ScheduleRecord:
        document = {"trigger": trigger or HOURLY, "create_job": create_job or COMMAND, **more}
        return self.part.service.create_or_update(self.ws, name, document, "ann")

    def get(self, name: str = "nightly") -> ScheduleRecord:
        return self.part.service.get(self.ws, name)

    def history(self, name: str = "nightly") -> list[Firing]:
        return self.part.service.history(self.get(name), 1000)

    def states(self, name: str = "nightly") -> list[str]:
        return [firing.state.value for firing in self.history(name)]

    def made(self) -> list[JobRecord]:
        """Give the jobs, the first first."""
        return self.jobs.find(self.ws, JobFilter(), 1000)[::-1]

    def due_of_jobs(self) -> list[str]:
        """Give the moments that the jobs were made for, in the order of the jobs."""
        return [job.properties["lapis.schedule_due"][:19] for job in self.made()]

    def round(self, minutes: float = 0) -> None:
        """Move the clock and do what the worker does."""
        self.clock.advance(round(minutes * 60_000))
        self.part.firer.round()


def make_server(url: str, home: Path, clock: FakeClock, owner: str = "one", policy: Policy | None = None) -> Server:
    """Make a server over a database that may exist already."""
    database, events, storage, root = MortalDatabase(url), EventBus(), FsspecStorage(), home / "storage"
    with database.write() as connection:
        metadata.create_all(connection)
    workspaces = WorkspaceService(database, clock, root)
    datastores = DatastoreService(
        database, Vault(Fernet.generate_key()), clock, OwnFiles(root), RewriteRules({}), LocalAccess(home, ()), False
    )
    workspaces.welcome(datastores.furnish)
    assets = AssetService(database, clock, datastores, storage, Catalogue())
    computes, tracking, kinds = ComputeService(database, clock, 2), TrackingService(database, clock), JobKinds()
    kinds.add("command", SubmissionChecker(assets, computes))
    intake = Intake(database, clock, events, tracking)
    canceler = Canceler(database, clock, events)
    jobs = JobService(database, clock, events, computes, tracking, kinds, intake, canceler)
    leases = Leases(database, clock, owner)
    part = assemble(database, clock, events, leases, jobs, workspaces, policy or Policy())
    workspace, _ = workspaces.create_or_update("default", {"name": "default"}, "ann")
    database.writes = 0
    return Server(database, clock, events, workspaces, computes, assets, jobs, part, workspace)
