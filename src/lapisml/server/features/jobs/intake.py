"""Taking jobs in: the row, the run and the place in line are written together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import new_token
from lapisml.core.lifecycle import COMPOSITE, JobState, Move
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.kinds import type_of
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.submission import Submission
from lapisml.server.features.jobs.topics import TOPIC_CHILDREN, TOPIC_LINE
from lapisml.server.features.tracking.records import RunData
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus

_UNSET: dict[str, Any] = dict.fromkeys(
    ("site", "engine", "cancel_requested_at", "allotted_at", "started_at", "ended_at", "exit_code")
)


@dataclass(frozen=True)
class Place:
    """Where a job stands among others.

    Attributes:
        parent: the job that started it.
        step: which step of the parent it is.
        properties: what is known of it beside its document.
    """

    parent: str | None = None
    step: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


class Intake:
    """Takes jobs in."""

    def __init__(self, database: Database, clock: Clock, events: EventBus, tracking: TrackingService) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._tracking = tracking

    def same_submission(self, workspace: Workspace, name: str, digest: str) -> JobRecord | None:
        """Give the job that the same submission made before.

        Raises:
            LapisError: Conflict when the name is another job's.
        """
        with self._database.read() as connection:
            present = store.get(connection, workspace.id, name)
        if present is None:
            return None
        if present.submitted_digest != digest:
            raise LapisError(
                ErrorCode.CONFLICT, f"The name '{name}' is another job's.", "Leave `name` out to get a new one."
            )
        return present

    def insert(
        self,
        workspace: Workspace,
        name: str,
        digest: str,
        taken: Submission,
        git: dict[str, str],
        by: str,
        place: Place | None = None,
    ) -> JobRecord:
        """Write a job with its run, in line for its compute, unless the same submission did so at the same moment.

        A pipeline or a sweep needs no line: whoever drives it is told.
        """
        values = self._values(workspace, name, digest, taken, git, by, place or Place())
        steps = [] if values["type"] in COMPOSITE else [self._queued(str(values["compute"]))]
        try:
            made = self._write(workspace, values, steps)
        except IntegrityError:
            there = self.same_submission(workspace, name, digest)
            if there is None:
                raise not_found("job", name) from None
            return there
        self._events.notify(TOPIC_LINE if steps else TOPIC_CHILDREN)
        return made

    def insert_over(self, workspace: Workspace, values: dict[str, Any], step: Move) -> JobRecord | None:
        """Write a job that is over without having run, with its run; None when its name is there already."""
        try:
            return self._write(workspace, values, [step])
        except IntegrityError:
            return None

    def _write(self, workspace: Workspace, values: dict[str, Any], steps: list[Move]) -> JobRecord:
        """Write row, run and moves of a job together."""
        status = steps[-1].to if steps else JobState.RUNNING
        make_run = self._run_creation(workspace, record_of(values, 0), status)
        with self._database.write() as connection:
            job = record_of(values, store.add(connection, values))
            if make_run(connection).info.deleted_at is not None:
                raise LapisError(
                    ErrorCode.CONFLICT,
                    f"The name '{job.name}' was another job's, which was deleted.",
                    "Leave `name` out to get a new one.",
                )
            for step in steps:
                store.move(connection, job, step)
                job = replace(job, status=step.to, status_code=step.code, status_reason=step.reason)
        return replace(job, ended_at=steps[-1].at) if job.is_over else job

    def _queued(self, compute: str) -> Move:
        return Move(JobState.QUEUED, "Queued", f"Queued for {compute}.", self._clock.now_ms())

    def _run_creation(
        self, workspace: Workspace, job: JobRecord, status: JobState = JobState.QUEUED
    ) -> Callable[[Connection], RunData]:
        return self._tracking.run_creation(
            workspace,
            experiment_name=job.experiment_name,
            run_id=job.name,
            run_name=job.display_name,
            user_id=job.created_by,
            start_time=job.created_at,
            tags={str(key): str(value) for key, value in (job.document.get("tags") or {}).items()},
            parent_run_id=job.parent_name,
            status=status,
        )

    def values(self, workspace: Workspace, name: str, taken: Submission, by: str, place: Place) -> dict[str, Any]:
        """Give the columns of a job's row that has yet to be written."""
        return self._values(workspace, name, digest_of(taken.document), taken, {}, by, place)

    def _values(
        self,
        workspace: Workspace,
        name: str,
        digest: str,
        taken: Submission,
        git: dict[str, str],
        by: str,
        place: Place,
    ) -> dict[str, Any]:
        now = self._clock.now_ms()
        return {
            "name": name,
            "workspace_id": workspace.id,
            "document": {**taken.document, "name": name},
            "submitted_digest": digest,
            "experiment_name": taken.experiment_name,
            "display_name": taken.display_name or name,
            "parent_name": place.parent,
            "type": type_of(taken.document),
            "step": place.step,
            "properties": {**(taken.document.get("properties") or {}), **git, **place.properties},
            "warnings": taken.warnings,
            "status": JobState.NOT_STARTED.value,
            "status_code": JobState.NOT_STARTED.value,
            "status_reason": "Taken in.",
            "compute": taken.pool.name if taken.pool is not None else "",
            "wanted_nodes": taken.wanted_nodes,
            "nodes": [],
            "priority": taken.priority,
            "submit_key": new_token(),
            "handed_over": False,
            "created_by": by,
            "created_at": now,
            "changed_at": now,
            "archived": False,
        }


def digest_of(document: dict[str, Any]) -> str:
    """Give what two equal submissions have in common: a sha256 over the document."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def record_of(values: dict[str, Any], seq: int) -> JobRecord:
    """Give the record of a row that was just written."""
    made: dict[str, Any] = {**_UNSET, **values, "seq": seq, "status": JobState(values["status"])}
    return JobRecord(**made)
