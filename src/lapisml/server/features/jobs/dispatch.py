"""Gives nodes to the jobs at the head of each line."""

from __future__ import annotations

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.lifecycle import JobState, Move
from lapisml.core.queue import Allotment, allot
from lapisml.server.features.compute.service import ComputeService, Pool
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.store import JobRecord
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database


class Dispatcher:
    """Moves waiting jobs to Preparing as nodes become free.

    The free nodes are read and given out in one write transaction, so no node is ever given twice, also not by
    two servers.

    Args:
        leased: the installation whose compute will run the jobs, and the right to act for it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        computes: ComputeService,
        workspaces: WorkspaceService,
        leased: SiteLease,
    ) -> None:
        self._database = database
        self._clock = clock
        self._computes = computes
        self._workspaces = workspaces
        self._leased = leased

    def dispatch(self) -> int:
        """Serve every line once.

        Returns:
            How many jobs were given nodes.
        """
        with self._database.read() as connection:
            lines = store.waiting_computes(connection)
        return sum(self._serve(workspace_id, compute) for workspace_id, compute in lines)

    def _serve(self, workspace_id: int, compute: str) -> int:
        workspace = self._workspaces.by_id(workspace_id)
        pool = self._computes.pool(workspace, compute)
        if pool is None or not pool.open:
            return 0
        with self._database.read() as connection:
            if not self._free(connection, workspace_id, pool):
                return 0
        with self._leased.write() as connection:
            self._computes.lock_line(connection, workspace, pool.name)
            given = self._free(connection, workspace_id, pool)
            now = self._clock.now_ms()
            for allotment in given:
                job = store.get(connection, workspace_id, allotment.job)
                values = {"nodes": list(allotment.nodes), "site": self._leased.site, "allotted_at": now}
                if job is not None:
                    store.move(connection, job, _allotted(allotment, pool, now), **values)
        return len(given)

    def _free(self, connection: Connection, workspace_id: int, pool: Pool) -> list[Allotment]:
        held = store.holding(connection, workspace_id, pool.name)
        if sum(len(holder.nodes) for holder in held) >= pool.capacity:
            return []
        return allot(pool.capacity, held, store.in_line(connection, workspace_id, pool.name))


def _allotted(allotment: Allotment, pool: Pool, now: int) -> Move:
    nodes = ", ".join(str(node) for node in allotment.nodes)
    plural = "s" if len(allotment.nodes) > 1 else ""
    sentence = f"Preparing on node{plural} {nodes} of {pool.name}: code, environment and inputs."
    return Move(JobState.PREPARING, "Allotted", sentence, now)


def needs_hand_over(job: JobRecord) -> bool:
    """Say whether a job holds nodes but has not reached its compute yet."""
    return job.allotted_at is not None and not job.handed_over and not job.is_over
