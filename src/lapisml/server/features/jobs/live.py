"""The jobs that one lane has to see to, in memory: read once, then kept up with what moved.

Every move of a job is an event, and events have numbers; so what moved since the last look is one short query,
however many jobs there are. All is read again when the lane's lease is a new one, and now and then.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from lapisml.core.lifecycle import JobState
from lapisml.server.features.jobs import statements
from lapisml.server.features.jobs.records import LiveJob
from lapisml.server.platform.database import Database

MOST = 2_000
"""Moves that are read at once."""

_OVERLAP = 64
"""How many numbers of moves are read again: on PostgreSQL one may show up after a later one."""

_AT_ONCE = 500

READ_AGAIN_S = 60.0
"""How often all are read again, though no move was missed as far as one can tell, seconds."""


@dataclass(frozen=True)
class Beat:
    """Whose jobs a lane sees to.

    Attributes:
        site: the installation, where the jobs run on its own machine.
        engine: workspace id and name of the attached compute, where they do not.
    """

    site: str
    engine: tuple[int, str] | None = None

    def all(self, connection: Connection) -> list[LiveJob]:
        """Read the lane's jobs that are not over."""
        query = statements.LIVE if self.engine is None else statements.LIVE_ON_ENGINE
        return _read(connection, query, self._which())

    def among(self, connection: Connection, seqs: list[int]) -> list[LiveJob]:
        """Read those of some jobs that are the lane's and not over."""
        query = statements.LIVE_AMONG if self.engine is None else statements.LIVE_ON_ENGINE_AMONG
        return _read(connection, query, {**self._which(), "seqs": seqs})

    def _which(self) -> dict[str, Any]:
        if self.engine is None:
            return {"site_name": self.site}
        return {"workspace": self.engine[0], "engine_name": self.engine[1]}


class LiveJobs:
    """The lane's jobs. `touch` may be called from any thread, the rest from the lane's own."""

    def __init__(self, database: Database, beat: Beat) -> None:
        self._database = database
        self.beat = beat
        self._lock = threading.Lock()
        self._touched: set[int] = set()
        self._jobs: dict[int, LiveJob] = {}
        self._numbers: dict[str, set[int]] = {}
        self._pressing: set[int] = set()
        self._turn: deque[int] = deque()
        self._in_turn: set[int] = set()
        self._last = 0
        self._seen: deque[tuple[int, int, int]] = deque(maxlen=MOST + 2 * _OVERLAP)
        self._is_known = False
        self._read_again_at = 0.0

    def __len__(self) -> int:
        return len(self._jobs)

    def forget(self) -> None:
        """Have all read again at the next `refresh`."""
        self._is_known = False

    def touch(self, seq: int) -> None:
        """Have one job read again, whose row changed without a move."""
        with self._lock:
            self._touched.add(seq)

    def refresh(self) -> None:
        """Bring the jobs up to date."""
        with self._lock:
            touched, self._touched = self._touched, set()
        with self._database.read() as connection:
            if self._is_known and time.monotonic() < self._read_again_at:
                moved = self._moved(connection)
                if moved is not None:
                    self._reread(connection, moved | touched)
                    return
            self._read_all(connection)

    def pressing(self) -> list[LiveJob]:
        """Give the jobs that something is to be done for: hand over, cancel."""
        return [self._jobs[seq] for seq in sorted(self._pressing)]

    def named(self, names: Iterable[str]) -> list[LiveJob]:
        """Give the jobs that have one of some names, in any workspace."""
        found = {seq for name in names for seq in self._numbers.get(name, ())}
        return [self._jobs[seq] for seq in sorted(found)]

    def next(self, most: int) -> list[LiveJob]:
        """Give the jobs whose turn it is to be looked at: after some calls every job was given."""
        found: list[LiveJob] = []
        for _ in range(min(most, len(self._turn))):
            seq = self._turn.popleft()
            if seq in self._jobs:
                self._turn.append(seq)
                found.append(self._jobs[seq])
            else:
                self._in_turn.discard(seq)
        return found

    def every(self) -> list[LiveJob]:
        """Give all of them."""
        return list(self._jobs.values())

    def _moved(self, connection: Connection) -> set[int] | None:
        """Give the jobs that moved since the last call; None when there are too many to tell."""
        which = {"after": max(0, self._last - _OVERLAP), "most": MOST + _OVERLAP}
        rows = connection.execute(statements.MOVED_SINCE, which).all()
        last = rows[-1][0] if rows else int(connection.execute(statements.LAST_EVENT).scalar() or 0)
        if len(rows) >= MOST or last < self._last:  # a job was deleted, and SQLite gives its numbers anew
            return None
        seen = set(self._seen)
        new = [tuple(row) for row in rows if tuple(row) not in seen]
        self._seen.extend(new)
        self._last = last
        return {job for _seq, job, _at in new}

    def _read_all(self, connection: Connection) -> None:
        last = int(connection.execute(statements.LAST_EVENT).scalar() or 0)
        found = self.beat.all(connection)
        self._jobs, self._numbers, self._pressing = {}, {}, set()
        self._turn, self._in_turn = deque(), set()
        for job in found:
            self._put(job)
        self._last, self._is_known = last, True
        self._read_again_at = time.monotonic() + READ_AGAIN_S
        self._seen.clear()

    def _reread(self, connection: Connection, seqs: set[int]) -> None:
        for some in _slices(sorted(seqs)):
            found = {job.seq: job for job in self.beat.among(connection, some)}
            for seq in some:
                self._drop(seq)
            for job in found.values():
                self._put(job)

    def _drop(self, seq: int) -> None:
        job = self._jobs.get(seq)
        if job is None:
            return
        numbers = self._numbers[job.name]
        numbers.discard(seq)
        if not numbers:
            del self._numbers[job.name]
        self._pressing.discard(seq)
        self._jobs.pop(seq)

    def _put(self, job: LiveJob) -> None:
        self._jobs[job.seq] = job
        self._numbers.setdefault(job.name, set()).add(job.seq)
        if job.seq not in self._in_turn:
            self._in_turn.add(job.seq)
            self._turn.append(job.seq)
        if not job.placed or not job.handed_over or job.status == JobState.CANCEL_REQUESTED:
            self._pressing.add(job.seq)


def _read(connection: Connection, query: Any, which: dict[str, Any]) -> list[LiveJob]:
    rows = connection.execute(query, which)
    return [LiveJob(seq, name, workspace, JobState(status), *rest) for seq, name, workspace, status, *rest in rows]


def _slices(seqs: list[int]) -> Iterator[list[int]]:
    left = iter(seqs)
    while some := list(islice(left, _AT_ONCE)):
        yield some
