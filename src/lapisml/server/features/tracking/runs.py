"""What can be done with runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import new_job_name
from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking import limits
from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.paging import history_token, offset_token, read_history, read_offset
from lapisml.server.features.tracking.records import (
    RUN_NAME_TAG,
    Caller,
    DatasetInput,
    HistoryPoint,
    LogEntry,
    Page,
    RunData,
    RunInfo,
    RunModel,
    View,
    run_artifact_uri,
)
from lapisml.server.features.tracking.store import experiments, history, inputs, run_search
from lapisml.server.features.tracking.store import runs as store
from lapisml.server.platform.database import Database

T = TypeVar("T")

MAX_DATASET_SUMMARIES = 1000


class Runs:
    """Runs of workspaces. A job sees and changes its own run and the runs that it made, a person all.

    Attributes:
        on_change: called (quick, any thread) with the workspace and the id of each run that has changed.
    """

    def __init__(self, database: Database, commit: GroupCommit, clock: Clock) -> None:
        self.on_change: Callable[[str, str], None] = lambda _workspace, _run_id: None
        self._database = database
        self._commit = commit
        self._clock = clock

    def create(
        self,
        caller: Caller,
        experiment_id: str,
        name: str = "",
        tags: Mapping[str, str] | None = None,
        start_time: int | None = None,
        user_id: str = "",
        run_id: str | None = None,
        status: JobState = JobState.RUNNING,
    ) -> RunData:
        """Make a run and return it.

        Args:
            run_id: a new one when None. With the id of a run that is there, that run is returned unchanged.

        Raises:
            LapisError: NotFound when the experiment is not there, Usage when it was deleted.
        """
        write = self.creation(caller, experiment_id, name, tags, start_time, user_id, run_id, status)
        made = self._commit.run(write)
        self.on_change(caller.workspace, made.info.run_id)
        return made

    def creation(
        self,
        caller: Caller,
        experiment_id: str,
        name: str = "",
        tags: Mapping[str, str] | None = None,
        start_time: int | None = None,
        user_id: str = "",
        run_id: str | None = None,
        status: JobState = JobState.RUNNING,
    ) -> Callable[[Connection], RunData]:
        """Give what `create` writes, for a transaction in which more is written; arguments as there."""
        now = self._clock.now_ms()
        checked = dict(limits.check_pairs(list((tags or {}).items()), limits.MAX_TAG_LENGTH))
        name = name or checked.get(RUN_NAME_TAG) or new_job_name()
        checked[RUN_NAME_TAG] = limits.check_text(name, "run_name")[: limits.MAX_TAG_LENGTH]
        run_id = limits.check_run_id(run_id) if run_id else uuid.uuid4().hex

        start = now if start_time is None else start_time
        user = (user_id or caller.user)[:256]

        def write(connection: Connection) -> RunData:
            row, experiment, place = experiments.place(connection, caller.workspace_id, experiment_id, now)
            uri = f"{place}/{run_id}/artifacts" if place else run_artifact_uri(run_id)
            values = store.NewRun(caller.workspace_id, row, run_id, name, user, status, start, uri, caller.job)
            made = store.add(connection, values)
            if made is None:
                there = store.require(connection, caller.workspace_id, run_id)
                return store.load(connection, [there])[0]
            store.set_tags(connection, made, checked)
            info = RunInfo(made, run_id, experiment, name, user, status, start, None, None, uri, caller.job)
            return RunData(info, tags=sorted(checked.items()))

        return write

    def get(self, caller: Caller, run_id: str) -> RunData:
        """Return a run with all that it logged, a deleted one too.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        with self._database.read() as connection:
            return store.load(connection, [self._readable(connection, caller, run_id)])[0]

    def info(self, caller: Caller, run_id: str) -> RunInfo:
        """Return the row of a run.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        with self._database.read() as connection:
            return self._readable(connection, caller, run_id)

    def update(
        self,
        caller: Caller,
        run_id: str,
        status: JobState | None = None,
        end_time: int | None = None,
        name: str | None = None,
    ) -> RunInfo:
        """Change a run's status, end and name; None leaves as it is.

        Raises:
            LapisError: NotFound, Forbidden, Usage when it was deleted.
        """
        values: dict[str, object] = {}
        if status is not None:
            values["status"] = status
        if end_time is not None:
            values["end_time"] = end_time
        if name:
            values["name"] = limits.check_text(name, "run_name")[: limits.MAX_RUN_NAME_LENGTH]

        def write(connection: Connection, run: RunInfo) -> RunInfo:
            if values:
                store.change(connection, run.row, **values)
            if name:
                store.set_tags(connection, run.row, {RUN_NAME_TAG: str(values["name"])})
            return replace(run, **values)  # type: ignore[arg-type]  # each value is of its field's type

        return self._change(caller, run_id, write)

    def delete(self, caller: Caller, run_id: str) -> None:
        """Mark a run deleted; doing it again changes nothing.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        now = self._clock.now_ms()

        def write(connection: Connection, run: RunInfo) -> None:
            if run.deleted_at is None:
                store.change(connection, run.row, deleted_at=now)

        self._change(caller, run_id, write, deleted_too=True)

    def restore(self, caller: Caller, run_id: str) -> None:
        """Make a deleted run active again.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        self._change(caller, run_id, lambda connection, run: store.change(connection, run.row, deleted_at=None), True)

    async def log(self, entry: LogEntry) -> None:
        """Log metrics, parameters and tags to a run; returns when they are durable.

        Raises:
            LapisError: NotFound, Forbidden; Usage when the run was deleted or a parameter would change.
        """
        await self._commit.log(entry)
        self.on_change(entry.caller.workspace, entry.run_id)

    def log_and_wait(self, entry: LogEntry) -> None:
        """Do as `log` does, from a thread."""
        self._commit.log_and_wait(entry)
        self.on_change(entry.caller.workspace, entry.run_id)

    def delete_tag(self, caller: Caller, run_id: str, key: str) -> None:
        """Delete a tag of a run.

        Raises:
            LapisError: NotFound when the run or the tag is not there, Forbidden.
        """

        def write(connection: Connection, run: RunInfo) -> None:
            if not store.delete_tag(connection, run.row, key):
                raise LapisError(ErrorCode.NOT_FOUND, f"No tag with name: {key[:250]} in run with id {run_id}")

        self._change(caller, run_id, write)

    def log_inputs(
        self, caller: Caller, run_id: str, datasets: Sequence[DatasetInput], models: Sequence[RunModel]
    ) -> None:
        """Record datasets that a run used and models that it read or made.

        Raises:
            LapisError: NotFound, Forbidden, Usage.
        """

        def write(connection: Connection, run: RunInfo) -> None:
            experiment = experiments.require_row_id(connection, caller.workspace_id, run.experiment_id)
            inputs.add_datasets(connection, run.row, experiment, datasets)
            inputs.add_models(connection, run.row, models)

        self._change(caller, run_id, write)

    def search(
        self,
        caller: Caller,
        experiment_ids: Sequence[str],
        clauses: Sequence[Clause] = (),
        orders: Sequence[Order] = (),
        view: View = View.ACTIVE,
        limit: int = 1000,
        token: str | None = None,
    ) -> Page[RunData]:
        """Return a page of runs of experiments, with what they logged.

        Raises:
            LapisError: Usage.
        """
        query = (list(experiment_ids), [list(c) for c in clauses], [list(o) for o in orders], view)
        offset = read_offset(token, *query)
        with self._database.read() as connection:
            rows = self._experiment_rows(connection, caller, experiment_ids)
            found = run_search.page(connection, caller, rows, clauses, orders, view, limit + 1, offset)
            loaded = store.load(connection, store.infos(connection, found[:limit]))
        following = offset_token(offset + limit, *query) if len(found) > limit else None
        return Page(loaded, following)

    def history(
        self, caller: Caller, run_id: str, key: str, limit: int | None = None, token: str | None = None
    ) -> Page[HistoryPoint]:
        """Return a page of the points of a metric by time, step and value; all of them without a limit.

        Raises:
            LapisError: NotFound, Forbidden, Usage.
        """
        after = read_history(token)
        with self._database.read() as connection:
            run = self._readable(connection, caller, run_id)
            most = None if limit is None else limit + 1
            found = history.points(connection, run.row, key, most, after)
        if limit is None or len(found) <= limit:
            return Page(found, None)
        return Page(found[:limit], history_token(HistoryPoint(*found[limit - 1])))

    def history_sample(
        self,
        caller: Caller,
        run_ids: Sequence[str],
        key: str,
        most: int,
        steps: tuple[int, int] | None = None,
    ) -> list[tuple[str, HistoryPoint]]:
        """Return for each run at most `most` points of a metric, spread evenly over its history.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        with self._database.read() as connection:
            found = [(run_id, self._readable(connection, caller, run_id)) for run_id in run_ids]
            return [
                (run_id, point)
                for run_id, run in found
                for point in history.sample(connection, run.row, key, most, steps)
            ]

    def dataset_summaries(
        self, caller: Caller, experiment_ids: Sequence[str]
    ) -> list[tuple[str, str, str, str | None]]:
        """Return (experiment id, name, digest, context) of the datasets that runs of experiments used."""
        with self._database.read() as connection:
            rows = self._experiment_rows(connection, caller, experiment_ids)
            return inputs.dataset_summaries(connection, caller.workspace_id, rows, MAX_DATASET_SUMMARIES)

    @staticmethod
    def _experiment_rows(connection: Connection, caller: Caller, experiment_ids: Sequence[str]) -> list[int]:
        rows = [experiments.row_id(connection, caller.workspace_id, one) for one in experiment_ids]
        return [row for row in rows if row is not None]

    @staticmethod
    def _readable(connection: Connection, caller: Caller, run_id: str) -> RunInfo:
        run = store.require(connection, caller.workspace_id, run_id)
        if not caller.owns(run_id, run.owner_job):
            raise LapisError(ErrorCode.FORBIDDEN, "A job may read its own run and the runs that it made, no other.")
        return run

    def _change(
        self,
        caller: Caller,
        run_id: str,
        write: Callable[[Connection, RunInfo], T],
        deleted_too: bool = False,
    ) -> T:
        def checked(connection: Connection) -> T:
            run = store.require(connection, caller.workspace_id, run_id)
            if not caller.owns(run_id, run.owner_job):
                raise LapisError(
                    ErrorCode.FORBIDDEN, "A job may change its own run and the runs that it made, no other."
                )
            if run.deleted_at is not None and not deleted_too:
                raise invalid(f"The run {run_id} must be in the 'active' state. Current state is deleted.")
            return write(connection, run)

        changed = self._commit.run(checked)
        self.on_change(caller.workspace, run_id)
        return changed
