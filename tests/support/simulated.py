"""A compute behind the port that runs nothing, and one lane of a server over it: as many jobs as one likes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from lapisml.core.clock import Clock
from lapisml.core.lifecycle import JobState
from lapisml.ports.compute import Handle, JobPhase, JournalEntry, Observation, Watch
from lapisml.server.features.jobs.live import Beat, LiveJobs
from lapisml.server.features.jobs.oversee import Overseer
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.tables import job_events, jobs
from lapisml.server.features.jobs.taking import Taking
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.leases import Leases


class SimulatedCompute:
    """Says of each job what it was told to.

    Attributes:
        asked: how many jobs it was asked about.
    """

    def __init__(self) -> None:
        self.journals: dict[str, list[JournalEntry]] = {}
        self.phases: dict[str, JobPhase] = {}
        self.canceled: list[str] = []
        self.asked = 0

    def say(self, job: str, phase: str) -> None:
        """Let a job enter a phase."""
        journal = self.journals.setdefault(job, [])
        journal.append(JournalEntry(len(journal) + 1, 1_000 + len(journal), phase))
        self.phases[job] = JobPhase(phase)

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Answer for each job."""
        self.asked += len(watches)
        return [self._observe(watch) for watch in watches]

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Note the request."""
        del grace_s, by
        self.canceled.append(handle.job)

    def _observe(self, watch: Watch) -> Observation:
        job = watch.handle.job
        journal = self.journals.get(job, [])
        new = journal[watch.journal_after :]
        return Observation(
            watch.handle, self.phases.get(job, JobPhase.RUNNING), journal=new, journal_cursor=len(journal)
        )


class Told:
    """Stands where runs are kept."""

    def set_run_status(self, *_: Any) -> None:
        """Do nothing."""

    def log_system_metrics(self, *_: Any) -> None:
        """Do nothing."""


class WatchedLane:
    """One server's lane over a compute with the name ``cluster``."""

    def __init__(
        self, database: Database, clock: Clock, compute: SimulatedCompute, home: Path, owner: str, launcher: Any = None
    ) -> None:
        self.database = database
        self.compute = compute
        self._workspaces = WorkspaceService(database, clock, home / "storage", home / "runs")
        self.workspace, _ = self._workspaces.create_or_update("default", {"name": "default"}, "ann")
        self.leased = SiteLease(Leases(database, clock, owner), "site", resource="compute:1:cluster")
        self.tasks = Tasks(1, after=lambda: None)
        self.jobs = LiveJobs(database, Beat("site", (self.workspace.id, "cluster")))
        tracking: Any = Told()
        self.taking = Taking(clock, tracking, self._workspaces, self.leased, self.jobs)
        nothing: Any = None
        backend: Any = compute
        self.overseer = Overseer(
            database, clock, lambda: backend, launcher, nothing, self._workspaces, self.leased, self.tasks, self.jobs,
            self.taking,
        )  # fmt: skip

    def add(self, count: int, state: JobState = JobState.RUNNING, *, handed_over: bool = True) -> list[str]:
        """Write rows of jobs that the compute was given, and has taken unless they are still to be handed over."""
        names = [f"job_{number}" for number in range(count)]
        unset = dict.fromkeys(column.name for column in jobs.columns if column.nullable)
        for column in ("seq", "parent_name", "step"):
            unset.pop(column, None)
        common = {
            **unset, "workspace_id": self.workspace.id, "document": {}, "submitted_digest": "", "experiment_name": "e",
            "display_name": "d", "type": "command", "properties": {}, "warnings": [], "status": state.value,
            "status_code": state.value, "status_reason": "", "compute": "cluster", "wanted_nodes": 1, "nodes": [],
            "priority": 0, "submit_key": "k", "site": "site", "engine": "cluster", "handed_over": handed_over,
            "created_by": "ann", "created_at": 1, "changed_at": 1, "allotted_at": 1, "archived": False,
        }  # fmt: skip
        with self.database.write() as connection:
            connection.execute(insert(jobs), [{**common, "name": name} for name in names])
        return names

    def states(self) -> dict[str, str]:
        """Give the state of each job."""
        with self.database.read() as connection:
            rows = connection.execute(select(jobs.c.name, jobs.c.status)).all()
        return {row.name: row.status for row in rows}

    def moves(self, name: str) -> list[str]:
        """Give the states that a job's events tell of, in order."""
        query = select(job_events.c.after).join(jobs, jobs.c.seq == job_events.c.job_seq).where(jobs.c.name == name)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(job_events.c.seq)).scalars())
