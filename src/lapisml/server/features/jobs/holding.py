"""What is known of a job that holds tickets for files (`lapisml.ports.attach.Hold`)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import bindparam, select

from lapisml.core.lifecycle import TERMINAL, JobState
from lapisml.ports.attach import Hold
from lapisml.ports.compute import Handle
from lapisml.server.features.jobs.tables import jobs
from lapisml.server.platform.database import Database

_STATUS = select(jobs.c.status).where(
    jobs.c.workspace_id == bindparam("workspace"),
    jobs.c.name == bindparam("job_name"),
    jobs.c.submit_key == bindparam("key"),
)


def hold_of_jobs(database: Database) -> Callable[[int, Handle], Hold]:
    """Return what says how it is with a job, by its workspace's id: one small statement."""

    def hold_of(workspace_id: int, job: Handle) -> Hold:
        with database.read() as connection:
            asked = {"workspace": workspace_id, "job_name": job.job, "key": job.submit_key}
            status = connection.execute(_STATUS, asked).scalar()
        if status is None or JobState(status) in TERMINAL:
            return Hold.OVER
        return Hold.SILENT if status == JobState.NOT_RESPONDING else Hold.HEARD

    return hold_of
