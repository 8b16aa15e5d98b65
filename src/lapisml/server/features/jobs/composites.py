"""Pipelines and sweeps: jobs that run no process and start other jobs. What their drivers work with.

Every method may be cut off and called again: names of children are derived from the parent's, rows are written
once, and the terminal state of the parent comes last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError, not_found
from lapisml.core.lifecycle import JobState, Move
from lapisml.server.features.assets.records import JobOutput
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.canceling import Canceler
from lapisml.server.features.jobs.finish import PASSING, Finisher
from lapisml.server.features.jobs.intake import Intake, Place, digest_of
from lapisml.server.features.jobs.kinds import JobKinds
from lapisml.server.features.jobs.outputs import REUSED, JobOutputs
from lapisml.server.features.jobs.records import Child, JobRecord
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.submission import Submission
from lapisml.server.features.jobs.topics import RUNNING, TOPIC_NEWS
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus


class CompositeJobs:
    """Starts children, looks after them, and ends their parent."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        kinds: JobKinds,
        intake: Intake,
        canceler: Canceler,
        outputs: JobOutputs,
        finisher: Finisher,
        tracking: TrackingService,
        leased: SiteLease,
    ) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._kinds = kinds
        self._intake = intake
        self._canceler = canceler
        self._outputs = outputs
        self._finisher = finisher
        self._tracking = tracking
        self._leased = leased

    def find(self, workspace: Workspace, name: str) -> JobRecord | None:
        """Read a job, None when it is not there."""
        with self._database.read() as connection:
            return store.get(connection, workspace.id, name)

    def begin(self, workspace: Workspace, job: JobRecord) -> JobRecord | None:
        """Move a new composite job to Running, driven from here; None when somebody else did."""
        step = Move(JobState.RUNNING, "Running", RUNNING, self._clock.now_ms())
        with self._leased.write() as connection:
            values = {"site": self._leased.site, "started_at": step.at}
            if not store.move(connection, job, step, **values):
                return None
        self._events.notify(TOPIC_NEWS)
        return self.find(workspace, job.name)

    def submit_child(
        self,
        workspace: Workspace,
        parent: JobRecord,
        name: str,
        document: dict[str, Any],
        *,
        step: str,
        display_name: str | None = None,
        properties: dict[str, str] | None = None,
    ) -> JobRecord:
        """Start a job as part of another; called again for the same name, it changes nothing.

        Args:
            name: from `lapisml.core.ids.child_name`.
            document: a job document of its own, local paths replaced by references.
            step: which part of the parent it is.

        Raises:
            LapisError: as `JobService.submit`.
        """
        there = self.find(workspace, name)
        if there is not None:
            return there
        taken = self._kinds.check(workspace, {**document, "experiment_name": parent.experiment_name}, uploaded=True)
        taken = replace(taken, display_name=display_name or taken.display_name or step)
        place = Place(parent.name, step, properties or {})
        return self._intake.insert(workspace, name, digest_of(document), taken, {}, parent.created_by, place)

    def add_finished_child(
        self,
        workspace: Workspace,
        parent: JobRecord,
        name: str,
        document: dict[str, Any],
        *,
        step: str,
        display_name: str | None = None,
        properties: dict[str, str] | None = None,
        outputs: list[JobOutput],
        reason: str,
    ) -> JobRecord:
        """Add a job that need not run, since its result is there: Completed at once, with code ``Reused``.

        Args:
            outputs: what it gives; recorded under the new job's name.
            reason: the sentence that a person reads.
        """
        taken = self._kinds.check(workspace, {**document, "experiment_name": parent.experiment_name}, uploaded=True)
        taken = replace(taken, display_name=display_name or taken.display_name or step)
        values = self._intake.values(
            workspace, name, taken, parent.created_by, Place(parent.name, step, properties or {})
        )
        self._outputs.record_these(workspace, [replace(output, job=name) for output in outputs])
        return self._add_over(workspace, values, Move(JobState.COMPLETED, REUSED, reason, 0))

    def add_failed_child(
        self,
        workspace: Workspace,
        parent: JobRecord,
        name: str,
        document: dict[str, Any],
        error: LapisError,
        *,
        step: str,
        display_name: str,
    ) -> JobRecord:
        """Add a job that could not be started: Failed at once, with the error as its reason."""
        taken = Submission(document, parent.experiment_name, display_name, None, 0, 0)
        values = self._intake.values(workspace, name, taken, parent.created_by, Place(parent.name, step))
        return self._add_over(workspace, values, Move(JobState.FAILED, error.code.value, str(error), 0))

    def _add_over(self, workspace: Workspace, values: dict[str, Any], step: Move) -> JobRecord:
        """Add a job that is over without having run, with its run; added before, it is given as it is."""
        job = self._intake.insert_over(workspace, values, replace(step, at=self._clock.now_ms()))
        job = job or self.find(workspace, values["name"])
        if job is None:
            raise not_found("job", values["name"])
        self._tracking.set_run_status(workspace, job.name, job.status, job.ended_at)
        self._events.notify(TOPIC_NEWS)
        return job

    def children(self, workspace: Workspace, parent: str) -> list[Child]:
        """Read the jobs that a job started, in the order in which it started them."""
        with self._database.read() as connection:
            return store.children(connection, workspace.id, parent)

    def moved_children(self, workspace: Workspace, parent: JobRecord, after: int) -> tuple[list[Child], int]:
        """Read the children that moved after a move, oldest first, and the number of the last move.

        Args:
            after: number of a move; 0 gives all children.
        """
        with self._database.read() as connection:
            last = store.last_event(connection)
            if after == 0:
                return store.children(connection, workspace.id, parent.name), last
            return store.moved_children(connection, workspace.id, parent.name, after), last

    def cancel(self, workspace: Workspace, name: str, code: str = "CancelRequested", reason: str = "") -> bool:
        """Ask for the end of a child; one that is over stays as it is.

        Args:
            code, reason: why, for whoever looks at the child.
        """
        reason = reason or "The job that it belongs to is to end."
        return self._canceler.ask(workspace, name, code, reason)

    def set_properties(self, workspace: Workspace, name: str, properties: dict[str, str]) -> None:
        """Add to a job's properties, or replace some of them."""
        with self._database.write() as connection:
            job = store.get(connection, workspace.id, name, lock=True)
            if job is not None and not properties.items() <= job.properties.items():
                store.change(connection, job.seq, properties={**job.properties, **properties})

    def note(self, job: JobRecord, reason: str) -> None:
        """Say what a running composite job does or waits for."""
        if reason == job.status_reason:
            return
        with self._database.write() as connection:
            store.change(connection, job.seq, status_reason=reason, changed_at=self._clock.now_ms())
        self._events.notify(TOPIC_NEWS)

    def record_outputs(self, workspace: Workspace, outputs: Iterable[JobOutput]) -> None:
        """Record outputs of a composite job: usually a child's, under the parent's name for them."""
        self._outputs.record_these(workspace, outputs)

    def outputs_of(self, workspace: Workspace, name: str) -> list[JobOutput]:
        """Give the outputs that were recorded for a job."""
        return self._outputs.recorded(workspace, name)

    def end(self, workspace: Workspace, job: JobRecord, state: JobState, code: str, reason: str) -> bool:
        """Register the outputs that the document names, close the run and move the job to its terminal state.

        Returns:
            False when it was over before.

        Raises:
            LapisError: StorageUnreachable and the like; the end is to be tried again.
        """
        step = Move(state, code, reason, self._clock.now_ms())
        if state == JobState.COMPLETED:
            try:
                self._outputs.register(workspace, job)
            except LapisError as error:
                if error.code in PASSING:
                    raise
                sentence = f"All went well, but an output could not be registered: {error}"
                step = Move(JobState.FAILED, error.code.value, sentence, step.at)
        ended = self._finisher.end(job, step, exit_code=None)
        self._events.notify(TOPIC_NEWS)
        return ended
