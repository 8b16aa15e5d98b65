"""What a lane takes in: nothing twice, nothing lost, and in steady state no more for many jobs than for few."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.core.lifecycle import JobState, Move
from lapisml.ports.compute import JobPhase
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.oversee import LOOKED_AT
from lapisml.server.platform.database import Database
from lapisml.server.platform.leases import LIFETIME_MS, LeaseLostError
from lapisml.testing.clock import FakeClock
from tests.support.simulated import SimulatedCompute, WatchedLane


def _lane(database: Database, clock: FakeClock, home: Path, owner: str, compute: SimulatedCompute) -> WatchedLane:
    return WatchedLane(database, clock, compute, home, owner)


def test_a_look_around_asks_about_all_jobs_once_and_then_about_a_share_each_in_its_turn(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    lane = _lane(database, clock, tmp_path, "one", SimulatedCompute())
    lane.add(3 * LOOKED_AT)
    assert lane.leased.hold()
    names: set[str] = set()
    for turn in range(4):
        lane.overseer.oversee()
        assert lane.compute.asked == (3 + turn) * LOOKED_AT
    lane.compute.say("job_7", "running")
    lane.compute.say("job_7", "finalizing")
    lane.overseer.oversee(names | {"job_7"})
    assert lane.moves("job_7") == ["Finalizing"]


def test_news_that_meet_a_lost_lease_are_written_by_the_next_server_once(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    compute = SimulatedCompute()
    one, two = (_lane(database, clock, tmp_path, owner, compute) for owner in ("one", "two"))
    one.add(1)
    assert one.leased.hold()
    one.overseer.oversee()
    clock.advance(LIFETIME_MS + 1)
    assert two.leased.hold()
    compute.say("job_0", "finalizing")
    with pytest.raises(LeaseLostError):
        one.overseer.oversee(["job_0"])
    assert one.moves("job_0") == []
    two.overseer.oversee()
    assert two.moves("job_0") == ["Finalizing"]
    two.leased.release()
    assert one.leased.hold()
    one.overseer.oversee()
    assert one.moves("job_0") == ["Finalizing"]
    assert one.states() == {"job_0": "Finalizing"}


def test_a_cancel_between_the_look_and_the_writing_wins(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    lane = _lane(database, clock, tmp_path, "one", SimulatedCompute())
    lane.add(1)
    assert lane.leased.hold()
    lane.jobs.refresh()
    stale = lane.jobs.every()[0]
    with database.write() as connection:
        store.move(connection, stale, Move(JobState.CANCEL_REQUESTED, "CancelRequested", "Asked.", 5))
    lane.compute.say("job_0", "finalizing")
    lane.overseer.oversee(["job_0"])
    assert lane.states() == {"job_0": "CancelRequested"}
    assert lane.compute.canceled == ["job_0"]


def test_a_job_in_the_queue_of_its_compute_stays_queued_with_its_words(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    lane = _lane(database, clock, tmp_path, "one", SimulatedCompute())
    lane.add(1, JobState.QUEUED)
    lane.compute.phases["job_0"] = JobPhase.SUBMITTED
    assert lane.leased.hold()
    lane.overseer.oversee()
    lane.overseer.oversee()
    assert lane.moves("job_0") == ["Queued"]
    lane.compute.say("job_0", "preparing")
    lane.compute.say("job_0", "starting")
    lane.overseer.oversee(["job_0"])
    assert lane.moves("job_0") == ["Queued", "Preparing", "Starting"]
