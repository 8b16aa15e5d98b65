"""Finds what the server changes by itself: jobs that move, endpoints that settle, schedules that fire."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.errors import LapisError
from lapisml.server.features.endpoints.topics import TOPIC_SETTLED
from lapisml.server.features.jobs.news import JobNews, Moved
from lapisml.server.features.jobs.topics import TOPIC_CHILDREN, TOPIC_LINE, TOPIC_MOVED, TOPIC_NEWS
from lapisml.server.features.schedules.topics import TOPIC_FIRED
from lapisml.server.features.studio.changes import Topic
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus

log = logging.getLogger("lapisml.server")

_STIRRING = (TOPIC_CHILDREN, TOPIC_FIRED, TOPIC_LINE, TOPIC_MOVED, TOPIC_NEWS, TOPIC_SETTLED)
_OF_ALL = {TOPIC_SETTLED: ("online-endpoints",), TOPIC_FIRED: ("schedules",), TOPIC_LINE: ("computes",)}
"""What is told to every workspace: the wake-up does not say which one it is about."""

_MAY_REGISTER = ("data", "models")
"""What the end of a job may have made: its outputs."""


class ServerWatch:
    """Implements `lapisml.server.features.studio.changes.Watch`."""

    def __init__(self, events: EventBus, database: Database, workspaces: WorkspaceService) -> None:
        self._events = events
        self._database = database
        self._workspaces = workspaces
        self._news: JobNews | None = None
        self._stops: list[Callable[[], None]] = []

    def begin(self, stir: Callable[[str], None]) -> None:
        """Begin at the present moment."""
        self._news = JobNews(self._database)
        self._stops = [self._events.on_notify(topic, partial(stir, topic)) for topic in _STIRRING]

    def look(self, stirred: set[str], workspaces: set[str]) -> list[Topic]:
        """Give what has changed since the last look; nothing while the database does not answer."""
        found = [(ws, topic) for why in stirred for topic in _OF_ALL.get(why, ()) for ws in workspaces]
        try:
            found += self._of_jobs()
            if TOPIC_LINE in stirred:
                found += self._of_line()
        except (LapisError, SQLAlchemyError) as error:
            log.warning("live.look_failed %s: %s", type(error).__name__, error)
        return found

    def end(self) -> None:
        """Stop stirring."""
        for stop in self._stops:
            stop()
        self._stops = []

    def _of_jobs(self) -> list[Topic]:
        assert self._news is not None, "the watch has not begun"
        by_workspace: dict[int, list[Moved]] = defaultdict(list)
        for moved in self._news.moved():
            by_workspace[moved.workspace_id].append(moved)
        return [topic for workspace, moves in by_workspace.items() for topic in self._of_moves(workspace, moves)]

    def _of_moves(self, workspace_id: int, moves: list[Moved]) -> list[Topic]:
        assert self._news is not None
        name = self._workspaces.by_id(workspace_id).name
        parents = {moved.parent_name for moved in moves if moved.parent_name is not None}
        jobs = {moved.name for moved in moves} | self._news.ancestors(workspace_id, parents)
        topics = [f"{noun}/{job}" for job in jobs for noun in ("jobs", "runs")]
        if any(moved.is_over for moved in moves):
            topics += _MAY_REGISTER
        return [(name, topic) for topic in topics]

    def _of_line(self) -> list[Topic]:
        """Tell of jobs that wait: why they do has changed, though they have not moved."""
        assert self._news is not None
        return [(self._workspaces.by_id(one).name, "jobs") for one in self._news.waiting()]
