"""One lane for each attached compute that has jobs: a thread of its own, so that none holds up another.

Whichever server holds the lane's lease follows its jobs; when that server goes, another one goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.errors import LapisError
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.oversee import Overseer
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.jobs.topics import TOPIC_MOVED, TOPIC_NEWS, lane_topic
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import LeaseLostError

_log = logging.getLogger("lapis.jobs")

RESYNC_S = 2.0
"""How often a lane looks around even though nobody called, seconds."""

GATHER_S = 0.004
"""How long to wait for more news after the first, seconds."""

_IDLE_ROUNDS = 30

Engine = tuple[int, str]
"""Workspace id and name of an attached compute."""


@dataclass(frozen=True)
class LaneParts:
    """What a lane works with."""

    overseer: Overseer
    leased: SiteLease
    tasks: Tasks


class Lane:
    """Follows the jobs of one attached compute."""

    def __init__(self, engine: Engine, events: EventBus, parts: LaneParts) -> None:
        self._topic = lane_topic(*engine)
        self._engine = engine
        self._events = events
        self._parts = parts
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._stopping = threading.Event()
        self._idle = 0
        self._due = 0.0
        self._thread = threading.Thread(target=self._loop, name=f"lane-{engine[1]}", daemon=True)

    @property
    def is_idle(self) -> bool:
        """Whether it has had no job for a while."""
        return self._idle >= _IDLE_ROUNDS

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def tell(self, job: str) -> None:
        """Take the name of a job that there is news of; from any thread."""
        with self._lock:
            self._names.add(job)
        self._events.deliver(self._topic)

    def stop(self, wait_s: float = 5.0) -> None:
        """Stop working; the jobs go on by themselves, and another server may follow them."""
        self._stopping.set()
        self._events.deliver(self._topic)
        self._thread.join(wait_s)
        self._parts.tasks.close()
        self._parts.leased.release()

    def _loop(self) -> None:
        news = self._events.listen(self._topic)
        stop_passing_on = self._events.on_notify(TOPIC_NEWS, lambda: self._events.deliver(self._topic))
        while not self._stopping.is_set():
            try:
                self._round()
            except LeaseLostError:
                _log.warning("lane.lease.lost engine=%s another server follows its jobs now", self._engine[1])
            except (LapisError, SQLAlchemyError, OSError) as error:
                _log.warning("lane.round.failed engine=%s reason=%s", self._engine[1], error)
            except Exception:  # noqa: BLE001 - a thread's boundary: one bad job must not stop the others for good
                _log.exception("lane.round.broken engine=%s", self._engine[1])
            if news.wait(RESYNC_S):
                self._stopping.wait(GATHER_S)
        stop_passing_on()

    def _round(self) -> None:
        with self._lock:
            names, self._names = self._names, set()
        leased, overseer, now = self._parts.leased, self._parts.overseer, time.monotonic()
        looks_around = now >= self._due
        if looks_around:
            if not leased.hold():
                return
            self._due = now + RESYNC_S
        overseer.oversee(names)
        if looks_around:
            overseer.oversee(None)
            self._idle = self._idle + 1 if overseer.count == 0 else 0
        self._events.deliver(TOPIC_MOVED)


class Lanes:
    """Starts and stops lanes as there is work for them.

    Args:
        make: makes what a lane works with.
    """

    def __init__(self, database: Database, events: EventBus, make: Callable[[Engine], LaneParts]) -> None:
        self._database = database
        self._events = events
        self._make = make
        self._lock = threading.Lock()
        self._lanes: dict[Engine, Lane] = {}
        self._is_closed = False

    def tend(self) -> None:
        """See that each attached compute with jobs has a lane, and that none is kept that has had no job for long."""
        with self._database.read() as connection:
            wanted = store.engines(connection)
        with self._lock:
            if self._is_closed:
                return
            for engine in wanted - set(self._lanes):
                lane = self._lanes[engine] = Lane(engine, self._events, self._make(engine))
                lane.start()
            over = [one for one, lane in self._lanes.items() if lane.is_idle and one not in wanted]
            idle = [self._lanes.pop(engine) for engine in over]
        for lane in idle:
            lane.stop()

    def tell(self, workspace: int, compute: str, job: str) -> None:
        """Take news of a job from a backend; from any thread."""
        with self._lock:
            lane = self._lanes.get((workspace, compute))
        if lane is not None:
            lane.tell(job)

    def stop(self) -> None:
        """Stop them all."""
        with self._lock:
            self._is_closed = True
            lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            lane.stop()
