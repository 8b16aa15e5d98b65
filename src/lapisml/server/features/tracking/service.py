"""Tracking, as the other features see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.lifecycle import TERMINAL, JobState
from lapisml.server.features.tracking.evaluation.datasets import EvaluationDatasets
from lapisml.server.features.tracking.evaluation.scorers import Scorers
from lapisml.server.features.tracking.experiments import Experiments
from lapisml.server.features.tracking.ingestion import BusyError, GroupCommit
from lapisml.server.features.tracking.limits import MAX_PARAM_LENGTH, MAX_TAG_LENGTH, check_key, check_pairs, check_text
from lapisml.server.features.tracking.models import LoggedModels
from lapisml.server.features.tracking.prompts.service import Prompts
from lapisml.server.features.tracking.records import (
    PARENT_RUN_TAG,
    RUN_NAME_TAG,
    Caller,
    Experiment,
    HistoryPoint,
    LogEntry,
    Point,
    RunData,
)
from lapisml.server.features.tracking.runs import Runs
from lapisml.server.features.tracking.store import experiments as experiment_store
from lapisml.server.features.tracking.store import history
from lapisml.server.features.tracking.store import runs as store
from lapisml.server.features.tracking.traces.service import Traces
from lapisml.server.platform.database import Database

__all__ = ["BusyError", "TrackingService", "WorkspaceLike"]


class WorkspaceLike(Protocol):
    """What tracking needs to know of a workspace."""

    @property
    def id(self) -> int:
        """Row id."""
        ...

    @property
    def name(self) -> str:
        """Name."""
        ...


class TrackingService:
    """Experiments, runs, logged models and traces; the methods here are those that jobs use.

    Args:
        database: where everything is kept.
        clock: the present time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._commit = GroupCommit(database)
        self.experiments = Experiments(database, self._commit, clock)
        self.runs = Runs(database, self._commit, clock)
        self.models = LoggedModels(database, self._commit, clock)
        self.traces = Traces(database, self._commit, clock)
        self.datasets = EvaluationDatasets(database, self._commit, clock)
        self.scorers = Scorers(database, self._commit, clock)
        self.prompts = Prompts(database, self._commit, clock)

    def at_once(self) -> AbstractContextManager[None]:
        """Within the block, do short work in the calling thread, which may be the event loop's.

        Raises:
            BusyError: this is not the moment: somebody else is writing, or the database is not a local file.
                Nothing was written; do it in another thread.
        """
        return self._commit.at_once()

    def close(self) -> None:
        """Write what was handed in and stop; called once, when the server ends."""
        self._commit.close()

    def experiment_by_name(self, workspace: WorkspaceLike, name: str) -> Experiment:
        """Return the active experiment of this name, making it when it is missing.

        Raises:
            LapisError: Usage when it was deleted or the name is not allowed.
        """
        return self.experiments.get_or_create(_system(workspace), name)

    def run_creation(
        self,
        workspace: WorkspaceLike,
        experiment_name: str,
        run_id: str,
        run_name: str = "",
        user_id: str = "",
        start_time: int | None = None,
        tags: Mapping[str, str] | None = None,
        parent_run_id: str | None = None,
        status: JobState = JobState.QUEUED,
    ) -> Callable[[Connection], RunData]:
        """Give what writes the run of a job, for the transaction that writes the job; done again, it changes nothing.

        Makes the experiment when that is missing.

        Raises:
            LapisError: Usage when the experiment was deleted.
        """
        experiment = self.experiment_by_name(workspace, experiment_name)
        parent = {PARENT_RUN_TAG: parent_run_id} if parent_run_id else {}
        return self.runs.creation(
            _system(workspace),
            experiment.experiment_id,
            name=run_name,
            tags={**(tags or {}), **parent},
            start_time=start_time,
            user_id=user_id,
            run_id=run_id,
            status=status,
        )

    def set_run_status(
        self, workspace: WorkspaceLike, run_id: str, status: JobState, end_time: int | None = None
    ) -> None:
        """Make a run's status follow its job's.

        A run that its script has ended stays ended until the job ends too.

        Raises:
            LapisError: NotFound.
        """

        def write(connection: Connection) -> None:
            run = store.require(connection, workspace.id, run_id)
            if status in TERMINAL or run.status not in TERMINAL:
                ended = {} if end_time is None else {"end_time": end_time}
                store.change(connection, run.row, status=status, **ended)

        self._commit.run(write)

    def update_run(
        self,
        workspace: WorkspaceLike,
        run_id: str,
        run_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        removed_tags: Sequence[str] = (),
        experiment_name: str | None = None,
    ) -> None:
        """Change a run's name, tags and experiment; None leaves as it is, `tags` are added.

        Raises:
            LapisError: NotFound, Usage.
        """
        changed = dict(check_pairs(list((tags or {}).items()), MAX_TAG_LENGTH))
        if run_name:
            changed[RUN_NAME_TAG] = check_text(run_name, "run_name")
        experiment = experiment_name and self.experiment_by_name(workspace, experiment_name).experiment_id

        def write(connection: Connection) -> None:
            run = store.require(connection, workspace.id, run_id)
            if run_name:
                store.change(connection, run.row, name=run_name)
            if experiment:
                row = experiment_store.require_row_id(connection, workspace.id, experiment)
                store.change(connection, run.row, experiment_id=row)
            store.set_tags(connection, run.row, changed)
            for key in removed_tags:
                store.delete_tag(connection, run.row, key)

        self._commit.run(write)

    def delete_run(self, workspace: WorkspaceLike, run_id: str) -> None:
        """Mark a run deleted.

        Raises:
            LapisError: NotFound.
        """
        self.runs.delete(_system(workspace), run_id)

    def restore_run(self, workspace: WorkspaceLike, run_id: str) -> None:
        """Make a deleted run active again.

        Raises:
            LapisError: NotFound.
        """
        self.runs.restore(_system(workspace), run_id)

    def latest_metrics(self, workspace: WorkspaceLike, run_ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return run id → metric → latest value; a run that logged none is left out."""
        with self._database.read() as connection:
            rows = store.latest_metrics(connection, workspace.id, run_ids)
        found: dict[str, dict[str, float]] = {}
        for run_id, key, value, _timestamp, _step, is_nan in rows:
            found.setdefault(run_id, {})[key] = math.nan if is_nan else value
        return found

    def logged_by(self, workspace: WorkspaceLike, run_ids: Iterable[str]) -> dict[str, RunData]:
        """Return run id → all that the run logged, however many in a few queries; those not there are left out."""
        with self._database.read() as connection:
            found = store.load(connection, store.named(connection, workspace.id, run_ids))
        return {run.info.run_id: run for run in found}

    def metric_points(
        self, workspace: WorkspaceLike, key: str, since: Mapping[str, int]
    ) -> dict[str, list[HistoryPoint]]:
        """Return run id → the points of a metric by time and step, in one query; a run without any is left out.

        Args:
            since: run id → only points logged at or after this time.
        """
        with self._database.read() as connection:
            return history.since(connection, workspace.id, key, since)

    def log_about(
        self,
        workspace: WorkspaceLike,
        run_id: str,
        points: Sequence[tuple[str, float, int, int]] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Log to a run what the platform knows of it; a parameter that the run has stays as its script logged it.

        Args:
            points: (metric, value, time, step).

        Raises:
            LapisError: NotFound, Usage when the run was deleted.
        """
        caller = _system(workspace)
        logged = {name for name, _ in self.runs.get(caller, run_id).params} if params else set()
        new = [(name, value) for name, value in (params or {}).items() if name not in logged]
        self.runs.log_and_wait(
            LogEntry(
                caller,
                run_id,
                points=[Point(check_key(key), value, at, step) for key, value, at, step in points],
                params=check_pairs(new, MAX_PARAM_LENGTH),
                tags=check_pairs(list((tags or {}).items()), MAX_TAG_LENGTH),
            )
        )

    def log_system_metrics(
        self, workspace: WorkspaceLike, run_id: str, samples: Sequence[tuple[int, Mapping[str, float]]]
    ) -> None:
        """Log what the machine measured of a job; a sample given twice is kept once.

        Args:
            samples: (time, key → value), keys such as ``system/cpu_utilization_percentage``. The step of each
                is the whole seconds since the run began.

        Raises:
            LapisError: NotFound, Usage.
        """
        caller = _system(workspace)
        start = self.runs.info(caller, run_id).start_time
        points = [
            Point(check_key(key), value, at, max(0, (at - start) // 1000))
            for at, values in samples
            for key, value in values.items()
        ]
        self.runs.log_and_wait(LogEntry(caller, run_id, points=points))

    @staticmethod
    def artifact_root(_workspace: WorkspaceLike, run_id: str) -> str:
        """Give the ``azureml:`` address of a run's artifacts."""
        return f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{run_id}/"

    @staticmethod
    def model_root(_workspace: WorkspaceLike, model_id: str) -> str:
        """Give the ``azureml:`` address of a logged model's files."""
        return f"azureml://datastores/workspaceartifactstore/paths/LoggedModels/{model_id}/"

    @staticmethod
    def trace_root(_workspace: WorkspaceLike, trace_id: str) -> str:
        """Give the ``azureml:`` address of a trace's files."""
        return f"azureml://datastores/workspaceartifactstore/paths/Traces/{trace_id}/"


def _system(workspace: WorkspaceLike) -> Caller:
    return Caller(workspace.id, workspace.name, "system")
