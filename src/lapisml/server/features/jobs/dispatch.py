"""Gives nodes to the jobs at the head of each line."""

from __future__ import annotations

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.lifecycle import JobState, Move
from lapisml.core.progress import WAITS_THERE
from lapisml.core.queue import Allotment, allot
from lapisml.server.features.compute.service import ComputeService, Pool
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.topics import lane_topic
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus

_AT_ONCE = 200
"""Jobs that a compute with a queue of its own is given in one transaction."""


class Dispatcher:
    """Moves waiting jobs to Preparing as nodes become free.

    The free nodes are read and given out in one write transaction, so no node is ever given twice, also not by
    two servers. The lane of an attached compute is told of the jobs that it was given: it looked when they entered the
    line, which was too early.

    Args:
        leased: the installation whose compute will run the jobs, and the right to act for it.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        computes: ComputeService,
        workspaces: WorkspaceService,
        leased: SiteLease,
    ) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._computes = computes
        self._workspaces = workspaces
        self._leased = leased

    def dispatch(self) -> int:
        """Serve every line once.

        Returns:
            How many jobs were given nodes.
        """
        with self._database.read() as connection:
            lines = [(self._workspaces.by_id(number), name) for number, name in store.waiting_computes(connection)]
            open_lines = [(workspace, pool) for workspace, name in lines if (pool := self._open(workspace, name))]
            due = [(workspace, pool) for workspace, pool in open_lines if _count_free(connection, workspace.id, pool)]
        return sum(self._serve(workspace, pool) for workspace, pool in due)

    def _open(self, workspace: Workspace, compute: str) -> Pool | None:
        pool = self._computes.pool(workspace, compute)
        return pool if pool is not None and pool.open and not pool.trouble else None

    def _serve(self, workspace: Workspace, pool: Pool) -> int:
        with self._leased.write() as connection:
            self._computes.lock_line(connection, workspace, pool.engine or pool.name)
            if not self._computes.takes_jobs(connection, workspace, pool):
                return 0  # it was deleted or is being detached since it was looked at
            given = _passed_on(connection, workspace.id, pool) if pool.queues else _free(connection, workspace.id, pool)
            now = self._clock.now_ms()
            for allotment in given:
                job = store.get(connection, workspace.id, allotment.job)
                if job is not None:
                    _place(connection, job, allotment, pool, self._leased.site, now)
        if given and pool.engine is not None:
            self._events.notify(lane_topic(workspace.id, pool.engine))
        return len(given)


def _place(connection: Connection, job: JobRecord, allotment: Allotment, pool: Pool, site: str, now: int) -> None:
    values = {"nodes": list(allotment.nodes), "site": site, "engine": pool.engine}
    if pool.queues:
        sentence = f"Queued: on its way to {pool.name}, which has a queue of its own."
        store.tell(connection, job, Move(JobState.QUEUED, WAITS_THERE, sentence, now), **values)
    else:
        store.move(connection, job, _allotted(allotment, pool, now), **values, allotted_at=now)


def _free(connection: Connection, workspace_id: int, pool: Pool) -> list[Allotment]:
    most = _count_free(connection, workspace_id, pool)
    line = store.in_line(connection, workspace_id, pool.name, limit=most)
    if pool.engine is None:
        return allot(pool.capacity, store.holding(connection, workspace_id, pool.name), line)
    held = store.holding_engine(connection, workspace_id, pool.engine)
    return allot(pool.shared or pool.capacity, held, line, pool.closed, most)


def _passed_on(connection: Connection, workspace_id: int, pool: Pool) -> list[Allotment]:
    """Give the jobs that a compute with a queue of its own may have now; it gives out its nodes itself."""
    room = _count_free(connection, workspace_id, pool)
    given = []
    for waiting in store.in_line(connection, workspace_id, pool.name, limit=min(room, _AT_ONCE)):
        if waiting.wanted > room:
            break
        room -= waiting.wanted
        given.append(Allotment(waiting.job, ()))
    return given


def _count_free(connection: Connection, workspace_id: int, pool: Pool) -> int:
    if pool.queues:
        return max(0, pool.capacity - store.in_flight(connection, workspace_id, pool.name))
    held = store.holding(connection, workspace_id, pool.name)
    return max(0, pool.capacity - sum(len(holder.nodes) for holder in held))


def _allotted(allotment: Allotment, pool: Pool, now: int) -> Move:
    nodes = ", ".join(str(node) for node in allotment.nodes)
    plural = "s" if len(allotment.nodes) > 1 else ""
    sentence = f"Preparing on node{plural} {nodes} of {pool.name}: code, environment and inputs."
    return Move(JobState.PREPARING, "Allotted", sentence, now)
