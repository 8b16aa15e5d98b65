"""Follows the jobs that hold nodes: hands them over, reads the news, ends them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import JobState, Move
from lapisml.core.progress import News, Phase, moves
from lapisml.ports.compute import ComputeBackend, ExitStatus, Handle, JobPhase, JournalEntry, Observation, Watch
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.finish import PASSING, Finisher
from lapisml.server.features.jobs.launch import Launcher
from lapisml.server.features.jobs.records import LiveJob
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database

_log = logging.getLogger("lapis.jobs")

_NEVER_STARTED = "Canceled before it started."


@dataclass(frozen=True)
class _Seen:
    """How much of a job's news has been taken in; forgotten on restart, which only reads it again."""

    journal: int = 0
    metrics: int = 0
    silent_since: int | None = None


class Overseer:
    """Brings the jobs of one site up to date; every step may be cut off and done again."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        backend: ComputeBackend,
        launcher: Launcher,
        finisher: Finisher,
        tracking: TrackingService,
        workspaces: WorkspaceService,
        leased: SiteLease,
        tasks: Tasks,
    ) -> None:
        self._database = database
        self._clock = clock
        self._backend = backend
        self._launcher = launcher
        self._finisher = finisher
        self._tracking = tracking
        self._workspaces = workspaces
        self._leased = leased
        self._tasks = tasks
        self._seen: dict[int, _Seen] = {}

    def oversee(self, names: Iterable[str] | None = None) -> None:
        """Bring jobs up to date.

        Args:
            names: the jobs that there is news of; None means all.
        """
        with self._database.read() as connection:
            jobs = store.live(connection, self._leased.site)
        wanted = None if names is None else set(names)
        followed = []
        for job in jobs:
            if not job.placed:
                self._tasks.run(job.seq, partial(self._cancel_unplaced, job))
            elif not job.handed_over:
                self._tasks.run(job.seq, partial(self._hand_over, job))
            elif wanted is None or job.name in wanted or _cancelling(job):
                followed.append(job)
        self._follow(followed)

    def _cancel_unplaced(self, job: LiveJob) -> bool:
        return self._end(job, Move(JobState.CANCELED, "Canceled", _NEVER_STARTED, self._clock.now_ms()))

    def _hand_over(self, job: LiveJob) -> bool:
        """Give a job to its compute; the runner's first news wakes this server again."""
        workspace = self._workspaces.by_id(job.workspace_id)
        if _cancelling(job) and self._is_absent(job):
            return self._cancel_unplaced(job)
        with self._database.read() as connection:
            record = store.get(connection, job.workspace_id, job.name)
        if record is None or record.is_over:
            return False
        try:
            self._backend.submit(self._launcher.specification(workspace, record))
        except LapisError as error:
            if error.code in PASSING:
                _log.warning("job.hand_over.later job=%s reason=%s", job.name, error.message)
                return False
            return self._end(job, Move(JobState.FAILED, error.code.value, str(error), self._clock.now_ms()))
        with self._leased.write() as connection:
            store.change(connection, job.seq, handed_over=True)
        return False

    def _is_absent(self, job: LiveJob) -> bool:
        observation = self._backend.observe([Watch(self._handle(job))])[0]
        return observation.phase == JobPhase.ABSENT

    def _follow(self, jobs: list[LiveJob]) -> None:
        for job in jobs:
            if _cancelling(job):
                self._backend.cancel(self._handle(job))
        if not jobs:
            return
        pairs = list(zip(jobs, self._backend.observe([self._watch(job) for job in jobs]), strict=True))
        self._apply(pairs)
        for job, observation in pairs:
            self._take_metrics(job, observation)
            if observation.exit is not None:
                self._tasks.run(job.seq, partial(self._finish, job, observation.exit))

    def _watch(self, job: LiveJob) -> Watch:
        seen = self._seen.get(job.seq, _Seen())
        return Watch(self._handle(job), seen.journal, seen.metrics)

    def _apply(self, pairs: list[tuple[LiveJob, Observation]]) -> None:
        """Write what is new, in one transaction; only then is it taken as seen."""
        now = self._clock.now_ms()
        seen = {job.seq: self._look(job, observation, now) for job, observation in pairs}
        due = []
        for job, observation in pairs:
            steps, warnings = (
                moves(job.status, _news(observation, seen[job.seq], now), now, job.status_code),
                _warnings(job, observation),
            )
            if steps or warnings:
                due.append((job, steps, warnings))
        if due:
            with self._leased.write() as connection:
                for job, steps, warnings in due:
                    try:
                        _write(connection, job, steps, warnings)
                    except LapisError as error:  # a fault of one job's news must not hold up the others
                        _log.error("job.news.refused job=%s reason=%s", job.name, error.message)
        self._seen.update(seen)
        ended = {job.seq for job, observation in pairs if observation.exit is not None}  # their runs end in a moment
        for job, steps, _ in due:
            begins = job.status != JobState.RUNNING and any(step.to == JobState.RUNNING for step in steps)
            if begins and job.seq not in ended:
                self._begin_run(job)

    def _begin_run(self, job: LiveJob) -> None:
        """Let the run of a job run too, whether or not its code logs to it."""
        try:
            self._tracking.set_run_status(self._workspaces.by_id(job.workspace_id), job.name, JobState.RUNNING)
        except LapisError as error:
            _log.info("job.run.unmoved job=%s reason=%s", job.name, error.message)

    def _look(self, job: LiveJob, observation: Observation, now: int) -> _Seen:
        seen = self._seen.get(job.seq, _Seen())
        silent_since = (seen.silent_since or now) if observation.phase == JobPhase.UNKNOWN else None
        return _Seen(observation.journal_cursor or seen.journal, seen.metrics, silent_since)

    def _take_metrics(self, job: LiveJob, observation: Observation) -> None:
        if not observation.metrics:
            return
        samples = [(sample.at, sample.values) for sample in observation.metrics]
        self._tracking.log_system_metrics(self._workspaces.by_id(job.workspace_id), job.name, samples)
        seen = self._seen.get(job.seq, _Seen())
        self._seen[job.seq] = replace(seen, metrics=observation.metrics_cursor)

    def _finish(self, job: LiveJob, status: ExitStatus) -> bool:
        try:
            ended = self._finisher.finish(job, status)
        except LapisError as error:
            _log.warning("job.end.later job=%s reason=%s", job.name, error.message)
            self._tell_why(job, f"Finalizing: {error.message} It is tried again until that is over.")
            return False
        self._seen.pop(job.seq, None)
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
        self._seen.pop(job.seq, None)
        return ended


def _cancelling(job: LiveJob) -> bool:
    return job.status == JobState.CANCEL_REQUESTED


def _news(observation: Observation, seen: _Seen, now: int) -> News:
    phases = [_phase(entry) for entry in observation.journal]
    silent_ms = now - seen.silent_since if seen.silent_since else 0
    return News(phases, observation.exit is not None, silent_ms)


def _phase(entry: JournalEntry) -> Phase:
    return Phase(entry.phase, entry.at, entry.reason, str(entry.detail.get("step", "")))


def _warnings(job: LiveJob, observation: Observation) -> list[str]:
    told = [str(entry.detail["warning"]) for entry in observation.journal if "warning" in entry.detail]
    return [sentence for sentence in told if sentence not in job.warnings]


def _write(connection: Connection, job: LiveJob, steps: list[Move], warnings: list[str]) -> None:
    if warnings:
        store.change(connection, job.seq, warnings=[*job.warnings, *warnings])
    for step in steps:
        started = {"started_at": step.at} if step.to == JobState.RUNNING else {}
        write = store.tell if step.to == job.status else store.move
        if not write(connection, job, step, **started):
            return
        job = replace(job, status=step.to, status_code=step.code, status_reason=step.reason)
