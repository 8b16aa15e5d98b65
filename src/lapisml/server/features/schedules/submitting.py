"""Submits the jobs of firings that are written down: once each, however often it is tried."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.schedules import store
from lapisml.server.features.schedules.documents import PROPERTY
from lapisml.server.features.schedules.records import Firing, FiringState, ScheduleRecord
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.wire import timestamp

_log = logging.getLogger("lapis.schedules")

_PASSING = (ErrorCode.STORAGE_FULL, ErrorCode.STORAGE_UNREACHABLE, ErrorCode.DATABASE_IN_USE)
"""Errors that say nothing about the job: it is tried again."""


class Submitter:
    """Turns a firing into a job. The job's name comes from the firing, so the same firing makes one job."""

    def __init__(self, database: Database, clock: Clock, jobs: JobService, workspaces: WorkspaceService) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._workspaces = workspaces

    def submit(self, schedule: ScheduleRecord, firing: Firing) -> None:
        """Submit a firing's job and write down what became of it.

        Raises:
            LapisError: the job is refused; or the storage does not work, and the firing waits.
        """
        try:
            workspace = self._workspaces.by_id(schedule.workspace_id)
            self._jobs.submit(
                workspace, firing.job_name, firing.document or {}, _properties(schedule, firing), schedule.created_by
            )
        except LapisError as error:
            if error.code not in _PASSING:
                self._settle(firing, FiringState.FAILED, _one_line(error))
            raise
        self._settle(firing, FiringState.SUBMITTED, "")
        _log.info("schedule.fired schedule=%s job=%s", schedule.name, firing.job_name)

    def try_to_submit(self, schedule: ScheduleRecord, firing: Firing) -> None:
        """Submit a firing's job; a refusal is written down, anything that may pass is left for the next time."""
        try:
            self.submit(schedule, firing)
        except LapisError as error:
            _log.warning("schedule.refused schedule=%s reason=%s", schedule.name, _one_line(error))
        except (OperationalError, InterfaceError, NoConnectionError, OSError) as error:
            _log.warning("schedule.delayed schedule=%s reason=%s: %s", schedule.name, type(error).__name__, error)
        except Exception as error:  # noqa: BLE001 - the others must go on, and this one must not be tried for ever
            _log.exception("schedule.broken schedule=%s", schedule.name)
            self._settle(firing, FiringState.FAILED, f"A fault in Lapis: {type(error).__name__}.")

    def _settle(self, firing: Firing, state: FiringState, reason: str) -> None:
        with self._database.write() as connection:
            store.settle(connection, firing.id, state, reason, self._clock.now_ms())


def _properties(schedule: ScheduleRecord, firing: Firing) -> dict[str, str]:
    properties: dict[str, Any] = {
        PROPERTY: schedule.name,
        "lapis.schedule": schedule.name,
        "lapis.schedule_due": timestamp(firing.due),
        "lapis.schedule_by": "hand" if firing.by_hand else "trigger",
    }
    return {key: str(value) for key, value in properties.items()}


def _one_line(error: LapisError) -> str:
    parts = [error.message, *(problem.render() for problem in error.problems)]
    return " ".join(part.rstrip(".") + "." for part in parts)
