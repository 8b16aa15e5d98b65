"""`ComputeBackend` over the processes of this machine; how it keeps its promises: ``docs/runner.md``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lapisml.backends.compute.local.folders import JobFolders, Known, record_cancel
from lapisml.backends.compute.local.supervisors import Supervisors, is_supervised, poke
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import (
    Capabilities,
    ExitStatus,
    Handle,
    JobPhase,
    LaunchSpec,
    LogChunk,
    LogFile,
    NodeStanding,
    Observation,
    Standing,
    Watch,
)
from lapisml.runner import durable, layout, machine
from lapisml.runner.relay_link import has_undelivered


class LocalProcesses:
    """Runs jobs as detached processes below ``<home>/runs``.

    Args:
        home: the Lapis home folder.
        python: the interpreter that supervisors run on; None means this process's.

    Raises:
        LapisError: NotSupported on a system other than Linux.
    """

    def __init__(self, home: Path, python: str | None = None) -> None:
        if not sys.platform.startswith("linux"):
            raise LapisError(
                ErrorCode.NOT_SUPPORTED,
                "Jobs as local processes need Linux (5.3 or newer): process descriptors and /proc.",
            )
        self._folders = JobFolders(home)
        self._supervisors = Supervisors(python)

    @property
    def capabilities(self) -> Capabilities:
        """Say what this machine can do."""
        return Capabilities(gpus=Path("/dev/nvidiactl").exists())

    def submit(self, spec: LaunchSpec) -> Handle:
        """Make the job's folder, whole or not at all, and start its supervisor."""
        handle, folder = self._folders.make(spec)
        try:
            if not (folder / layout.EXIT).exists():
                self._supervisors.ensure(folder, spec.python)
        except OSError as error:
            if durable.is_full(error):
                sentence = f"No space is left for the folder of job '{spec.job}'."
                raise LapisError(ErrorCode.STORAGE_FULL, sentence) from error
            raise
        return handle

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Read what is new of each job; a job without a living supervisor gets one."""
        self._supervisors.reap()
        return [self._folders.observe(watch, self._verdict) for watch in watches]

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Record the request and wake the supervisor."""
        folder = self._folders.of(handle)
        if folder is None or (folder / layout.EXIT).exists():
            return
        record_cancel(folder, grace_s, by)
        self._supervisors.ensure(folder)
        poke(folder)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs."""
        return self._folders.list_logs(handle)

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log."""
        return self._folders.read_log(handle, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove the folder of a job that has ended."""
        self._folders.discard(handle)

    def describe(self) -> Standing:
        """Describe this machine; it runs something while one of its jobs has not ended."""
        state = "running" if self._folders.any_open() else "idle"
        return Standing(nodes=(NodeStanding(os.uname().nodename, state, **machine.look(self._folders.home)),))

    def close(self) -> None:
        """Let go of helpers; jobs go on."""
        self._supervisors.close()

    def _verdict(self, folder: Path, known: Known, status: ExitStatus | None) -> tuple[JobPhase, str]:
        return self._standing(folder, known) if status is None else self._last_things(folder, known, status)

    def _standing(self, folder: Path, known: Known) -> tuple[JobPhase, str]:
        """Say where a job is that has not ended, and see that it has a supervisor."""
        if self._supervisors.ensure(folder):
            return known.phase, known.sentence
        return JobPhase.UNKNOWN, f"Its supervisor ends as soon as it starts; see its {layout.RUNNER_LOG}."

    def _last_things(self, folder: Path, known: Known, status: ExitStatus) -> tuple[JobPhase, str]:
        """Say whether a job is over for everybody: its metrics delivered, its journal complete."""
        if has_undelivered(str(folder)):
            self._supervisors.ensure(folder)
            return JobPhase.FINALIZING, "Finalizing: delivering the last metrics."
        if known.phase is not JobPhase.ENDED and is_supervised(folder):
            return known.phase, known.sentence
        self._supervisors.forget(folder)
        return JobPhase.ENDED, status.reason
