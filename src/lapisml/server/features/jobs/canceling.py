"""The one place that asks a job to end."""

from __future__ import annotations

from lapisml.core.clock import Clock
from lapisml.core.lifecycle import COMPOSITE, JobState, Move
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.topics import TOPIC_CHILDREN, TOPIC_NEWS
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus


class Canceler:
    """Asks jobs to end, and wakes whoever sees to it."""

    def __init__(self, database: Database, clock: Clock, events: EventBus) -> None:
        self._database = database
        self._clock = clock
        self._events = events

    def ask(self, workspace: Workspace, name: str, code: str, reason: str) -> bool:
        """Ask for the end of a job.

        Args:
            code, reason: why, for whoever looks at the job.

        Returns:
            False when it is over, was asked before, or is not there.
        """
        now = self._clock.now_ms()
        with self._database.write() as connection:
            job = store.get(connection, workspace.id, name, lock=True)
            if job is None or job.is_over or job.status == JobState.CANCEL_REQUESTED:
                return False
            store.move(connection, job, Move(JobState.CANCEL_REQUESTED, code, reason, now), cancel_requested_at=now)
        self._events.notify(TOPIC_NEWS)
        if job.type in COMPOSITE:
            self._events.notify(TOPIC_CHILDREN)
        return True
