"""Schedules as people and programs see them: create, look, change, enable, disable, trigger, delete.

What fires them is `worker`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, Problem, not_found
from lapisml.core.ids import is_valid_name, new_token
from lapisml.core.schedules.missed import MissedRuns
from lapisml.core.schedules.trigger import Trigger, read_trigger
from lapisml.documents import registry
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.schedules import store
from lapisml.server.features.schedules.documents import job_of, place_of, run_document, run_mark, run_name
from lapisml.server.features.schedules.firing import MISSED_PROPERTY, lease_name
from lapisml.server.features.schedules.records import Firing, FiringState, ScheduleRecord
from lapisml.server.features.schedules.submitting import Submitter
from lapisml.server.features.schedules.topics import TOPIC_SCHEDULES
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import Leases

KEPT_ACTIONS = ("create_monitor", "import_data")
"""What a schedule may do elsewhere; here it is kept, shown, and never done."""


class ScheduleService:
    """Keeps schedules."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        leases: Leases,
        jobs: JobService,
        submitter: Submitter,
    ) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._leases = leases
        self._jobs = jobs
        self._submitter = submitter

    def create_or_update(self, workspace: Workspace, name: str, document: dict[str, Any], by: str) -> ScheduleRecord:
        """Keep a schedule; one that exists gets the document and stays enabled or disabled.

        The job is checked as at its submission. A trigger that changes holds from now on.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, NotSupported, with a problem for every fault.
        """
        document = _parsed(name, document)
        now = self._clock.now_ms()
        with self._database.read() as connection:
            present = store.get(connection, workspace.id, name)
        if present is not None and present.document == document:
            return present
        changes = self._checked(workspace, name, document, present, now)
        try:
            with self._database.write() as connection:
                if present is None:
                    values = {"workspace_id": workspace.id, "name": name, "key": new_token(), "is_enabled": True}
                    store.add(connection, {**values, **changes, "created_by": by, "created_at": now})
                else:
                    store.change(connection, present.id, **changes)
        except IntegrityError:
            self.get(workspace, name)  # there when it was created twice at one moment; else the workspace is gone
            return self.create_or_update(workspace, name, document, by)
        self._events.notify(TOPIC_SCHEDULES)
        return self.get(workspace, name)

    def keep(self, workspace: Workspace, name: str, document: dict[str, Any], by: str) -> ScheduleRecord:
        """Keep a schedule of something that is not run here, such as a monitor: it can be read, and never fires.

        Args:
            document: with `create_monitor` or `import_data` in the place of `create_job`, in any form.

        Raises:
            LapisError: DocumentInvalid, with a problem for every fault of the rest of the document.
        """
        actions = {key: document[key] for key in KEPT_ACTIONS if document.get(key) is not None}
        around = {key: value for key, value in document.items() if key not in KEPT_ACTIONS}
        parsed = _parsed(name, {**around, "create_job": "azureml:none"})
        del parsed["create_job"]
        now = self._clock.now_ms()
        read_trigger(parsed["trigger"], now)
        changes = {
            "document": {**parsed, **actions},
            "job": {},
            "is_enabled": False,
            "next_at": None,
            "updated_at": now,
        }
        try:
            with self._database.write() as connection:
                present = store.get(connection, workspace.id, name)
                if present is None:
                    values = {"workspace_id": workspace.id, "name": name, "key": new_token(), "anchor": now}
                    store.add(connection, {**values, **changes, "decided": now, "created_by": by, "created_at": now})
                else:
                    store.change(connection, present.id, **changes)
        except IntegrityError:
            self.get(workspace, name)
            return self.keep(workspace, name, document, by)
        self._events.notify(TOPIC_SCHEDULES)
        return self.get(workspace, name)

    def update(self, workspace: Workspace, name: str, changes: dict[str, Any], by: str) -> ScheduleRecord:
        """Change some keys of the document, or `is_enabled`; None removes one.

        Raises:
            LapisError: NotFound; as `create_or_update`.
        """
        present = self.get(workspace, name)
        enabled = changes.get("is_enabled")
        if not isinstance(enabled, bool | None):
            raise LapisError(ErrorCode.USAGE, "is_enabled is true or false.")
        merged = {**present.document, **{key: value for key, value in changes.items() if key != "is_enabled"}}
        document = {key: value for key, value in merged.items() if value is not None}
        record = self.create_or_update(workspace, name, document, by)
        return record if enabled is None else self.set_enabled(workspace, name, enabled=enabled)

    def get(self, workspace: Workspace, name: str) -> ScheduleRecord:
        """Read a schedule.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            record = store.get(connection, workspace.id, name)
        if record is None:
            raise not_found("schedule", name, "List them: lapis schedule list --include-disabled")
        return record

    def find(
        self, workspace: Workspace, enabled: bool | None = None, limit: int = 100, after: str | None = None
    ) -> list[ScheduleRecord]:
        """Read schedules by name, those after the name `after`; None for `enabled` means both."""
        with self._database.read() as connection:
            return store.find(connection, workspace.id, enabled, limit, after)

    def history(self, record: ScheduleRecord, limit: int, before: int | None = None) -> list[Firing]:
        """Read what became of a schedule's firings, the last first, older than number `before`."""
        with self._database.read() as connection:
            return store.history(connection, record.id, limit, before)

    def set_enabled(self, workspace: Workspace, name: str, *, enabled: bool) -> ScheduleRecord:
        """Let a schedule fire, or not. What would have fired while it was disabled is not made up for.

        Raises:
            LapisError: NotFound; NotSupported for one that is only kept.
        """
        record = self.get(workspace, name)
        if enabled:
            _check_runs(record)
        if record.is_enabled != enabled:
            now = self._clock.now_ms()
            values: dict[str, Any] = {"is_enabled": enabled, "updated_at": now}
            if enabled:
                decided = max(record.decided, now)
                values |= {"decided": decided, "next_at": record.trigger().next_after(decided)}
            with self._database.write() as connection:
                store.change(connection, record.id, **values)
            self._events.notify(TOPIC_SCHEDULES)
        return self.get(workspace, name)

    def trigger(self, workspace: Workspace, name: str, request: str | None = None) -> str:
        """Make a job of the schedule now, whether it is enabled or not; give the job's name.

        Args:
            request: names the wish; the same wish makes one job.

        Raises:
            LapisError: NotFound; NotSupported for one that is only kept; whatever refuses the job, which the history
                then says too.
        """
        record, now = self.get(workspace, name), self._clock.now_ms()
        _check_runs(record)
        mark = run_mark(record.key, request or new_token())
        with self._database.write() as connection:
            firing = store.asked_for(connection, record.id, mark) or self._record_wish(connection, record, now, mark)
        if firing.state is FiringState.RECORDED:  # else the same wish came before
            self._submitter.submit(record, firing)
        return firing.job_name

    @staticmethod
    def _record_wish(connection: Connection, record: ScheduleRecord, now: int, mark: str) -> Firing:
        job_name = run_name(record.name, now, mark)
        document = run_document(record.job, record.name, job_name, now)
        state = FiringState.RECORDED
        store.record(connection, record.id, now, job_name, state, now, by_hand=True, document=document)
        firing = store.asked_for(connection, record.id, mark)
        assert firing is not None
        return firing

    def delete(self, workspace: Workspace, name: str) -> None:
        """Delete a disabled schedule and its history; its jobs stay.

        Raises:
            LapisError: NotFound; Conflict while it is enabled.
        """
        record = self.get(workspace, name)
        if record.is_enabled:
            hint = f"Disable it first: lapis schedule disable -n {name}"
            raise LapisError(ErrorCode.CONFLICT, f"Schedule '{name}' is enabled.", hint)
        with self._database.write() as connection:
            store.remove(connection, record.id)
        self._leases.forget(lease_name(record.id))

    def _checked(
        self, workspace: Workspace, name: str, document: dict[str, Any], present: ScheduleRecord | None, now: int
    ) -> dict[str, Any]:
        """Check what only the server knows and give the columns that change."""
        is_new_trigger = present is None or present.document.get("trigger") != document["trigger"]
        anchor = now if present is None or is_new_trigger else present.anchor
        trigger = read_trigger(document["trigger"], anchor)
        if is_new_trigger:
            _check_end(trigger, now)
        _check_properties(document)
        job = self._job(workspace, name, document["create_job"], now)
        changes = {"document": document, "job": job, "anchor": anchor, "updated_at": now}
        if present is None or is_new_trigger:
            decided = now - 1  # a recurrence that begins now fires now
            changes |= {"decided": decided, "next_at": trigger.next_after(decided)}
        return changes

    def _job(self, workspace: Workspace, name: str, create_job: Any, now: int) -> dict[str, Any]:
        """Give the document that jobs are made from, after a check of one made from it."""
        job = job_of(create_job, lambda job_name: self._existing(workspace, job_name))
        try:
            self._jobs.check(workspace, run_document(job, name, name, now), uploaded=True)
        except LapisError as error:
            problems = [_moved(problem, place_of(problem.path, create_job)) for problem in error.problems]
            raise LapisError(
                error.code, f"The schedule's job is not valid: {error.message}", error.hint, problems
            ) from None
        return job

    def _existing(self, workspace: Workspace, name: str) -> dict[str, Any]:
        try:
            return self._jobs.get(workspace, name).document
        except LapisError as error:
            problem = Problem(error.message.rstrip("."), "create_job", expected="azureml:<name of a job>")
            sentence = "The schedule refers to what does not exist."
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence, None, [problem]) from None


