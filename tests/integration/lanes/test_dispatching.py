"""Jobs that an attached compute is given: its lane hears of them at once, and not at its next look around."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from lapisml.core.lifecycle import JobState
from lapisml.server.features.compute.pools import Pool
from lapisml.server.features.jobs.dispatch import Dispatcher
from lapisml.server.features.jobs.tables import jobs
from lapisml.server.features.jobs.topics import lane_topic
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.testing.clock import FakeClock
from tests.support.simulated import SimulatedCompute, WatchedLane


class _Computes:
    """Stands for the service that knows the computes: there is one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.is_detached = False

    def pool(self, *_: Any) -> Pool:
        return self._pool

    def lock_line(self, *_: Any) -> None:
        """Do nothing."""

    def takes_jobs(self, *_: Any) -> bool:
        return not self.is_detached


@pytest.mark.parametrize("queues", [False, True])
def test_the_lane_is_told_of_the_jobs_that_were_placed(
    database: Database, clock: FakeClock, tmp_path: Path, queues: bool
) -> None:
    """Once for all of them, and not when nothing was placed."""
    events = EventBus()
    lane = WatchedLane(database, clock, SimulatedCompute(), tmp_path, "one")
    lane.add(2, JobState.QUEUED)
    with database.write() as connection:
        connection.execute(update(jobs).values(site=None, engine=None, handed_over=False))
    computes: Any = _Computes(Pool("cluster", 2, engine="cluster", queues=queues))
    workspaces: Any = lane._workspaces
    dispatcher = Dispatcher(database, clock, events, computes, workspaces, lane.leased)
    topic = lane_topic(lane.workspace.id, "cluster")
    placed_when_told: list[int] = []

    def look() -> None:
        lane.jobs.forget()
        lane.jobs.refresh()
        placed_when_told.append(sum(job.placed for job in lane.jobs.every()))

    events.on_notify(topic, look)
    assert lane.leased.hold()
    assert dispatcher.dispatch() == 2
    assert placed_when_told == [2]
    assert dispatcher.dispatch() == 0
    assert placed_when_told == [2]


@pytest.mark.parametrize("queues", [False, True])
def test_a_compute_that_was_detached_after_the_look_is_given_nothing(
    database: Database, clock: FakeClock, tmp_path: Path, queues: bool
) -> None:
    lane = WatchedLane(database, clock, SimulatedCompute(), tmp_path, "one")
    lane.add(2, JobState.QUEUED)
    with database.write() as connection:
        connection.execute(update(jobs).values(site=None, engine=None, handed_over=False))
    computes: Any = _Computes(Pool("cluster", 2, engine="cluster", queues=queues))
    computes.is_detached = True
    workspaces: Any = lane._workspaces
    dispatcher = Dispatcher(database, clock, EventBus(), computes, workspaces, lane.leased)
    assert lane.leased.hold()
    assert dispatcher.dispatch() == 0
    assert lane.states() == {"job_0": "Queued", "job_1": "Queued"}
