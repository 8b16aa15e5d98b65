"""A cancel while the compute that may have the job can't be reached: the job says so until it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import JobState
from lapisml.ports.compute import Handle, JobPhase, Observation, Watch
from lapisml.server.features.jobs.tables import jobs
from lapisml.server.platform.database import Database
from lapisml.testing.clock import FakeClock
from tests.support.polling import eventually
from tests.support.simulated import SimulatedCompute, WatchedLane

_WHY = "The node can't be asked since noon."


class _Away(SimulatedCompute):
    """A compute that can't be reached until it is back."""

    def __init__(self) -> None:
        super().__init__()
        self.is_back = False

    def submit(self, _spec: Any) -> None:
        self._refuse()

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        self._refuse()
        super().cancel(handle, grace_s, by)

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        phase = JobPhase.ABSENT if self.is_back else JobPhase.UNKNOWN
        return [Observation(watch.handle, phase, "" if self.is_back else _WHY) for watch in watches]

    def _refuse(self) -> None:
        if not self.is_back:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, _WHY)


class _Launcher:
    """Stands for what makes specifications."""

    def specification(self, _workspace: Any, record: Any) -> str:
        return str(record.name)


def _reason(lane: WatchedLane) -> str:
    with lane.database.read() as connection:
        return str(connection.execute(select(jobs.c.status_reason)).scalar_one())


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_cancel_that_can_not_be_told_says_why(
    database: Database, clock: FakeClock, tmp_path: Path, handed_over: bool
) -> None:
    compute = _Away()
    lane = WatchedLane(database, clock, compute, tmp_path, "one", _Launcher())
    lane.add(1, JobState.CANCEL_REQUESTED, handed_over=handed_over)
    assert lane.leased.hold()
    lane.overseer.oversee()
    eventually(lambda: _WHY in _reason(lane), what="the reason")
    assert _reason(lane).startswith("Cancel was asked for. ")
    assert lane.states() == {"job_0": "CancelRequested"}
    lane.overseer.oversee()
    assert lane.moves("job_0") == ["CancelRequested"]  # said once
    compute.is_back = True
    if handed_over:
        lane.overseer.oversee()
        assert compute.canceled == ["job_0"]
    lane.tasks.close()
