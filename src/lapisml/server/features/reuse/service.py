"""Reuse of steps: under which key a step's result is kept, and whether an earlier one may be taken.

A result can be found from the moment when all its outputs were read and their marks written, in one transaction,
after the job had completed; never before. It is handed out only after every output was looked at again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lapisml.core.clock import Clock
from lapisml.core.lifecycle import JobState
from lapisml.core.reuse import StepKey
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.records import JobOutput
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.reuse import store
from lapisml.server.features.reuse.contents import NOTHING, Contents, UnknownContentError
from lapisml.server.features.reuse.hashing import FileHashes
from lapisml.server.features.reuse.parts import PartReader
from lapisml.server.features.reuse.records import OutputMark, ResultState, Reusable, StepResult
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database, on_first_write

__all__ = ["Reusable", "ReuseService", "StepKey", "StepResult"]

_log = logging.getLogger("lapis.reuse")

_ARTIFACTS = "artifacts"
_LOGS = frozenset({"user_logs", "system_logs", "logs"})
"""Folders of the artifacts that no result consists of."""


class ReuseService:
    """Keeps what steps depended on and what they gave.

    Args:
        resolution: how strictly environments are honoured (`lapisml.ports.environments.Resolution`).
        hashes: digests of files of this machine, remembered.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        assets: AssetService,
        storage: Storage,
        jobs: JobService,
        resolution: str,
        hashes: FileHashes | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._assets = assets
        self._jobs = jobs
        self._contents = Contents(assets, storage, hashes or FileHashes())
        self._parts = PartReader(assets, self._contents, resolution)

    def key(self, workspace: Workspace, document: Mapping[str, Any]) -> StepKey:
        """Make the key of a job document, as it would be submitted now.

        Args:
            document: a self-contained document of any type but ``pipeline``.

        Returns:
            A key whose `unknown` says of which parts the content can't be known; nothing is found under it, but it
            can be remembered, so that `explain` knows.
        """
        return self._parts.key(workspace, document)

    def find(self, workspace: Workspace, key: StepKey) -> Reusable | None:
        """Return an earlier result under a key: the one that was complete first and is whole still.

        A result of which an output is gone or has changed is put aside for good.
        """
        if not key.is_whole:
            return None
        with self._database.read() as connection:
            candidates = store.reusable(connection, workspace.id, key.digest)
        for result in candidates:
            lost, unreadable = self._damage(workspace, result)
            if lost is not None:
                self._put_aside(result, ResultState.LOST, lost)
            elif not unreadable:
                outputs = [JobOutput(result.job_name, o.name, o.type, o.uri) for o in result.outputs]
                return Reusable(result.job_name, outputs)
        return None

    def remember(self, workspace: Workspace, key: StepKey, job_name: str, *, reused_from: str | None = None) -> None:
        """Keep what a step depends on when it starts, or is reused; called again for the job, it changes nothing."""
        with self._database.write() as connection:
            store.add(connection, workspace.id, job_name, key, reused_from, self._clock.now_ms())

    @contextmanager
    def remembering(
        self, workspace: Workspace, key: StepKey, job_name: str, *, reused_from: str | None = None
    ) -> Iterator[None]:
        """Do as `remember`, along with the first write transaction within the block: that of the job itself.

        A write less for each step; and either both are kept or neither.
        """
        now = self._clock.now_ms()
        with on_first_write(lambda c: store.add(c, workspace.id, job_name, key, reused_from, now)):
            yield

    def completed(self, workspace: Workspace, job_name: str) -> None:
        """Take marks of a completed job's outputs, from when on later steps may take them; may be called again.

        It is not made reusable when data that it read is not what it was when the step started.
        """
        with self._database.read() as connection:
            result = store.get(connection, workspace.id, job_name)
        if result is None or result.state is not ResultState.STARTED or not result.key.is_whole:
            return
        job = self._jobs.get(workspace, job_name)
        if job.status is not JobState.COMPLETED:
            return
        changed = self._changed_input(workspace, result, job)
        if changed is not None:
            self._put_aside(result, ResultState.UNUSABLE, f"{changed} changed while the step waited or ran")
            return
        try:
            outputs = self._marks(workspace, job_name)
        except UnknownContentError as error:
            self._put_aside(result, ResultState.UNUSABLE, f"its outputs could not be read: {error}")
            return
        with self._database.write() as connection:
            store.complete(connection, result, outputs, self._clock.now_ms())

    def result(self, workspace: Workspace, job_name: str) -> StepResult | None:
        """Return what is kept of a step, None for a job that is none."""
        with self._database.read() as connection:
            return store.get(connection, workspace.id, job_name)

    def results(self, workspace: Workspace, job_names: list[str]) -> list[StepResult]:
        """Return what is kept of several jobs, newest first."""
        with self._database.read() as connection:
            return store.get_many(connection, workspace.id, job_names)

    def with_key(self, workspace: Workspace, key: StepKey) -> list[StepResult]:
        """Return the steps that had a key, in whatever state, newest first."""
        with self._database.read() as connection:
            return store.with_digest(connection, workspace.id, key.digest)

    def _changed_input(self, workspace: Workspace, result: StepResult, job: JobRecord) -> str | None:
        now = self._parts.data_marks(workspace, job.document)
        known = result.key.parts
        return next((part for part in known if f"{part}.mode" in known and now.get(part) != known[part]), None)

    def _marks(self, workspace: Workspace, job_name: str) -> list[OutputMark]:
        marks = []
        for output in self._assets.outputs(workspace, job_name):
            found = self._contents.of(workspace, output.uri, leave_out=_left_out(output.name))
            marks.append(OutputMark(output.name, output.type, output.uri, found.mark, found.files, found.size))
        return marks

    def _damage(self, workspace: Workspace, result: StepResult) -> tuple[str | None, bool]:
        """Look at the outputs of a result.

        Returns:
            What has happened to the first that is not as it was, None when all are; and whether one can't be read
            at this moment, which says nothing about it.
        """
        for output in result.outputs:
            try:
                found = self._contents.of(workspace, output.uri, leave_out=_left_out(output.name))
            except UnknownContentError as error:
                _log.info("reuse.unreadable job=%s output=%s reason=%s", result.job_name, output.name, error)
                return None, True
            if found.mark != output.mark:
                return f"output '{output.name}' {'was removed' if found.mark == NOTHING else 'has changed'}", False
        return None, False

    def _put_aside(self, result: StepResult, state: ResultState, remark: str) -> None:
        _log.info("reuse.put_aside job=%s state=%s reason=%s", result.job_name, state.value, remark)
        with self._database.write() as connection:
            store.put_aside(connection, result, state, remark)


def _left_out(output: str) -> frozenset[str]:
    return _LOGS if output == _ARTIFACTS else frozenset()
