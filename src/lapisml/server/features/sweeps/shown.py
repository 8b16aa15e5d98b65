"""What pages show of sweeps: every trial with its parameters and result, and what mattered."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.sweeps.plan import Plan, read_plan
from lapisml.core.sweeps.progress import TrialState, best_of
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.summaries import JobSummaries, JobSummary
from lapisml.server.features.sweeps import store
from lapisml.server.features.sweeps.importance import importance, scored
from lapisml.server.features.sweeps.store import Trial
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database


@dataclass(frozen=True)
class ShownTrial:
    """A trial as a page shows it.

    Attributes:
        job: None until it is made.
        value: its score; while it runs, the value that it logged last.
    """

    trial: Trial
    job: JobSummary | None
    value: float | None


@dataclass(frozen=True)
class ShownSweep:
    """A sweep with all of its trials, in the order of their numbers."""

    job: JobRecord
    plan: Plan
    trials: list[ShownTrial]
    best: TrialState | None


class SweepPages:
    """Reads what pages show of sweeps."""

    def __init__(
        self, database: Database, jobs: JobService, summaries: JobSummaries, tracking: TrackingService
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._summaries = summaries
        self._tracking = tracking

    def show(self, workspace: Workspace, name: str) -> ShownSweep:
        """Read a sweep job and its trials.

        Raises:
            LapisError: NotFound; NotSupported for a job that is no sweep.
        """
        job, plan, trials = self._read(workspace, name)
        by_name = {child.name: child for child in self._summaries.children(workspace, name)}
        live = [trial.name for trial in trials if trial.is_live]
        latest = self._tracking.latest_metrics(workspace, live) if live else {}
        shown = [
            ShownTrial(
                trial,
                by_name.get(trial.name),
                trial.score if not trial.is_live else latest.get(trial.name, {}).get(plan.metric),
            )
            for trial in trials
        ]
        best = best_of([trial.state() for trial in trials], plan.maximize)
        return ShownSweep(job, plan, shown, best)

    def importance(self, workspace: Workspace, name: str) -> tuple[int, dict[str, float]]:
        """Give on how many results it rests, and parameter → importance, highest first.

        Raises:
            LapisError: NotFound; NotSupported for a job that is no sweep.
        """
        _, plan, trials = self._read(workspace, name)
        return len(scored(trials)), importance(plan, trials)

    def _read(self, workspace: Workspace, name: str) -> tuple[JobRecord, Plan, list[Trial]]:
        job = self._jobs.get(workspace, name)
        if job.type != "sweep":
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"Job '{name}' is a {job.type}: only sweeps have trials.")
        with self._database.read() as connection:
            trials = store.of_sweep(connection, job.seq)
        return job, read_plan(job.document, job.name), trials
