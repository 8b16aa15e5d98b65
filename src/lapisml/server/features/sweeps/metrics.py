"""What trials logged, for the policy, for the score, and for the sentence when there is no score."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.sweeps.progress import metric_hint
from lapisml.core.sweeps.spaces import texts
from lapisml.documents.words import nearest
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.sweeps.memory import Course, Memory
from lapisml.server.features.sweeps.store import Trial
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace

_log = logging.getLogger("lapis.jobs")

_MOST_ASKED = 100
_MOST_PARAMETERS = 100


class TrialMetrics:
    """Reads what trials logged, and logs what is known of them."""

    def __init__(self, tracking: TrackingService, clock: Clock) -> None:
        self._tracking = tracking
        self._clock = clock

    def follow(self, workspace: Workspace, memory: Memory, trials: Sequence[Trial]) -> bool:
        """Take in what trials logged since the last look; says whether there was anything.

        A point that comes in late, with a time before that of others which were seen, is taken in when the trial
        is over.
        """
        courses = {trial.name: memory.course(trial.name) for trial in trials}
        if not courses:
            return False
        wanted = {name: course.since for name, course in courses.items()}
        found = self._tracking.metric_points(workspace, memory.plan.metric, wanted)
        taken = [courses[name].take(points) for name, points in found.items()]
        return any(taken)

    def score(self, workspace: Workspace, memory: Memory, trials: Sequence[Trial]) -> None:
        """Read all that trials logged, now that they are over, and give each its score."""
        plan = memory.plan
        found = self._tracking.metric_points(workspace, plan.metric, {trial.name: 0 for trial in trials})
        for trial in trials:
            course = Course(trial.name)
            course.take(found.get(trial.name, []))
            course.history.finished = True
            trial.score = course.history.best(plan.maximize)
            if plan.policy is not None:
                memory.courses[trial.name] = course

    def log_parameters(self, workspace: Workspace, trial: Trial) -> None:
        """Log a trial's parameters to its run; what its script logged itself stays.

        This waits for the trial's end: a script that logs a parameter of the same name, written in another way,
        must not be refused.
        """
        words = dict(list(texts(trial.parameters).items())[:_MOST_PARAMETERS])
        self._log_about(workspace, trial.name, params=words)

    def log_best(self, workspace: Workspace, job: JobRecord, memory: Memory, best: Trial) -> None:
        """Log the best so far to the run of the sweep; the step is the number of trials that are over."""
        over = sum(not trial.is_live for trial in memory.trials)
        point = (memory.plan.metric, float(best.score or 0.0), self._clock.now_ms(), over)
        tags = {"best_child_run_id": best.name, "score": repr(best.score)}
        self._log_about(workspace, job.name, points=[point], tags=tags)

    def hint(self, workspace: Workspace, memory: Memory) -> str:
        """Say what was logged in place of the primary metric."""
        names = [trial.name for trial in memory.trials[:_MOST_ASKED]]
        latest = self._tracking.latest_metrics(workspace, names)
        logged = {key for metrics in latest.values() for key in metrics if not key.startswith("system/")}
        metric = memory.plan.metric
        return metric_hint(metric, logged - {metric}, nearest(metric, logged - {metric}), metric in logged)

    def _log_about(self, workspace: Workspace, run: str, **what: object) -> None:
        try:
            self._tracking.log_about(workspace, run, **what)  # type: ignore[arg-type]
        except LapisError as error:  # the run was deleted, or a name is none that MLflow takes
            _log.info("sweep.log.refused run=%s reason=%s", run, error.message)
