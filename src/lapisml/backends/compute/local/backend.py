"""`ComputeBackend` over the processes of this machine; how it keeps its promises: ``docs/runner.md``."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.backends.compute.local import reading
from lapisml.backends.compute.local.supervisors import Supervisors, is_supervised, poke
from lapisml.core.clock import SystemClock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import is_valid_name
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
from lapisml.runner import copying, durable, layout, processes, specfile
from lapisml.runner.relay_link import has_undelivered

_INPUT_MODES = frozenset({None, "ro_mount", "rw_mount", "mount", "download", "direct", "eval_mount", "eval_download"})
_OUTPUT_MODES = frozenset({None, "rw_mount", "mount", "upload", "direct"})


@dataclass
class _Known:
    """What has been read of a job already: its key, and where it was when its journal was last read."""

    submit_key: str
    phase: JobPhase = JobPhase.SUBMITTED
    sentence: str = ""
    read_to: int = 0


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
        self._runs = home / "runs"
        self._supervisors = Supervisors(python)
        self._lock = threading.Lock()
        self._known: dict[Path, _Known] = {}

    @property
    def capabilities(self) -> Capabilities:
        """Say what this machine can do."""
        return Capabilities(gpus=Path("/dev/nvidiactl").exists())

    def submit(self, spec: LaunchSpec) -> Handle:
        """Make the job's folder, whole or not at all, and start its supervisor."""
        check(spec)
        handle = Handle(spec.workspace, spec.job, spec.submit_key, spec.part.number if spec.part else 0)
        folder = self._folder(handle)
        try:
            if not folder.exists():
                self._make_folder(folder, spec)
            if self._key(folder) != spec.submit_key:
                raise LapisError(ErrorCode.CONFLICT, f"Job '{spec.job}' was submitted before, under another key.")
            if not (folder / layout.EXIT).exists():
                self._supervisors.ensure(folder, spec.python)
        except OSError as error:
            if durable.is_full(error):
                raise LapisError(
                    ErrorCode.STORAGE_FULL, f"No space is left for the folder of job '{spec.job}'."
                ) from error
            raise
        return handle

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Read what is new of each job; a job without a living supervisor gets one."""
        self._supervisors.reap()
        return [self._observe(watch) for watch in watches]

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Record the request and wake the supervisor."""
        folder = self._folder(handle)
        if self._key(folder) != handle.submit_key or (folder / layout.EXIT).exists():
            return
        if not (folder / layout.CANCEL).exists():
            _record_cancel(folder / layout.CANCEL, {"at": SystemClock().now_ms(), "by": by, "grace_s": grace_s})
        self._supervisors.ensure(folder)
        poke(folder)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs."""
        folder = self._folder(handle)
        return reading.list_logs(folder) if self._key(folder) == handle.submit_key else []

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log."""
        folder = self._folder(handle)
        if self._key(folder) != handle.submit_key:
            raise LapisError(ErrorCode.NOT_FOUND, f"There is no log '{path}' of job '{handle.job}' here.")
        return reading.read_log(folder, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove the folder of a job that has ended."""
        folder = self._folder(handle)
        if self._key(folder) != handle.submit_key:
            return
        if not (folder / layout.EXIT).exists() or has_undelivered(str(folder)):
            raise LapisError(ErrorCode.CONFLICT, f"Job '{handle.job}' has not ended.")
        with self._lock:
            self._known.pop(folder, None)
        grave = self._runs / f".gone-{secrets.token_hex(8)}"
        folder.rename(grave)
        copying.remove_tree(str(grave))

    def describe(self) -> Standing:
        """Describe this machine."""
        cpus, load = os.cpu_count() or 1, os.getloadavg()[0]
        memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
        return Standing(nodes=(NodeStanding(os.uname().nodename, "running", cpus, None, memory_mb, load),))

    def close(self) -> None:
        """Let go of helpers; jobs go on."""
        self._supervisors.close()

    def _folder(self, handle: Handle) -> Path:
        return self._runs / handle.workspace / (f"{handle.job}+{handle.part}" if handle.part else handle.job)

    def _make_folder(self, folder: Path, spec: LaunchSpec) -> None:
        """Make the folder beside its place and move it there; nobody ever sees half of it."""
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = self._runs / f".new-{secrets.token_hex(8)}"
        try:
            for path in (made, made / layout.USER_LOGS, made / layout.SYSTEM_LOGS):
                path.mkdir(mode=0o700)
            (made / layout.STD_LOG).touch(mode=0o600)
            specfile.write(str(made), spec.to_json(), processes.boot_id())
            made.rename(folder)
        except OSError:
            copying.remove_tree(str(made))
            if not (folder / layout.SPEC).exists():
                raise

    def _key(self, folder: Path) -> str | None:
        """Return the key that a folder's job was submitted under; None without such a job."""
        known = self._known.get(folder)
        if known is not None:
            return known.submit_key
        spec = durable.read_json(str(folder / layout.SPEC))
        if not isinstance(spec, dict):
            return None
        with self._lock:
            return self._known.setdefault(folder, _Known(str(spec.get("submit_key")))).submit_key

    def _observe(self, watch: Watch) -> Observation:
        folder = self._folder(watch.handle)
        try:
            if self._key(folder) != watch.handle.submit_key:
                return Observation(watch.handle, JobPhase.ABSENT, "It was never submitted here.")
            return self._news(watch, folder, self._known[folder])
        except OSError as error:
            return Observation(watch.handle, JobPhase.UNKNOWN, f"Its folder can't be read: {error}.")

    def _news(self, watch: Watch, folder: Path, known: _Known) -> Observation:
        _read_phase(folder, known)
        status = reading.exit_status(folder)
        journal = reading.new_lines(folder / layout.JOURNAL, watch.journal_after)
        metrics = reading.new_lines(folder / layout.SYSTEM_METRICS, watch.metrics_after)
        if status is None:
            phase, sentence = self._standing(folder, known)
        else:
            phase, sentence = self._last_things(folder, known, status)
        return Observation(
            watch.handle,
            phase,
            sentence,
            reading.journal_entries(journal.values),
            journal.cursor,
            reading.metric_samples(metrics.values),
            metrics.cursor,
            status if phase is JobPhase.ENDED else None,
        )

    def _standing(self, folder: Path, known: _Known) -> tuple[JobPhase, str]:
        """Say where a job is that has not ended, and see that it has a supervisor."""
        if self._supervisors.ensure(folder):
            return known.phase, known.sentence
        return JobPhase.UNKNOWN, f"Its supervisor ends as soon as it starts; see its {layout.RUNNER_LOG}."

    def _last_things(self, folder: Path, known: _Known, status: ExitStatus) -> tuple[JobPhase, str]:
        """Say whether a job is over for everybody: its metrics delivered, its journal complete."""
        if has_undelivered(str(folder)):
            self._supervisors.ensure(folder)
            return JobPhase.FINALIZING, "Finalizing: delivering the last metrics."
        if known.phase is not JobPhase.ENDED and is_supervised(folder):
            return known.phase, known.sentence
        self._supervisors.forget(folder)
        return JobPhase.ENDED, status.reason


def _record_cancel(path: Path, asked: dict[str, Any]) -> None:
    """Write a request down; on a full disk its bare existence, which takes no space, says enough."""
    try:
        durable.write_json(str(path), asked)
    except OSError as error:
        if not durable.is_full(error):
            raise
        path.touch(mode=0o600)


def _read_phase(folder: Path, known: _Known) -> None:
    """Bring `known` up to date with the journal."""
    lines = reading.new_lines(folder / layout.JOURNAL, known.read_to)
    known.read_to = lines.cursor
    if lines.values:
        known.phase = JobPhase(lines.values[-1]["phase"])
        known.sentence = str(lines.values[-1].get("reason") or "")


def check(spec: LaunchSpec) -> None:
    """Refuse what can't be honoured, and names that would not be the folder they look like."""
    for name in (spec.workspace, spec.job, *spec.inputs, *spec.outputs):
        if not is_valid_name(name) and not _is_word(name):
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"'{name}' can't be the name of a folder.")
    for kind, modes, given in (
        ("Input", _INPUT_MODES, spec.inputs),
        ("Output", _OUTPUT_MODES, spec.outputs),
    ):
        for name, data in given.items():
            if data.mode not in modes:
                raise LapisError(ErrorCode.NOT_SUPPORTED, f"{kind} '{name}' can't have the mode '{data.mode}'.")


def _is_word(name: str) -> bool:
    return name.replace("-", "_").isidentifier()
