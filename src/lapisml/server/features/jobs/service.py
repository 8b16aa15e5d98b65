"""Jobs as people and programs see them: submit, look, change, cancel.

A submission is safe to repeat: the caller chooses the name, and the same document under the same name is the
same job. What moves a job on afterwards is `worker`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.family import family_sentence
from lapisml.core.ids import is_valid_name
from lapisml.core.lifecycle import WAIT_SENTENCES, JobState, WaitReason
from lapisml.core.queue import Held, wait_sentence
from lapisml.server.features.compute.service import ComputeService, Holder, Pool, Waits
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.canceling import Canceler
from lapisml.server.features.jobs.family import Family, FamilyMove
from lapisml.server.features.jobs.intake import Intake, digest_of
from lapisml.server.features.jobs.kinds import JobKinds
from lapisml.server.features.jobs.records import JobEvent, JobFilter, JobRecord
from lapisml.server.features.jobs.submission import Submission
from lapisml.server.features.jobs.topics import RUNNING, TOPIC_LINE
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus

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
        if place is not None and self.pool.trouble:
            reason = WaitReason.COMPUTE_AWAY
            sentence = WAIT_SENTENCES[reason].format(compute=job.compute, trouble=self.pool.trouble)
            return Standing(job.status, reason.value, sentence)
        if place is None or any(holder.job == job.name for holder in self.held):  # it left the line meanwhile
            return Standing(job.status, job.status_code, job.status_reason)
        return Standing(job.status, WaitReason.IN_LINE.value, wait_sentence(place, job.compute, self.held))


_SHOWN_WAITING = 20

Forgetter = Callable[[Connection, Sequence[int]], None]
"""Removes what a feature keeps of jobs with these row numbers, within the transaction that removes the jobs."""


class JobService:
    """Keeps jobs; every method is one or two short transactions."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        computes: ComputeService,
        tracking: TrackingService,
        kinds: JobKinds,
        intake: Intake,
        canceler: Canceler,
    ) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._computes = computes
        self._tracking = tracking
        self._kinds = kinds
        self._intake = intake
        self._canceler = canceler
        self._forgetters: list[Forgetter] = []
        computes.occupancy = self.holders
        computes.engaged = self.engaged
        computes.waiting = self.waiting
        computes.on_change = lambda: events.notify(TOPIC_LINE)

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        """Check a document by its type and create nothing: what `submit` does first.

        Args:
            uploaded: whether local paths have been replaced by references; before that they are passed over.

        Raises:
            LapisError: as `submit`.
        """
        return self._kinds.check(workspace, document, uploaded=uploaded)

    def validate(self, workspace: Workspace, document: dict[str, Any]) -> Submission:
        """Check a document as `submit` would, and create nothing.

        Raises:
            LapisError: as `submit`.
        """
        return self._kinds.check(workspace, document, uploaded=False)

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
        digest = digest_of(document)
        job = self._intake.same_submission(workspace, name, digest)
        if job is None:
            submission = self._kinds.check(workspace, document, uploaded=True)
            job = self._intake.insert(workspace, name, digest, submission, git or {}, by)
        return job

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

    def moves(self, workspace: Workspace, name: str) -> list[FamilyMove]:
        """Read the moves of a job and of all that it started, at any depth, in order.

        Raises:
            LapisError: NotFound.
        """
        family = Family(self._database, workspace.id, self.get(workspace, name).name)
        found = family.moves()
        while not family.is_whole:
            found += family.moves()
        return found

    def standing(self, workspace: Workspace, job: JobRecord) -> Standing:
        """Say where a job stands; for one in line, its place and who holds the nodes; for a pipeline, its steps."""
        if job.type == "pipeline" and job.status == JobState.RUNNING:
            return Standing(job.status, job.status_code, self._family(workspace, job))
        if job.status != JobState.QUEUED:
            return Standing(job.status, job.status_code, job.status_reason)
        with self._database.read() as connection:
            places = {job.name: store.place_in_line(connection, job)} if job.site is None else {}
            held = store.holding(connection, workspace.id, job.compute)
        return _Line(self._computes.pool(workspace, job.compute), places, held).standing(job)

    def _family(self, workspace: Workspace, job: JobRecord) -> str:
        with self._database.read() as connection:
            states = {child.step: child.status for child in store.children(connection, workspace.id, job.name)}
        sentence = family_sentence(len(job.document.get("jobs") or states), list(states.items()))
        return sentence if job.status_reason == RUNNING else f"{sentence} {job.status_reason}"

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

    def add_properties(self, workspace: Workspace, name: str, properties: dict[str, str]) -> JobRecord:
        """Note further properties of a job; those that it has stay as they are.

        Raises:
            LapisError: NotFound; Conflict when one of them is there with another value.
        """
        job = self.get(workspace, name)
        other = sorted(key for key, value in properties.items() if job.properties.get(key, value) != value)
        if other:
            raise LapisError(
                ErrorCode.CONFLICT,
                f"Properties of job '{name}' are there with other values: {', '.join(other)}.",
                "Properties can't change; tags can.",
            )
        if properties.keys() - job.properties.keys():
            made = {**job.properties, **properties}
            with self._database.write() as connection:
                store.change(connection, job.seq, properties=made, changed_at=self._clock.now_ms())
        return self.get(workspace, name)

    def cancel(self, workspace: Workspace, name: str) -> JobRecord:
        """Ask for the end of a job; one that is over stays as it is.

        Raises:
            LapisError: NotFound.
        """
        self.get(workspace, name)
        self._canceler.ask(workspace, name, "CancelRequested", "Cancel was asked for.")
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

    def before_deletion(self, forget: Forgetter) -> None:
        """Have a later feature remove what it keeps of jobs; called while the server is put together."""
        self._forgetters.append(forget)

    def delete(self, workspace: Workspace, name: str) -> None:
        """Remove a job that is over and all that it started; what they wrote stays where it is.

        Raises:
            LapisError: NotFound; Conflict while one of them is not over.
        """
        family = self._descent(workspace, self.get(workspace, name))
        busy = next((job for job in family if not job.is_over), None)
        if busy is not None:
            raise LapisError(
                ErrorCode.CONFLICT, f"Job '{busy.name}' is {busy.status.value}.", f"Cancel job '{name}' first."
            )
        seqs = [job.seq for job in family]
        with self._database.write() as connection:
            for forget in self._forgetters:
                forget(connection, seqs)
            store.remove(connection, seqs)
        for job in family:
            self._tracking.delete_run(workspace, job.name)

    def _descent(self, workspace: Workspace, job: JobRecord) -> list[JobRecord]:
        with self._database.read() as connection:
            names = [child.name for child in store.children(connection, workspace.id, job.name)]
        return [job, *(one for name in names for one in self._descent(workspace, self.get(workspace, name)))]

    def holders(self, workspace: Workspace, compute: str) -> list[Holder]:
        """Say which jobs hold which nodes of a compute."""
        with self._database.read() as connection:
            held = store.holding(connection, workspace.id, compute)
        return [Holder(h.job, h.nodes, h.since) for h in held]

    def engaged(self, workspace: Workspace, engine: str) -> list[str]:
        """Give the jobs that an attached compute was given and that are not over, the oldest first."""
        with self._database.read() as connection:
            return store.engaged(connection, workspace.id, engine)

    def waiting(self, workspace: Workspace, compute: str) -> list[Waits]:
        """Give the first jobs that wait for a compute, in our line or in its own, each with the reason."""
        with self._database.read() as connection:
            found = store.queued(connection, workspace.id, compute, _SHOWN_WAITING)
        standings = self.standings(workspace, found)
        return [{"job": job.name, "reason": told.reason} for job, told in zip(found, standings, strict=True)]

    def count_running(self, workspace: Workspace | None = None) -> int:
        """Count the jobs that are not over, of one workspace or of all."""
        with self._database.read() as connection:
            return store.count_running(connection, workspace.id if workspace else None)
