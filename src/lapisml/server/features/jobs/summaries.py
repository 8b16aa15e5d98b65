"""What pages show of many jobs at once: read without their documents, in one statement each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, Text, bindparam, func, or_, select, type_coerce

from lapisml.core.lifecycle import COMPOSITE, TERMINAL, JobState
from lapisml.server.features.jobs.tables import jobs
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_workspace: BindParameter[int] = bindparam("workspace")
_names: BindParameter[list[str]] = bindparam("names", expanding=True)

_CHILDREN = (
    select(
        jobs.c.seq,
        jobs.c.name,
        jobs.c.step,
        jobs.c.type,
        jobs.c.display_name,
        jobs.c.status,
        jobs.c.status_code,
        jobs.c.status_reason,
        jobs.c.compute,
        jobs.c.properties,
        jobs.c.created_at,
        jobs.c.started_at,
        jobs.c.ended_at,
    )
    .where(jobs.c.workspace_id == _workspace, jobs.c.parent_name == bindparam("parent"))
    .order_by(jobs.c.seq)
)
_last_tries = (
    select(func.max(jobs.c.seq))
    .where(jobs.c.workspace_id == _workspace, jobs.c.parent_name.in_(_names))
    .group_by(jobs.c.parent_name, jobs.c.step)
)
_COUNTS = (
    select(jobs.c.parent_name, jobs.c.status, func.count())
    .where(jobs.c.seq.in_(_last_tries))
    .group_by(jobs.c.parent_name, jobs.c.status)
)
_STATES = select(jobs.c.name, jobs.c.status).where(jobs.c.workspace_id == _workspace, jobs.c.name.in_(_names))


@dataclass(frozen=True)
class JobSummary:
    """A job that another started. Times are milliseconds since the epoch, UTC."""

    seq: int
    name: str
    step: str
    type: str
    display_name: str
    status: JobState
    status_code: str
    status_reason: str
    compute: str
    properties: dict[str, str]
    created_at: int
    started_at: int | None
    ended_at: int | None

    @property
    def is_over(self) -> bool:
        """Whether the job is in a terminal state."""
        return self.status in TERMINAL


@dataclass(frozen=True)
class JobLine:
    """A job in a list of few words. Times are milliseconds since the epoch, UTC."""

    name: str
    display_name: str
    type: str
    status: str
    created_by: str
    created_at: int
    ended_at: int | None


class JobSummaries:
    """Reads summaries of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def children(self, workspace: Workspace, parent: str) -> list[JobSummary]:
        """Read the jobs that a job started, in the order in which it started them."""
        with self._database.read() as connection:
            rows = connection.execute(_CHILDREN, {"workspace": workspace.id, "parent": parent}).all()
        return [
            JobSummary(seq, name, step or name, kind, shown, JobState(status), *rest)
            for seq, name, step, kind, shown, status, *rest in rows
        ]

    def counts(self, workspace: Workspace, parents: Collection[str]) -> dict[str, dict[str, int]]:
        """Count the children of jobs by state, the last try of each step only; give parent → state → number."""
        found: dict[str, dict[str, int]] = {}
        with self._database.read() as connection:
            for parent, status, count in connection.execute(_COUNTS, self._which(workspace, parents)):
                found.setdefault(parent, {})[status] = count
        return found

    def states(self, workspace: Workspace, names: Collection[str]) -> dict[str, str]:
        """Read the states of jobs; those that are not there are left out."""
        with self._database.read() as connection:
            rows = connection.execute(_STATES, self._which(workspace, names)).all()
        return {row.name: row.status for row in rows}

    def naming(self, workspace: Workspace, reference: str, limit: int, words: Sequence[str] = ()) -> list[JobLine]:
        """Find pipelines and sweeps in whose documents a reference stands, newest first.

        Args:
            reference: as documents hold it: ``azureml:train:1``.
            words: further spellings of the same.
        """
        text = type_coerce(jobs.c.document, Text)
        spelled = [text.contains(f'"{word}"', autoescape=True) for word in (reference, *words)]
        query = (
            select(
                jobs.c.name,
                jobs.c.display_name,
                jobs.c.type,
                jobs.c.status,
                jobs.c.created_by,
                jobs.c.created_at,
                jobs.c.ended_at,
            )
            .where(
                jobs.c.workspace_id == workspace.id,
                jobs.c.parent_name.is_(None),
                jobs.c.type.in_(sorted(COMPOSITE)),
                or_(*spelled),
            )
            .order_by(jobs.c.seq.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [JobLine(*row) for row in connection.execute(query)]

    @staticmethod
    def _which(workspace: Workspace, names: Collection[str]) -> dict[str, object]:
        return {"workspace": workspace.id, "names": sorted(names)}