def _parsed(name: str, document: dict[str, Any]) -> dict[str, Any]:
    if not is_valid_name(name):
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{name}' can't be a schedule's name.")
    return {**registry.parse("schedule", {**document, "name": name}).to_dict(), "name": name}


def _check_runs(record: ScheduleRecord) -> None:
    """Refuse to fire what is only kept."""
    action = next((key for key in KEPT_ACTIONS if key in record.document), None)
    if action is not None:
        sentence = f"Schedule '{record.name}' is kept and can't run: `{action}` is not delivered by this version."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Write a schedule with `create_job`.")


def _check_end(trigger: Trigger, now: int) -> None:
    if trigger.end is not None and trigger.end < now:
        problem = Problem("it lies in the past", "trigger.end_time", expected="a time to come, or none")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The schedule's trigger is not valid.", None, [problem])


def _check_properties(document: dict[str, Any]) -> None:
    asked = (document.get("properties") or {}).get(MISSED_PROPERTY)
    words = [word.value for word in MissedRuns]
    if asked is not None and asked not in words:
        path = f"properties.{MISSED_PROPERTY}"
        problem = Problem(f"`{str(asked)[:80]}` is not known here", path, expected=", ".join(words))
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The schedule is not valid.", None, [problem])


def _moved(problem: Problem, path: str) -> Problem:
    return Problem(problem.message, path, expected=problem.expected, suggestion=problem.suggestion)
