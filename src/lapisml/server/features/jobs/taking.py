"""Writes down what a compute tells of jobs: nothing is lost, and nothing is written twice.

What is new is held against the row as it is within the transaction that changes it. How far a job's journal was read
is noted only after that transaction; what was not written is asked for again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import JobState, Move
from lapisml.core.progress import News, Phase, moves
from lapisml.ports.compute import JobPhase, JournalEntry, Observation
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.live import LiveJobs
from lapisml.server.features.jobs.records import LiveJob
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService

_log = logging.getLogger("lapis.jobs")

Pair = tuple[LiveJob, Observation]


@dataclass(frozen=True)
class Seen:
    """How much of a job's news was taken in; forgotten on restart, which only reads it again."""

    journal: int = 0
    metrics: int = 0
    silent_since: int | None = None


class Taking:
    """Takes in the news of one lane's jobs; used by the lane's thread alone."""

    def __init__(
        self,
        clock: Clock,
        tracking: TrackingService,
        workspaces: WorkspaceService,
        leased: SiteLease,
        jobs: LiveJobs,
    ) -> None:
        self._clock = clock
        self._tracking = tracking
        self._workspaces = workspaces
        self._leased = leased
        self._jobs = jobs
        self._seen: dict[int, Seen] = {}

    def seen(self, seq: int) -> Seen:
        """Say how much of a job's news was taken in."""
        return self._seen.get(seq, Seen())

    def forget(self, seq: int | None = None) -> None:
        """Have the news of a job, or of all, told from their beginning again."""
        if seq is None:
            self._seen.clear()
        else:
            self._seen.pop(seq, None)

    def take(self, pairs: Sequence[Pair]) -> None:
        """Write what is new, in one transaction; only then is it taken as seen.

        Raises:
            LeaseLostError: another server acts for these jobs now; nothing is written, nothing taken as seen.
        """
        now = self._clock.now_ms()
        looks = {job.seq: self._look(job, observation, now) for job, observation in pairs}
        due = [pair for pair in pairs if self._is_due(*pair, looks[pair[0].seq], now)]
        begun: list[LiveJob] = []
        if due:
            with self._leased.write() as connection:
                for job, observation in due:
                    if not self._write(connection, job, observation, looks[job.seq], now, begun):
                        del looks[job.seq]
            for job, _ in due:
                self._jobs.touch(job.seq)
        self._seen.update(looks)
        for job in begun:
            self._begin_run(job)
        for job, observation in pairs:
            self._take_metrics(job, observation)

    def _look(self, job: LiveJob, observation: Observation, now: int) -> Seen:
        seen = self.seen(job.seq)
        silent_since = (seen.silent_since or now) if observation.phase == JobPhase.UNKNOWN else None
        return Seen(observation.journal_cursor or seen.journal, seen.metrics, silent_since)

    def _is_due(self, job: LiveJob, observation: Observation, look: Seen, now: int) -> bool:
        """Say whether the row is to be looked at: always where there is something new in the journal."""
        return bool(observation.journal) or bool(_steps(job, observation, look, now))

    def _write(
        self, connection: Connection, job: LiveJob, observation: Observation, look: Seen, now: int, begun: list[LiveJob]
    ) -> bool:
        """Write the news of one job; False when it is to be asked for again."""
        current = self._jobs.beat.among(connection, [job.seq])
        if not current:  # it is over, or another lane's
            return True
        row = current[0]
        savepoint = connection.begin_nested()
        try:
            is_written = _write(connection, row, _steps(row, observation, look, now), _warnings(row, observation))
        except LapisError as error:  # a fault of one job's news must not hold up the others
            savepoint.rollback()
            _log.error("job.news.refused job=%s reason=%s", job.name, error.message)
            return True
        savepoint.commit()
        begins = any(step.to == JobState.RUNNING for step in _steps(row, observation, look, now))
        if is_written and begins and row.status != JobState.RUNNING and observation.exit is None:
            begun.append(row)  # the run of one that has ended ends in a moment
        return is_written

    def _begin_run(self, job: LiveJob) -> None:
        """Let the run of a job run too, whether or not its code logs to it."""
        try:
            self._tracking.set_run_status(self._workspaces.by_id(job.workspace_id), job.name, JobState.RUNNING)
        except LapisError as error:
            _log.info("job.run.unmoved job=%s reason=%s", job.name, error.message)

    def _take_metrics(self, job: LiveJob, observation: Observation) -> None:
        if not observation.metrics:
            return
        samples = [(sample.at, sample.values) for sample in observation.metrics]
        self._tracking.log_system_metrics(self._workspaces.by_id(job.workspace_id), job.name, samples)
        self._seen[job.seq] = replace(self.seen(job.seq), metrics=observation.metrics_cursor)


def _steps(job: LiveJob, observation: Observation, look: Seen, now: int) -> list[Move]:
    phases = [_phase(entry) for entry in observation.journal]
    silent_ms = now - look.silent_since if look.silent_since else 0
    now_in = "" if observation.phase in (JobPhase.UNKNOWN, JobPhase.ABSENT) else observation.phase.value
    news = News(phases, observation.exit is not None, silent_ms, now_in, observation.sentence)
    return moves(job.status, news, now, job.status_code, job.status_reason)


def _phase(entry: JournalEntry) -> Phase:
    return Phase(entry.phase, entry.at, entry.reason, str(entry.detail.get("step", "")))


def _warnings(job: LiveJob, observation: Observation) -> list[str]:
    told = [str(entry.detail["warning"]) for entry in observation.journal if "warning" in entry.detail]
    return [sentence for sentence in told if sentence not in job.warnings]


def _write(connection: Connection, job: LiveJob, steps: list[Move], warnings: list[str]) -> bool:
    """Write the moves of a job; False when somebody moved it in between."""
    for step in steps:
        values = {"started_at": step.at} if step.to == JobState.RUNNING else {}
        if job.status == JobState.QUEUED and step.to != JobState.QUEUED:
            values["allotted_at"] = step.at
        write = store.tell if step.to == job.status else store.move
        if not write(connection, job, step, **values):
            return False
        job = replace(job, status=step.to, status_code=step.code, status_reason=step.reason)
    if warnings:
        store.change(connection, job.seq, warnings=[*job.warnings, *warnings])
    return True
