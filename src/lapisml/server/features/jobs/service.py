"""Jobs as people and programs see them: submit, look, change, cancel.

A submission is safe to repeat: the caller chooses the name, and the same document under the same name is the
same job. What moves a job on afterwards is `worker`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import is_valid_name, new_token
from lapisml.core.lifecycle import WAIT_SENTENCES, JobState, Move, WaitReason
from lapisml.core.queue import Held, wait_sentence
from lapisml.server.features.compute.service import ComputeService, Holder, Pool
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.store import JobEvent, JobFilter, JobRecord
from lapisml.server.features.jobs.submission import Submission, SubmissionChecker
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus

TOPIC_LINE = "jobs:line"
"""Told when a job enters a line, or when nodes may have become free."""
TOPIC_NEWS = "jobs:news"
"""Told when a job that holds nodes needs attention, or has changed for those who watch it."""
_STRANDED_AFTER_MS = 5_000

_UNSET: dict[str, Any] = dict.fromkeys(
    ("site", "cancel_requested_at", "allotted_at", "started_at", "ended_at", "exit_code")
)
_MUTABLE = frozenset({"display_name", "description", "tags", "experiment_name"})


@dataclass(frozen=True)
class Standing:
    """Where a job stands at this moment, in the words that a person reads."""

    status: JobState
    code: str
    reason: str


@dataclass(frozen=True)
class _Line:
    pool: Pool | None
    places: dict[str, int]
    held: list[Held]

    def standing(self, job: JobRecord) -> Standing:
        if self.pool is None or not self.pool.open:
            reason = WaitReason.COMPUTE_GONE if self.pool is None else WaitReason.COMPUTE_STOPPED
            return Standing(job.status, reason.value, WAIT_SENTENCES[reason].format(compute=job.compute))
        place = self.places.get(job.name)
        if place is None or any(holder.job == job.name for holder in self.held):  # it left the line meanwhile
            return Standing(job.status, job.status_code, job.status_reason)
        return Standing(job.status, WaitReason.IN_LINE.value, wait_sentence(place, job.compute, self.held))


class JobService:
    """Keeps jobs; every method is one or two short transactions."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        computes: ComputeService,
        tracking: TrackingService,
        checker: SubmissionChecker,
        workspaces: WorkspaceService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._computes = computes
        self._tracking = tracking
        self._checker = checker
        self._workspaces = workspaces
        computes.occupancy = self.holders
        computes.on_change = lambda: events.notify(TOPIC_LINE)

    def validate(self, workspace: Workspace, document: dict[str, Any]) -> Submission:
        """Check a document as `submit` would, and create nothing.

        Raises:
            LapisError: as `submit`.
        """
        return self._checker.check(workspace, document, uploaded=False)

    def submit(
        self, workspace: Workspace, name: str, document: dict[str, Any], git: dict[str, str] | None, by: str
    ) -> JobRecord:
        """Take a job in; the same document under the same name is taken once.

        Args:
            git: properties that describe the submitter's checkout (``azureml.git.commit`` …).
            by: who submits.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, NotSupported; Conflict when the name is another job's.
        """
        if not is_valid_name(name):
            raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{name}' can't be a job's name.")
        digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
        job = self._same_submission(workspace, name, digest)
        if job is None:
            submission = self._checker.check(workspace, document, uploaded=True)
            job = self._insert(workspace, name, digest, submission, git or {}, by)
        return self.enqueue(workspace, job)

    def enqueue(self, workspace: Workspace, job: JobRecord) -> JobRecord:
        """Give a job its run and put it in line, unless that was done before; give it as it is then."""
        if job.status != JobState.NOT_STARTED:
            return job
        self._tracking.create_run(
            workspace,
            experiment_name=job.experiment_name,
            run_id=job.name,
            run_name=job.display_name,
            user_id=job.created_by,
            start_time=job.created_at,
            tags={str(key): str(value) for key, value in (job.document.get("tags") or {}).items()},
            parent_run_id=job.parent_name,
        )
        step = Move(JobState.QUEUED, "Queued", f"Queued for {job.compute}.", self._clock.now_ms())
        with self._database.write() as connection:
            moved = store.move(connection, job, step)
        self._events.notify(TOPIC_LINE)
        if not moved:
            return self.get(workspace, job.name)
        return replace(job, status=step.to, status_code=step.code, status_reason=step.reason, changed_at=step.at)

    def enqueue_stranded(self) -> None:
        """Put those jobs in line whose submission was cut off after they were taken in."""
        with self._database.read() as connection:
            stranded = store.taken_in(connection, self._clock.now_ms() - _STRANDED_AFTER_MS)
        for job in stranded:
            self.enqueue(self._workspaces.by_id(job.workspace_id), job)

    def get(self, workspace: Workspace, name: str) -> JobRecord:
        """Read a job.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            record = store.get(connection, workspace.id, name)
        if record is None:
            raise not_found("job", name, "List them: lapis job list")
        return record

    def find(
        self, workspace: Workspace, wanted: JobFilter, limit: int = 50, before_seq: int | None = None
    ) -> list[JobRecord]:
        """Read jobs, newest first, older than row number `before_seq`."""
        with self._database.read() as connection:
            return store.list_jobs(connection, workspace.id, wanted, limit, before_seq)

    def events(self, workspace: Workspace, name: str, after: int = 0) -> list[JobEvent]:
        """Read the moves of a job with a number greater than `after`, in order."""
        job = self.get(workspace, name)
        with self._database.read() as connection:
            return store.events(connection, job.seq, after)

    def standing(self, workspace: Workspace, job: JobRecord) -> Standing:
        """Say where a job stands; for one in line, its place and who holds the nodes."""
        if job.status != JobState.QUEUED:
            return Standing(job.status, job.status_code, job.status_reason)
        with self._database.read() as connection:
            place = store.place_in_line(connection, job)
            held = store.holding(connection, workspace.id, job.compute)
        return _Line(self._computes.pool(workspace, job.compute), {job.name: place}, held).standing(job)

    def standings(self, workspace: Workspace, records: Sequence[JobRecord]) -> list[Standing]:
        """Say where jobs stand, in their order; each compute's line is read once."""
        lines = {
            compute: self._line(workspace, compute)
            for compute in {job.compute for job in records if job.status == JobState.QUEUED}
        }
        return [
            lines[job.compute].standing(job)
            if job.status == JobState.QUEUED
            else Standing(job.status, job.status_code, job.status_reason)
            for job in records
        ]

    def _line(self, workspace: Workspace, compute: str) -> _Line:
        pool = self._computes.pool(workspace, compute)
        with self._database.read() as connection:
            names = [waiting.job for waiting in store.in_line(connection, workspace.id, compute)]
            held = store.holding(connection, workspace.id, compute)
        return _Line(pool, {name: place for place, name in enumerate(names, start=1)}, held)

    def update(self, workspace: Workspace, name: str, changes: dict[str, Any]) -> JobRecord:
        """Change display name, description, tags or experiment of a job, in the run as well.

        Raises:
            LapisError: NotFound; NotSupported for any other key.
        """
        job = self.get(workspace, name)
        fixed = sorted(key for key, value in changes.items() if key not in _MUTABLE and job.document.get(key) != value)
        if fixed:
            sentence = f"{', '.join(fixed)} of job '{name}' can't change: it is submitted."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, f"These can: {', '.join(sorted(_MUTABLE))}.")
        known = {key: value for key, value in changes.items() if key in _MUTABLE}
        document = {**job.document, **known}
        columns = {key: str(known[key]) for key in ("display_name", "experiment_name") if known.get(key)}
        with self._database.write() as connection:
            store.change(connection, job.seq, document=document, changed_at=self._clock.now_ms(), **columns)
        old, new = job.document.get("tags") or {}, known.get("tags")
        self._tracking.update_run(
            workspace,
            name,
            run_name=columns.get("display_name"),
            tags={str(key): str(value) for key, value in (new or {}).items()},
            removed_tags=[] if new is None else [str(key) for key in old if key not in new],
            experiment_name=columns.get("experiment_name"),
        )
        return self.get(workspace, name)

    def cancel(self, workspace: Workspace, name: str) -> JobRecord:
        """Ask for the end of a job; one that is over stays as it is.

        Raises:
            LapisError: NotFound.
        """
        self.get(workspace, name)
        now = self._clock.now_ms()
        with self._database.write() as connection:
            job = store.get(connection, workspace.id, name, lock=True)
            if job is None or job.is_over or job.status == JobState.CANCEL_REQUESTED:
                return self.get(workspace, name)
            step = Move(JobState.CANCEL_REQUESTED, "CancelRequested", "Cancel was asked for.", now)
            store.move(connection, job, step, cancel_requested_at=now)
        self._events.notify(TOPIC_NEWS)
        return self.get(workspace, name)

    def set_archived(self, workspace: Workspace, name: str, *, archived: bool) -> JobRecord:
        """Hide a job from lists, or show it again.

        Raises:
            LapisError: NotFound.
        """
        job = self.get(workspace, name)
        with self._database.write() as connection:
            store.change(connection, job.seq, archived=archived, changed_at=self._clock.now_ms())
        return self.get(workspace, name)

    def holders(self, workspace: Workspace, compute: str) -> list[Holder]:
        """Say which jobs hold which nodes of a compute."""
        with self._database.read() as connection:
            held = store.holding(connection, workspace.id, compute)
        return [Holder(h.job, h.nodes, h.since) for h in held]

    def count_running(self, workspace: Workspace | None = None) -> int:
        """Count the jobs that are not over, of one workspace or of all."""
        with self._database.read() as connection:
            return store.count_running(connection, workspace.id if workspace else None)

    def _same_submission(self, workspace: Workspace, name: str, digest: str) -> JobRecord | None:
        with self._database.read() as connection:
            present = store.get(connection, workspace.id, name)
        if present is None:
            return None
        if present.submitted_digest != digest:
            raise LapisError(
                ErrorCode.CONFLICT, f"The name '{name}' is another job's.", "Leave `name` out to get a new one."
            )
        return present

    def _insert(
        self, workspace: Workspace, name: str, digest: str, taken: Submission, git: dict[str, str], by: str
    ) -> JobRecord:
        now = self._clock.now_ms()
        values = {
            "name": name,
            "workspace_id": workspace.id,
            "document": {**taken.document, "name": name},
            "submitted_digest": digest,
            "experiment_name": taken.experiment_name,
            "display_name": taken.display_name or name,
            "parent_name": None,
            "properties": {**(taken.document.get("properties") or {}), **git},
            "warnings": taken.warnings,
            "status": JobState.NOT_STARTED.value,
            "status_code": JobState.NOT_STARTED.value,
            "status_reason": "Taken in.",
            "compute": taken.pool.name,
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
        try:
            with self._database.write() as connection:
                seq = store.add(connection, values)
        except IntegrityError:  # the same submission came in twice at one moment
            return self._same_submission(workspace, name, digest) or self.get(workspace, name)
        made: dict[str, Any] = {**_UNSET, **values, "seq": seq, "status": JobState.NOT_STARTED}
        return JobRecord(**made)
