"""The end of a job: outputs recorded and registered, the run closed, the token revoked, then the state.

Each step may be repeated; the terminal state is written last, so a server that dies in between ends the job
again after its return, with the same result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import JobState, Move
from lapisml.ports.compute import ExitStatus
from lapisml.ports.endings import Outcome
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.outputs import JobOutputs
from lapisml.server.features.jobs.records import JobRecord, LiveJob
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.database import Database

_log = logging.getLogger("lapis.jobs")

PASSING = frozenset({ErrorCode.STORAGE_UNREACHABLE, ErrorCode.SERVER_UNREACHABLE, ErrorCode.STORAGE_FULL})
"""Errors that say "not now": what met one is tried again."""

_OUTCOME_STATE = {
    Outcome.COMPLETED: JobState.COMPLETED,
    Outcome.FAILED: JobState.FAILED,
    Outcome.CANCELED: JobState.CANCELED,
}


class Finisher:
    """Ends jobs.

    Args:
        tell_parent: called with workspace id and name of the job that started the one which ended.
    """

    def __init__(
        self,
        database: Database,
        leased: SiteLease,
        clock: Clock,
        outputs: JobOutputs,
        tracking: TrackingService,
        identity: IdentityService,
        workspaces: WorkspaceService,
        tell_parent: Callable[[int, str], None],
    ) -> None:
        self._tell_parent = tell_parent
        self._database = database
        self._leased = leased
        self._clock = clock
        self._outputs = outputs
        self._tracking = tracking
        self._identity = identity
        self._workspaces = workspaces

    def finish(self, live: LiveJob, status: ExitStatus) -> bool:
        """End a job as its runner says.

        Returns:
            False when somebody else ended it first.

        Raises:
            LapisError: one of `PASSING`; the end is to be tried again.
        """
        with self._database.read() as connection:
            job = store.get(connection, live.workspace_id, live.name)
        if job is None or job.is_over:
            return False
        reason = status.reason
        if status.outcome != Outcome.COMPLETED and status.log_tail:
            reason = f"{reason}\nLast lines of user_logs/std_log.txt:\n{status.log_tail.rstrip()}"
        state = _OUTCOME_STATE[status.outcome]
        step = Move(state, status.reason_code.value, reason, status.ended_at or self._clock.now_ms())
        workspace = self._workspaces.by_id(job.workspace_id)
        self._outputs.record(workspace, job)
        if state == JobState.COMPLETED:
            step = self._register(job, step)
        return self.end(live, step, exit_code=status.exit_code)

    def end(self, job: LiveJob | JobRecord, step: Move, exit_code: int | None) -> bool:
        """Close the run, revoke the token, and move the job to its terminal state.

        Returns:
            False when somebody else ended it first.
        """
        self._close_run(job, step)
        self._identity.revoke_job_tokens(job.name)
        with self._leased.write() as connection:
            current = store.get(connection, job.workspace_id, job.name, lock=True)
            if current is None or current.is_over:
                return False
            step = _as_asked(current, step)
            ended = store.move(connection, current, step, exit_code=exit_code)
        if current.parent_name is not None:
            self._tell_parent(job.workspace_id, current.parent_name)
        _log.info("job.ended job=%s state=%s code=%s", job.name, step.to.value, step.code)
        return ended

    def _close_run(self, job: LiveJob | JobRecord, step: Move) -> None:
        workspace = self._workspaces.by_id(job.workspace_id)
        try:
            self._tracking.set_run_status(workspace, job.name, step.to, step.at)
        except LapisError as error:
            if error.code != ErrorCode.NOT_FOUND:
                raise
            _log.info("job.run.gone job=%s its run was deleted for good", job.name)

    def _register(self, job: JobRecord, step: Move) -> Move:
        workspace = self._workspaces.by_id(job.workspace_id)
        try:
            self._outputs.register(workspace, job)
        except LapisError as error:
            if error.code in PASSING:
                raise
            sentence = f"The command succeeded, but an output could not be registered: {error}"
            return Move(JobState.FAILED, error.code.value, sentence, step.at)
        return step


def _as_asked(job: JobRecord, step: Move) -> Move:
    """Let a job that was canceled for a reason of its own keep that reason."""
    asked = job.status == JobState.CANCEL_REQUESTED and job.status_code != "CancelRequested"
    if step.to != JobState.CANCELED or not asked:
        return step
    return Move(step.to, job.status_code, job.status_reason, step.at)
