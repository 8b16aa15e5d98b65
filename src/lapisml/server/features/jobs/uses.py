"""Which jobs use what, and what jobs use: for lineage and for the pages of assets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from lapisml.core.lifecycle import JobState
from lapisml.server.features.jobs.tables import job_references, jobs
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_SHOWN = (
    jobs.c.seq, jobs.c.name, jobs.c.display_name, jobs.c.type, jobs.c.step, jobs.c.parent_name,
    jobs.c.experiment_name, jobs.c.status, jobs.c.created_at, jobs.c.started_at, jobs.c.ended_at,
)  # fmt: skip


@dataclass(frozen=True)
class JobGlimpse:
    """A job as others show it. Times are milliseconds since the epoch, UTC."""

    seq: int
    name: str
    display_name: str
    type: str
    step: str | None
    parent_name: str | None
    experiment_name: str
    status: JobState
    created_at: int
    started_at: int | None
    ended_at: int | None


class JobUses:
    """Looks up what jobs refer to (`references`), each question in one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def users(
        self, workspace: Workspace, words: Collection[str], limit: int, before: int | None = None
    ) -> list[JobGlimpse]:
        """Give the jobs that use one of several things, newest first, older than the one with number `before`."""
        used = select(job_references.c.job_seq).where(job_references.c.word.in_(words))
        where = [jobs.c.workspace_id == workspace.id, jobs.c.seq.in_(used)]
        return self._glimpses(where if before is None else [*where, jobs.c.seq < before], limit)

    def named(self, workspace: Workspace, names: Collection[str]) -> list[JobGlimpse]:
        """Give jobs by their names, newest first; those that are not there are left out."""
        return self._glimpses([jobs.c.workspace_id == workspace.id, jobs.c.name.in_(names)], len(names))

    def children(self, workspace: Workspace, parent: str, limit: int) -> list[JobGlimpse]:
        """Give jobs that a job started, newest first."""
        return self._glimpses([jobs.c.workspace_id == workspace.id, jobs.c.parent_name == parent], limit)

    def words(self, workspace: Workspace, names: Collection[str]) -> list[tuple[str, str]]:
        """Give (job, word) of everything that jobs use."""
        joined = job_references.join(jobs, jobs.c.seq == job_references.c.job_seq)
        query = select(jobs.c.name, job_references.c.word).select_from(joined)
        query = query.where(jobs.c.workspace_id == workspace.id, jobs.c.name.in_(names)).order_by(job_references.c.word)
        with self._database.read() as connection:
            return [(name, word) for name, word in connection.execute(query)]

    def _glimpses(self, where: Sequence[ColumnElement[bool]], limit: int) -> list[JobGlimpse]:
        query = select(*_SHOWN).where(*where).order_by(jobs.c.seq.desc()).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [JobGlimpse(**{**row._asdict(), "status": JobState(row.status)}) for row in rows]
