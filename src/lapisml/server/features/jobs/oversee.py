"""Follows the jobs of one lane: hands them over, reads the news, ends them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable
from functools import partial

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import JobState, Move
from lapisml.ports.compute import ComputeBackend, EndReason, ExitStatus, Handle, JobPhase, Observation, Watch
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.finish import PASSING, Finisher
from lapisml.server.features.jobs.launch import Launcher
from lapisml.server.features.jobs.live import LiveJobs
from lapisml.server.features.jobs.records import JobRecord, LiveJob
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.taking import Pair, Taking
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database

_log = logging.getLogger("lapis.jobs")

LOOKED_AT = 100
"""Jobs that are asked about in a look around, though there is no news of them: each one in its turn."""

CANCEL_AGAIN_MS = 10_000
"""After this time a compute is asked again to end a job that has not ended, milliseconds."""

UNSURE_AGAIN_MS = 10_000
"""How often all jobs are asked about while the compute does not answer for some, milliseconds."""

MISSING_FOR_MS = 30_000
"""After this time a job counts as lost that its compute had taken and does not know any more, milliseconds."""

_NEVER_STARTED = "Canceled before it started."
_LATER = "HandOverLater"
_ASKED = "CancelRequested"

Backend = Callable[[], ComputeBackend]
"""Gives the backend of a lane as its document is now; LapisError when there is none."""


class Overseer:
    """Brings the jobs of one lane up to date; every step may be cut off and done again."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        backend: Backend,
        launcher: Launcher,
        finisher: Finisher,
        workspaces: WorkspaceService,
        leased: SiteLease,
        tasks: Tasks,
        jobs: LiveJobs,
        taking: Taking,
    ) -> None:
        self._database = database
        self._clock = clock
        self._backend = backend
        self._launcher = launcher
        self._finisher = finisher
        self._workspaces = workspaces
        self._leased = leased
        self._tasks = tasks
        self._jobs = jobs
        self._taking = taking
        self._term: int | None = None
        self._canceled_at: dict[int, int] = {}
        self._missing_since: dict[int, int] = {}
        self._unsure_at: int | None = None
        self._all_are_due = True

    @property
    def count(self) -> int:
        """How many jobs are followed."""
        return len(self._jobs)

    def oversee(self, names: Iterable[str] | None = None) -> None:
        """Bring jobs up to date.

        Args:
            names: the jobs that there is news of; None is a look around: further jobs are asked about in turn.

        Raises:
            LapisError: the lane has no backend now.
        """
        self._begin_term()
        self._jobs.refresh()
        followed = self._press()
        if names is None:
            followed |= {job.seq: job for job in self._around()}
        else:
            followed |= {job.seq: job for job in self._jobs.named(names)}
        self._follow([job for job in followed.values() if job.placed and job.handed_over])

    def _begin_term(self) -> None:
        """Take nothing from a time in which another server acted: it may have moved the jobs on."""
        if self._leased.term != self._term:
            self._term = self._leased.term
            self._all_are_due = True
            self._jobs.forget()
            self._taking.forget()
            self._canceled_at.clear()
            self._missing_since.clear()

    def _press(self) -> dict[int, LiveJob]:
        """Hand over and end what is due; give the jobs whose end is to be heard of."""
        ending = {}
        for job in self._jobs.pressing():
            if not job.placed:
                self._tasks.run(job.seq, partial(self._cancel_unplaced, job))
            elif not job.handed_over:
                self._tasks.run(job.seq, partial(self._hand_over, job))
            else:
                ending[job.seq] = job
        return ending

    def _around(self) -> list[LiveJob]:
        now = self._clock.now_ms()
        if self._all_are_due:  # nobody has heard the news of the time before
            self._all_are_due = False
            return self._jobs.every()
        if self._unsure_at is not None and now - self._unsure_at >= UNSURE_AGAIN_MS:
            self._unsure_at = None
            return self._jobs.every()
        return self._jobs.next(LOOKED_AT)

    def _cancel_unplaced(self, job: LiveJob) -> bool:
        return self._end(job, Move(JobState.CANCELED, "Canceled", _NEVER_STARTED, self._clock.now_ms()))

    def _hand_over(self, job: LiveJob) -> bool:
        """Give a job to its compute; the runner's first news wakes this server again."""
        workspace = self._workspaces.by_id(job.workspace_id)
        try:
            if _cancelling(job) and self._is_absent(job):
                return self._cancel_unplaced(job)
            with self._database.read() as connection:
                record = store.get(connection, job.workspace_id, job.name)
            if record is None or record.is_over:
                return False
            backend = self._backend()
            backend.submit(self._launcher.specification(workspace, record))
        except LapisError as error:
            if error.code in PASSING:
                self._tell_later(job, error)
                return False
            return self._end(job, Move(JobState.FAILED, error.code.value, str(error), self._clock.now_ms()))
        with self._leased.write() as connection:
            store.change(connection, job.seq, handed_over=True)
            record = store.get(connection, job.workspace_id, job.name)
        if record is None or record.is_over:  # it was ended meanwhile, with its compute: nobody would follow it
            with contextlib.suppress(LapisError):
                backend.cancel(self._handle(job), by="the server: the job was ended while it was handed over")
        self._jobs.touch(job.seq)
        return False

    def _tell_later(self, job: LiveJob, error: LapisError) -> None:
        """Let the job say why it was not handed over yet, or not ended."""
        if _cancelling(job):
            self._tell_uncanceled(job, error.message)
            return
        _log.warning("job.hand_over.later job=%s reason=%s", job.name, error.message)
        with self._leased.write() as connection:
            record = store.get(connection, job.workspace_id, job.name, lock=True)
            if record is None or record.is_over or record.status == JobState.CANCEL_REQUESTED:
                return
            sentence = f"{_waits_as(record)} could not hand the job over yet, and tries again: {error.message}"
            if (record.status_code, record.status_reason) != (_LATER, sentence):
                store.tell(connection, record, Move(record.status, _LATER, sentence, self._clock.now_ms()))

    def _tell_uncanceled(self, job: LiveJob, why: str) -> None:
        """Let a job that somebody wants to end say why it has not ended yet."""
        sentence = f"Cancel was asked for. The compute that may have the job can't be told yet: {why}"
        if job.status_code != _ASKED or job.status_reason == sentence:
            return
        with self._leased.write() as connection:
            store.tell(connection, job, Move(job.status, _ASKED, sentence, self._clock.now_ms()))

    def _is_absent(self, job: LiveJob) -> bool:
        observation = self._backend().observe([Watch(self._handle(job))])[0]
        return observation.phase == JobPhase.ABSENT

    def _follow(self, jobs: list[LiveJob]) -> None:
        if not jobs:
            return
        backend = self._backend()
        for job in jobs:
            if _cancelling(job):
                self._cancel(backend, job)
        pairs: list[Pair] = list(zip(jobs, backend.observe([self._watch(job) for job in jobs]), strict=True))
        if self._unsure_at is None and any(observation.phase == JobPhase.UNKNOWN for _, observation in pairs):
            self._unsure_at = self._clock.now_ms()
        self._taking.take(pairs)
        for job, observation in pairs:
            if observation.exit is not None:
                self._tasks.run(job.seq, partial(self._finish, job, observation.exit))
            if self._is_gone(job, observation):
                self._tasks.run(job.seq, partial(self._end_lost, job))

    def _is_gone(self, job: LiveJob, observation: Observation) -> bool:
        """Say whether the compute has not known a job for a while that it had taken: its folder was removed."""
        if observation.phase != JobPhase.ABSENT:
            self._missing_since.pop(job.seq, None)
            return False
        now = self._clock.now_ms()
        return now - self._missing_since.setdefault(job.seq, now) >= MISSING_FOR_MS

    def _end_lost(self, job: LiveJob) -> bool:
        sentence = "The compute had taken the job and does not know it any more: its folder is gone from where it ran."
        to = JobState.CANCELED if _cancelling(job) else JobState.FAILED
        return self._end(job, Move(to, EndReason.NODE_LOST.value, sentence, self._clock.now_ms()))

    def _cancel(self, backend: ComputeBackend, job: LiveJob) -> None:
        """Ask for the end of a job, now and then again: a compute that was away may not have heard of it."""
        now, asked = self._clock.now_ms(), self._canceled_at.get(job.seq)
        if asked is not None and now - asked < CANCEL_AGAIN_MS:
            return
        try:
            backend.cancel(self._handle(job))
        except LapisError as error:
            _log.warning("job.cancel.later job=%s reason=%s", job.name, error.message)
            self._tell_uncanceled(job, error.message)
            return
        self._canceled_at[job.seq] = now

    def _watch(self, job: LiveJob) -> Watch:
        seen = self._taking.seen(job.seq)
        return Watch(self._handle(job), seen.journal, seen.metrics)

    def _finish(self, job: LiveJob, status: ExitStatus) -> bool:
        try:
            ended = self._finisher.finish(job, status)
        except LapisError as error:
            _log.warning("job.end.later job=%s reason=%s", job.name, error.message)
            self._tell_why(job, f"Finalizing: {error.message} It is tried again until that is over.")
            return False
        self._forget(job)
        return ended

    def _tell_why(self, job: LiveJob, sentence: str) -> None:
        """Say in a job's state what holds up its end."""
        if job.status == JobState.FINALIZING and sentence != job.status_reason:
            with self._leased.write() as connection:
                store.tell(connection, job, Move(job.status, "Waiting", sentence, self._clock.now_ms()))

    def _handle(self, job: LiveJob) -> Handle:
        return Handle(self._workspaces.by_id(job.workspace_id).name, job.name, job.submit_key)

    def _end(self, job: LiveJob, step: Move) -> bool:
        ended = self._finisher.end(job, step, exit_code=None)
        self._forget(job)
        return ended

    def _forget(self, job: LiveJob) -> None:
        self._taking.forget(job.seq)
        self._canceled_at.pop(job.seq, None)
        self._missing_since.pop(job.seq, None)


def _cancelling(job: LiveJob) -> bool:
    return job.status == JobState.CANCEL_REQUESTED


def _waits_as(record: JobRecord) -> str:
    return "Queued: the server" if record.status == JobState.QUEUED else "The server"
