"""Jobs at a glance: what runs, waits and failed; the line of a compute; how much of it was in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from lapisml.core.lifecycle import COMPOSITE, ON_COMPUTE, JobState
from lapisml.server.features.compute.service import BUILT_IN, ComputeService, Pool
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.records import JobFilter, JobRecord
from lapisml.server.features.jobs.service import JobService, Standing
from lapisml.server.features.jobs.tables import jobs
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_WAITING = (JobState.NOT_STARTED, JobState.QUEUED)
_RUNNING = tuple(sorted(ON_COMPUTE | {JobState.CANCEL_REQUESTED}))

MOST_SPANS = 5_000
"""Jobs that the use of a compute is told from, the latest."""


@dataclass(frozen=True)
class Glance:
    """The first jobs of a list, newest first, where each stands, and how many there are in all."""

    jobs: Sequence[tuple[JobRecord, Standing]]
    total: int


@dataclass(frozen=True)
class Line:
    """A compute as the queue knows it.

    Attributes:
        busy: nodes that jobs hold.
        waiting: jobs in line.
    """

    pool: Pool
    busy: int
    waiting: int


@dataclass(frozen=True)
class Span:
    """When a job waited for nodes of a compute and held them; milliseconds since the epoch, None: not yet."""

    created_at: int
    allotted_at: int | None
    ended_at: int | None
    nodes: int


class JobBoard:
    """Answers what pages show of many jobs, with a few queries that never read all jobs."""

    def __init__(self, database: Database, service: JobService, computes: ComputeService) -> None:
        self._database = database
        self._service = service
        self._computes = computes

    def running(self, workspace: Workspace, limit: int) -> Glance:
        """Give the jobs that have nodes or steps at work, those that others started left out."""
        return self._glance(workspace, _in(_RUNNING), limit)

    def waiting(self, workspace: Workspace, limit: int) -> Glance:
        """Give the jobs that wait, the oldest first and steps of pipelines too, with the reason of each."""
        return self._glance(workspace, _in(_WAITING), limit, is_of_waiting=True)

    def failed(self, workspace: Workspace, limit: int, since: int) -> Glance:
        """Give the jobs that failed last and not before `since` (milliseconds since the epoch); no total is counted."""
        with self._database.read() as connection:
            rows = _rows(connection, workspace.id, _in((JobState.FAILED,)), limit, is_of_waiting=False)
        found = [job for job in rows if (job.ended_at or 0) >= since]
        return Glance(self._with_standings(workspace, found), len(found))

    def latest(self, workspace: Workspace, limit: int) -> Glance:
        """Give the jobs submitted last; no total is counted."""
        found = self._service.find(workspace, JobFilter(), limit)
        return Glance(self._with_standings(workspace, found), len(found))

    def queue(self, workspace: Workspace, compute: str, limit: int) -> Glance:
        """Give who waits for a compute, first in line first, and why.

        Raises:
            LapisError: NotFound.
        """
        name = self._pool(workspace, compute).name
        with self._database.read() as connection:
            waits = (*_of_line(workspace.id, name), jobs.c.status == JobState.QUEUED.value)
            order = (jobs.c.priority.desc(), jobs.c.seq)
            names = connection.execute(select(jobs.c.name).where(*waits).order_by(*order).limit(limit)).scalars().all()
            total = connection.execute(select(func.count()).select_from(jobs).where(*waits)).scalar_one()
            found = [job for one in names if (job := store.get(connection, workspace.id, one)) is not None]
        return Glance(self._with_standings(workspace, found), int(total))

    def lines(self, workspace: Workspace) -> list[Line]:
        """Give every compute of a workspace, the two that need no document first."""
        names = [*BUILT_IN, *(record.name for record in self._computes.all_of(workspace))]
        pools = [pool for name in names if (pool := self._computes.pool(workspace, name)) is not None]
        with self._database.read() as connection:
            waiting = _counts(connection, workspace.id)
            held = {pool.name: _held(connection, workspace.id, pool.name) for pool in pools}
        return [Line(pool, held[pool.name], waiting.get(pool.name, 0)) for pool in pools]

    def spans(self, workspace: Workspace, compute: str, since: int) -> tuple[Pool, list[Span], bool]:
        """Give when the latest jobs of a compute waited and ran, as far as that was after `since`.

        Returns:
            The compute, the spans, and whether there are more jobs than could be looked at.
        """
        pool = self._pool(workspace, compute)
        c = jobs.c
        columns = (c.created_at, c.allotted_at, c.ended_at, c.wanted_nodes)
        where = (*_of_line(workspace.id, pool.name), c.type.not_in(sorted(COMPOSITE)))
        query = select(*columns).where(*where).order_by(c.seq.desc()).limit(MOST_SPANS)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = [Span(*row) for row in rows if row.ended_at is None or row.ended_at >= since]
        return pool, found, len(rows) == MOST_SPANS and len(found) == len(rows)

    def _pool(self, workspace: Workspace, compute: str) -> Pool:
        pool = self._computes.pool(workspace, compute)
        if pool is None:
            self._computes.get(workspace, compute)  # says how to make it
        assert pool is not None
        return pool

    def _glance(
        self, workspace: Workspace, wanted: ColumnElement[bool], limit: int, is_of_waiting: bool = False
    ) -> Glance:
        with self._database.read() as connection:
            found = _rows(connection, workspace.id, wanted, limit, is_of_waiting)
            where = _where(workspace.id, wanted, is_of_waiting)
            total = connection.execute(select(func.count()).select_from(jobs).where(*where)).scalar_one()
        return Glance(self._with_standings(workspace, found), int(total))

    def _with_standings(self, workspace: Workspace, found: list[JobRecord]) -> list[tuple[JobRecord, Standing]]:
        return list(zip(found, self._service.standings(workspace, found), strict=True))


def _in(states: Sequence[JobState]) -> ColumnElement[bool]:
    return jobs.c.status.in_([state.value for state in states])


def _where(workspace_id: int, wanted: ColumnElement[bool], is_of_waiting: bool) -> list[ColumnElement[bool]]:
    """``+ 0`` keeps SQLite from the index of workspaces: few jobs are in these states, and they have an index."""
    where = [wanted, jobs.c.workspace_id + 0 == workspace_id, ~jobs.c.archived]
    return where if is_of_waiting else [*where, jobs.c.parent_name.is_(None)]


def _rows(
    connection: Connection, workspace_id: int, wanted: ColumnElement[bool], limit: int, is_of_waiting: bool
) -> list[JobRecord]:
    order = jobs.c.seq if is_of_waiting else jobs.c.seq.desc()
    query = select(jobs).where(*_where(workspace_id, wanted, is_of_waiting)).order_by(order).limit(limit)
    rows = connection.execute(query)
    return [JobRecord(**{**row._mapping, "status": JobState(row.status)}) for row in rows]  # noqa: SLF001 - documented view of a row


def _of_line(workspace_id: int, compute: str) -> tuple[ColumnElement[bool], ...]:
    return jobs.c.workspace_id == workspace_id, jobs.c.compute == compute


def _counts(connection: Connection, workspace_id: int) -> dict[str, int]:
    where = (jobs.c.status == JobState.QUEUED.value, jobs.c.workspace_id == workspace_id)
    query: Any = select(jobs.c.compute, func.count()).where(*where).group_by(jobs.c.compute)
    return {name: int(count) for name, count in connection.execute(query)}


def _held(connection: Connection, workspace_id: int, compute: str) -> int:
    """Count the nodes that are held; one for each job whose compute gives out its nodes itself."""
    found = store.holding(connection, workspace_id, compute)
    return len({node for held in found for node in held.nodes}) + sum(not held.nodes for held in found)
