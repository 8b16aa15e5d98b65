"""Schedules: create, look, enable, disable, trigger, delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import Session, Wrap, as_record

_ENABLED = {"EnabledOnly": "true", "DisabledOnly": "false", "All": "all"}


class ScheduleOperations:
    """Operations on schedules.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def begin_create_or_update(self, schedule: Any) -> Poller[Any]:
        """Create a schedule, or give one another document; it stays enabled or disabled.

        Args:
            schedule: an entity, or a `Submission` made from a document.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, NotSupported.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(schedule, "schedule")
        document = submission.ready(self._session)
        with submission.decorated():
            record = self._session.transport.request("PUT", self._path(submission.name()), json_body=document)
        return Poller(self._wrap("schedule", record))

    def get(self, name: str) -> Any:
        """Read a schedule, with the times at which it fires next and what became of the last.

        Raises:
            LapisError: NotFound.
        """
        return self._wrap("schedule", self._session.transport.get(self._path(name)))

    def list(self, *, list_view_type: str = "EnabledOnly", max_results: int | None = None) -> Iterator[Any]:
        """Yield schedules by name.

        Args:
            list_view_type: ``EnabledOnly``, ``DisabledOnly`` or ``All``.
            max_results: at most this many.

        Raises:
            LapisError: Usage, for another `list_view_type`.
        """
        if list_view_type not in _ENABLED:
            raise LapisError(
                ErrorCode.USAGE, f"list_view_type is '{list_view_type}'; use one of {', '.join(_ENABLED)}."
            )
        for record in self._session.pages(self._path(), max_results, enabled=_ENABLED[list_view_type]):
            yield self._wrap("schedule", record)

    def firings(self, name: str, *, max_results: int | None = None) -> Iterator[Any]:
        """Yield what became of a schedule's firings, the last first: due, state, job_name, reason."""
        for record in self._session.pages(self._path(name, "firings"), max_results):
            yield self._wrap("firing", record)

    def begin_enable(self, name: str) -> Poller[Any]:
        """Let a schedule fire. What would have fired while it was disabled is not made up for.

        Raises:
            LapisError: NotFound.
        """
        return self._turn(name, "enable")

    def begin_disable(self, name: str) -> Poller[Any]:
        """Keep a schedule from firing; jobs that it made go on.

        Raises:
            LapisError: NotFound.
        """
        return self._turn(name, "disable")

    def trigger(self, name: str) -> Any:
        """Make a job of the schedule now, whether it is enabled or not; give the job, its name as `job_name` too.

        Raises:
            LapisError: NotFound; whatever refuses the job.
        """
        return self._wrap("triggered", self._session.transport.request("POST", f"{self._path(name)}/trigger"))

    def begin_delete(self, name: str) -> Poller[None]:
        """Delete a disabled schedule; its jobs stay.

        Raises:
            LapisError: NotFound; Conflict while it is enabled.
        """
        self._session.transport.request("DELETE", self._path(name))
        return Poller(None)

    def _turn(self, name: str, verb: str) -> Poller[Any]:
        record = self._session.transport.request("POST", f"{self._path(name)}/{verb}")
        return Poller(self._wrap("schedule", record))

    def _path(self, *names: str) -> str:
        return self._session.path("schedules", *names)
