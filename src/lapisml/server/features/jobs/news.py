"""Which jobs have moved since somebody looked: for those who watch all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from lapisml.core.lifecycle import TERMINAL, JobState
from lapisml.server.features.jobs.tables import job_events, jobs
from lapisml.server.platform.database import Database

MOST = 500
"""How many moves are read at once."""

_OVERLAP = 64
"""How many numbers of moves are read again: on PostgreSQL one may show up after a later one."""
_DEEPEST = 16

_names: BindParameter[list[str]] = bindparam("names", expanding=True)
_LAST = select(func.coalesce(func.max(job_events.c.seq), 0))
_SINCE = (
    select(job_events.c.seq, job_events.c.after, jobs.c.workspace_id, jobs.c.name, jobs.c.parent_name)
    .join(jobs, jobs.c.seq == job_events.c.job_seq)
    .where(job_events.c.seq > bindparam("after"))
    .order_by(job_events.c.seq)
    .limit(MOST + _OVERLAP)
)
_PARENTS = (
    select(jobs.c.parent_name)
    .where(jobs.c.workspace_id == bindparam("workspace"), jobs.c.name.in_(_names), jobs.c.parent_name.is_not(None))
    .distinct()
)
_WAITING = select(jobs.c.workspace_id).where(jobs.c.status == JobState.QUEUED.value).distinct()


@dataclass(frozen=True)
class Moved:
    """A job that moved.

    Attributes:
        is_over: it has come to its end.
    """

    workspace_id: int
    name: str
    parent_name: str | None
    is_over: bool


class JobNews:
    """Reads moves from the present moment on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: deque[int] = deque(maxlen=MOST + 2 * _OVERLAP)
        with database.read() as connection:
            self._begin: int = connection.execute(_LAST).scalar_one()
        self._last = self._begin

    def moved(self) -> list[Moved]:
        """Give the moves since the last call, up to `MOST`, each one once."""
        with self._database.read() as connection:
            rows = connection.execute(_SINCE, {"after": max(0, self._last - _OVERLAP)}).all()
        seen = set(self._seen)
        new = [row for row in rows if row.seq not in seen and row.seq > self._begin]
        self._seen.extend(row.seq for row in new)
        self._last = max([self._last, *(row.seq for row in new)])
        return [Moved(row.workspace_id, row.name, row.parent_name, JobState(row.after) in TERMINAL) for row in new]

    def ancestors(self, workspace_id: int, names: Iterable[str]) -> set[str]:
        """Give the jobs that `names` are part of, at any depth, themselves among them."""
        found: set[str] = set()
        level = set(names)
        with self._database.read() as connection:
            for _ in range(_DEEPEST):
                found |= level
                level = self._parents(connection, workspace_id, level) - found if level else set()
        return found

    def waiting(self) -> set[int]:
        """Give the workspaces in which jobs wait for their turn."""
        with self._database.read() as connection:
            return set(connection.execute(_WAITING).scalars())

    @staticmethod
    def _parents(connection: Connection, workspace_id: int, names: set[str]) -> set[str]:
        return set(connection.execute(_PARENTS, {"workspace": workspace_id, "names": sorted(names)}).scalars())
