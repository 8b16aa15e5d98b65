"""Ends the jobs of an attached compute that is being detached by force."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import JobState, Move
from lapisml.ports.compute import Handle
from lapisml.server.features.compute.service import ComputeService
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_log = logging.getLogger("lapis.jobs")


class Eviction:
    """Ends jobs without waiting for their compute, which is asked to end them too.

    Args:
        tell_parent: called with workspace id and name of the job that started one which ended.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        computes: ComputeService,
        identity: IdentityService,
        tracking: TrackingService,
        jobs: JobService,
        tell_parent: Callable[[int, str], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._computes = computes
        self._identity = identity
        self._tracking = tracking
        self._jobs = jobs
        self._tell_parent = tell_parent

    def evict(self, workspace: Workspace, compute: str) -> None:
        """End every job that an attached compute was given."""
        for name in self._jobs.engaged(workspace, compute):
            job = self._jobs.get(workspace, name)
            heard = self._cancel(workspace, compute, job)
            self._end(workspace, compute, name, heard)
            if heard and not job.handed_over:
                self._cancel(workspace, compute, job)  # its hand-over was under way, and may have got there meanwhile

    def _cancel(self, workspace: Workspace, compute: str, job: JobRecord) -> bool:
        try:
            backend = self._computes.attached(workspace, compute)
            if backend is not None:
                handle = Handle(workspace.name, job.name, job.submit_key)
                backend.cancel(handle, by="the server: the compute is detached")
        except LapisError as error:
            _log.warning("job.evict.unheard job=%s reason=%s", job.name, error.message)
            return False
        return backend is not None

    def _end(self, workspace: Workspace, compute: str, name: str, heard: bool) -> None:
        sentence = f"Canceled: compute '{compute}' was detached while it had the job."
        sentence += "" if heard else " The compute could not be told; something of the job may still run there."
        step = Move(JobState.CANCELED, "ComputeDetached", sentence, self._clock.now_ms())
        with contextlib.suppress(LapisError):  # the run was deleted
            self._tracking.set_run_status(workspace, name, step.to, step.at)
        self._identity.revoke_job_tokens(name)
        with self._database.write() as connection:
            job = store.get(connection, workspace.id, name, lock=True)
            if job is None or job.is_over:
                return
            store.move(connection, job, step)
        if job.parent_name is not None:
            self._tell_parent(workspace.id, job.parent_name)
