"""Taking jobs in: the row, the run, the place in line. Each step may be cut off and done again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import new_token
from lapisml.core.lifecycle import COMPOSITE, JobState, Move
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.kinds import type_of
from lapisml.server.features.jobs.store import JobRecord
from lapisml.server.features.jobs.submission import Submission
from lapisml.server.features.jobs.topics import TOPIC_CHILDREN, TOPIC_LINE
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus

_UNSET: dict[str, Any] = dict.fromkeys(
    ("site", "cancel_requested_at", "allotted_at", "started_at", "ended_at", "exit_code")
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
        """Write a job's row, in state NotStarted, unless the same submission did so at the same moment."""
        values = self._values(workspace, name, digest, taken, git, by, place or Place())
        try:
            with self._database.write() as connection:
                seq = store.add(connection, values)
        except IntegrityError:
            there = self.same_submission(workspace, name, digest)
            if there is None:
                raise not_found("job", name) from None
            return there
        return record_of(values, seq)

    def insert_over(self, values: dict[str, Any], step: Move) -> JobRecord | None:
        """Write the row of a job that is over without having run; None when its name is there already."""
        try:
            with self._database.write() as connection:
                job = record_of(values, store.add(connection, values))
                store.move(connection, job, step)
        except IntegrityError:
            return None
        return replace(job, status=step.to, status_code=step.code, status_reason=step.reason, ended_at=step.at)

    def enqueue(self, workspace: Workspace, job: JobRecord) -> JobRecord:
        """Give a job its run and put it in line, unless that was done before; give it as it is then.

        A pipeline or a sweep needs no line: whoever drives it is told.
        """
        if job.status != JobState.NOT_STARTED:
            return job
        self.make_run(workspace, job)
        if job.type in COMPOSITE:
            self._events.notify(TOPIC_CHILDREN)
            return job
        step = Move(JobState.QUEUED, "Queued", f"Queued for {job.compute}.", self._clock.now_ms())
        with self._database.write() as connection:
            moved = store.move(connection, job, step)
        self._events.notify(TOPIC_LINE)
        if not moved:
            with self._database.read() as connection:
                return store.get(connection, workspace.id, job.name) or job
        return replace(job, status=step.to, status_code=step.code, status_reason=step.reason, changed_at=step.at)

    def make_run(self, workspace: Workspace, job: JobRecord, status: JobState = JobState.QUEUED) -> None:
        """Make the run of a job; done again, it changes nothing."""
        self._tracking.create_run(
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
