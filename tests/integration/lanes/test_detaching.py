"""Detaching a compute by force: its jobs end at once, whether or not it can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import JobState
from lapisml.ports.attach import Hold
from lapisml.ports.compute import Handle
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.eviction import Eviction
from lapisml.server.features.jobs.holding import hold_of_jobs
from lapisml.server.platform.database import Database
from lapisml.testing.clock import FakeClock
from tests.support.polling import eventually
from tests.support.simulated import SimulatedCompute, Told, WatchedLane


class _Parts:
    """Stands for the services that an eviction asks."""

    def __init__(self, lane: WatchedLane, is_away: bool) -> None:
        self._lane, self._is_away = lane, is_away
        self.revoked: list[str] = []

    def attached(self, *_: Any) -> SimulatedCompute:
        if self._is_away:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, "It is away.")
        return self._lane.compute

    def revoke_job_tokens(self, job: str) -> None:
        self.revoked.append(job)

    def engaged(self, *_: Any) -> list[str]:
        return sorted(self._lane.states())

    def get(self, *_: Any) -> Any:
        self._lane.jobs.refresh()
        return self._lane.jobs.every()[0]


@pytest.mark.parametrize("is_away", [False, True])
def test_jobs_end_and_say_why(database: Database, clock: FakeClock, tmp_path: Path, is_away: bool) -> None:
    lane = WatchedLane(database, clock, SimulatedCompute(), tmp_path, "one")
    lane.add(2)
    lane.jobs.refresh()
    given = {job.name: Handle("w", job.name, job.submit_key) for job in lane.jobs.every()}
    hold_of = hold_of_jobs(database)
    assert {hold_of(lane.workspace.id, job) for job in given.values()} == {Hold.HEARD}
    parts: Any = _Parts(lane, is_away)
    tracking: Any = Told()
    Eviction(database, clock, parts, parts, tracking, parts, lambda *_: None).evict(lane.workspace, "cluster")
    assert lane.states() == {"job_0": "Canceled", "job_1": "Canceled"}
    assert lane.compute.canceled == ([] if is_away else ["job_0", "job_1"])
    assert parts.revoked == ["job_0", "job_1"]
    assert {hold_of(lane.workspace.id, job) for job in given.values()} == {Hold.OVER}  # nor does a ticket open anything
    with database.read() as connection:
        job = store.get(connection, lane.workspace.id, "job_0")
    assert job is not None
    assert job.status_code == "ComputeDetached"
    assert ("may still run there" in job.status_reason) is is_away


class _Launcher:
    """Stands for what makes specifications."""

    def specification(self, _workspace: Any, record: Any) -> str:
        return str(record.name)


class _Detached(SimulatedCompute):
    """A compute that is detached while it is given a job: what the eviction says comes before the job."""

    def __init__(self) -> None:
        super().__init__()
        self.eviction: Any = None
        self.taken: list[str] = []

    def submit(self, spec: str) -> None:
        self.eviction()
        self.canceled.clear()
        self.taken.append(spec)


def test_a_job_that_arrives_while_its_compute_is_detached_is_ended_there(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    compute = _Detached()
    lane = WatchedLane(database, clock, compute, tmp_path, "one", _Launcher())
    lane.add(1, JobState.PREPARING, handed_over=False)
    parts: Any = _Parts(lane, is_away=False)
    tracking: Any = Told()
    eviction = Eviction(database, clock, parts, parts, tracking, parts, lambda *_: None)
    compute.eviction = lambda: eviction.evict(lane.workspace, "cluster")
    assert lane.leased.hold()
    lane.overseer.oversee()
    eventually(lambda: compute.taken and compute.canceled, what="a word to the compute after it took the job")
    assert (compute.taken, compute.canceled, lane.states()) == (["job_0"], ["job_0"], {"job_0": "Canceled"})
    lane.tasks.close()
