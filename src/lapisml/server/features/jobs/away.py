"""Says of a job that its own server is away: nobody follows it meanwhile, although it may well go on."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import COMPOSITE, ON_COMPUTE, JobState, Move
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.tables import jobs
from lapisml.server.features.jobs.topics import TOPIC_MOVED
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.servers import Servers

_log = logging.getLogger("lapis.jobs")

CODE = "ServerAway"
AFTER_MS = 30_000
_LOOK_S = 5.0
_SHOWN = sorted(state.value for state in ON_COMPUTE if state is not JobState.NOT_RESPONDING)
_REASON = (
    "The server on whose machine this job runs has been away for {} s. The job may well be running; it is followed "
    "again when that server is back."
)


class AwayWatch:
    """Looks now and then at the jobs of servers that are away; each server does.

    Args:
        servers: knows which are there.
    """

    def __init__(self, database: Database, clock: Clock, events: EventBus, servers: Servers) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._servers = servers
        self._since: dict[str, int] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="away-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        self._thread.join(2)

    def look(self) -> int:
        """Say it of the jobs whose server has been away for a while; return of how many."""
        now = self._clock.now_ms()
        there = {self._servers.me.site, *(other.site for other in self._servers.others())}
        with self._database.read() as connection:
            live = [found for found in _live(connection) if found.site not in there]
        away = {found.site for found in live}
        self._since = {site: self._since.get(site, now) for site in away}
        due = [found for found in live if now - self._since[found.site] >= AFTER_MS]
        told = sum(self._tell(found, (now - self._since[found.site]) // 1000, now) for found in due)
        if told:
            self._events.notify(TOPIC_MOVED)
        return told

    def _tell(self, found: _Found, seconds: int, now: int) -> bool:
        with self._database.write() as connection:
            job = store.get(connection, found.workspace_id, found.name, lock=True)
            if job is None or job.status.value not in _SHOWN:
                return False
            return store.move(connection, job, Move(JobState.NOT_RESPONDING, CODE, _REASON.format(seconds), now))

    def _loop(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                self.look()
            except (LapisError, SQLAlchemyError) as error:
                _log.warning("job.away.failed reason=%s", type(error).__name__)


@dataclass(frozen=True)
class _Found:
    workspace_id: int
    name: str
    site: str


def _live(connection: Connection) -> list[_Found]:
    query = select(jobs.c.workspace_id, jobs.c.name, jobs.c.site).where(
        jobs.c.status.in_(_SHOWN),
        jobs.c.site.is_not(None),
        jobs.c.engine.is_(None),  # what runs on an attached compute belongs to no home: any server follows it
        jobs.c.type.not_in(sorted(COMPOSITE)),
    )
    return [_Found(int(row[0]), str(row[1]), str(row[2])) for row in connection.execute(query)]
