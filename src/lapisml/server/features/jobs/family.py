"""What happens to a pipeline or a sweep and to all that it started, at any depth, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import BindParameter, and_, bindparam, or_, select

from lapisml.core.lifecycle import COMPOSITE
from lapisml.server.features.jobs.tables import job_events, jobs
from lapisml.server.platform.database import Database

MOST = 1000
"""How many moves are read at once."""

_parents: BindParameter[list[str]] = bindparam("parents", expanding=True)
_workspace = jobs.c.workspace_id == bindparam("workspace")

_MOVES = (
    select(
        job_events.c.seq,
        job_events.c.at,
        job_events.c.before,
        job_events.c.after,
        job_events.c.code,
        job_events.c.reason,
        jobs.c.name,
        jobs.c.step,
        jobs.c.type,
        jobs.c.parent_name,
        jobs.c.properties,
    )
    .join(jobs, jobs.c.seq == job_events.c.job_seq)
    .where(
        _workspace,
        or_(jobs.c.parent_name.in_(_parents), jobs.c.name == bindparam("root")),
        job_events.c.seq > bindparam("after"),
    )
    .order_by(job_events.c.seq)
    .limit(bindparam("most"))
)
_COMPOSITES = select(jobs.c.name).where(
    _workspace, and_(jobs.c.parent_name.in_(_parents), jobs.c.type.in_(sorted(COMPOSITE)))
)


@dataclass(frozen=True)
class FamilyMove:
    """One move of a job or of one that it started.

    Attributes:
        seq: number of the move.
        at: milliseconds since the epoch, UTC.
        before, after, code, reason: the move.
        job, step, type, parent: who moved; `parent` is None for the root.
        properties: of the job that moved.
    """

    seq: int
    at: int
    before: str
    after: str
    code: str
    reason: str
    job: str
    step: str | None
    type: str
    parent: str | None
    properties: dict[str, str]


class Family:
    """Reads the moves of one composite job and of its descendants, from a number on.

    Args:
        workspace_id: of the job.
        root: its name.
        after: number of the last move that is known already.
        most: how many moves are read at once.

    Attributes:
        is_whole: whether the last call of `moves` gave all that there was; else more can be had at once.
    """

    def __init__(self, database: Database, workspace_id: int, root: str, after: int = 0, most: int = MOST) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._root = root
        self._after = after
        self._most = most
        self._parents = self._composites({root})
        self.is_whole = False

    def moves(self) -> list[FamilyMove]:
        """Give what came since the last call, oldest first, as far as `is_whole` says; none when nothing came.

        A pipeline within the pipeline is met when it begins: what follows is then read again, with its children.
        """
        found: list[FamilyMove] = []
        while True:
            batch = self._read()
            self.is_whole = len(batch) < self._most
            met = next((at for at, move in enumerate(batch) if self._is_new_parent(move)), None)
            taken = batch if met is None else batch[: met + 1]
            found += taken
            if taken:
                self._after = taken[-1].seq
            if met is not None:
                self._parents.add(taken[-1].job)
            if met is None or len(found) >= self._most:
                self.is_whole = self.is_whole and met is None
                return found

    def parents(self) -> set[str]:
        """Name the jobs of the family that consist of others, as far as they are known."""
        return set(self._parents)

    def _is_new_parent(self, move: FamilyMove) -> bool:
        return move.type in COMPOSITE and move.job not in self._parents

    def _read(self) -> list[FamilyMove]:
        which = {**self._which(self._parents), "root": self._root, "after": self._after, "most": self._most}
        with self._database.read() as connection:
            rows = connection.execute(_MOVES, which).all()
        return [FamilyMove(*row) for row in rows]

    def _composites(self, parents: set[str]) -> set[str]:
        """Give `parents` and all composite jobs below them."""
        known, fresh = set(parents), set(parents)
        while fresh:
            with self._database.read() as connection:
                names = set(connection.execute(_COMPOSITES, self._which(fresh)).scalars())
            fresh = names - known
            known |= fresh
        return known

    def _which(self, parents: Collection[str]) -> dict[str, object]:
        return {"workspace": self._workspace_id, "parents": sorted(parents)}
