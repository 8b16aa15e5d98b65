"""The folders of jobs, ``<home>/runs/<workspace>/<job>``: made whole or not at all, read, and removed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.backends.compute.local import reading
from lapisml.core.clock import SystemClock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import is_valid_name
from lapisml.ports.compute import (
    ExitStatus,
    Handle,
    Help,
    JobPhase,
    LaunchSpec,
    LogChunk,
    LogFile,
    Observation,
    Watch,
)
from lapisml.runner import copying, durable, layout, processes, specfile
from lapisml.runner.relay_link import has_undelivered

_INPUT_MODES = frozenset({None, "ro_mount", "rw_mount", "mount", "download", "direct", "eval_mount", "eval_download"})
_OUTPUT_MODES = frozenset({None, "rw_mount", "mount", "upload", "direct"})


@dataclass
class Known:
    """What has been read of a job already.

    Attributes:
        submit_key: the key it was submitted under.
        phase, sentence: of the last line of its journal.
        read_to: how far the journal was read.
        help: what the job's other parts are to it.
    """

    submit_key: str
    phase: JobPhase = JobPhase.SUBMITTED
    sentence: str = ""
    read_to: int = 0
    help: Help = Help.NONE


Verdict = Callable[[Path, Known, ExitStatus | None], tuple[JobPhase, str]]
"""Says where a job is, from its folder, what is known of it, and how it ended if it has."""


class JobFolders:
    """The folders of one home's jobs.

    Args:
        home: the Lapis home folder, or an agent's.

    Attributes:
        home: the same.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._runs = home / "runs"
        self._lock = threading.Lock()
        self._known: dict[Path, Known] = {}

    def path(self, handle: Handle) -> Path:
        """Return where a job's folder is, or would be."""
        return self._runs / handle.workspace / (f"{handle.job}+{handle.part}" if handle.part else handle.job)

    def of(self, handle: Handle) -> Path | None:
        """Return the folder of a job; None when it was never submitted under this key."""
        folder = self.path(handle)
        return folder if self.key(folder) == handle.submit_key else None

    def make(self, spec: LaunchSpec, boot_id: str | None = None) -> tuple[Handle, Path]:
        """Make a job's folder unless it is there.

        Args:
            spec: the job.
            boot_id: identity of the boot that it belongs to; None means this machine's.

        Raises:
            LapisError: Conflict when the job is there under another key, NotSupported, StorageFull.
        """
        check(spec)
        handle = Handle(spec.workspace, spec.job, spec.submit_key, spec.part.number if spec.part else 0)
        folder = self.path(handle)
        try:
            if not folder.exists():
                self._make(folder, spec, boot_id or processes.boot_id())
        except OSError as error:
            if durable.is_full(error):
                sentence = f"No space is left for the folder of job '{spec.job}'."
                raise LapisError(ErrorCode.STORAGE_FULL, sentence) from error
            raise
        if self.key(folder) != spec.submit_key:
            raise LapisError(ErrorCode.CONFLICT, f"Job '{spec.job}' was submitted before, under another key.")
        return handle, folder

    def any_open(self) -> bool:
        """Say whether a job that is here has not ended."""
        jobs = (job for workspace in _below(self._runs) for job in _below(workspace))
        return any((job / layout.SPEC).exists() and not (job / layout.EXIT).exists() for job in jobs)

    def key(self, folder: Path) -> str | None:
        """Return the key that a folder's job was submitted under; None without such a job."""
        known = self._known.get(folder)
        if known is not None:
            return known.submit_key
        spec = durable.read_json(str(folder / layout.SPEC))
        if not isinstance(spec, dict):
            return None
        with self._lock:
            found = Known(str(spec.get("submit_key")), help=help_of(spec))
            return self._known.setdefault(folder, found).submit_key

    def observe(self, watch: Watch, verdict: Verdict) -> Observation:
        """Read what is new of a job; never raises because of it."""
        folder = self.path(watch.handle)
        try:
            if self.key(folder) != watch.handle.submit_key:
                return Observation(watch.handle, JobPhase.ABSENT, "It was never submitted here.")
            return _news(watch, folder, self._known[folder], verdict)
        except OSError as error:
            return Observation(watch.handle, JobPhase.UNKNOWN, f"Its folder can't be read: {error}.")

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs; empty when there is no such job."""
        folder = self.of(handle)
        return reading.list_logs(folder) if folder is not None else []

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log.

        Raises:
            LapisError: NotFound, PathNotAllowed.
        """
        folder = self.of(handle)
        if folder is None:
            raise LapisError(ErrorCode.NOT_FOUND, f"There is no log '{path}' of job '{handle.job}' here.")
        return reading.read_log(folder, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove the folder of a job that has ended; none there is no error.

        Raises:
            LapisError: Conflict when it has not ended.
        """
        folder = self.of(handle)
        if folder is None:
            return
        if not (folder / layout.EXIT).exists() or has_undelivered(str(folder)):
            raise LapisError(ErrorCode.CONFLICT, f"Job '{handle.job}' has not ended.")
        with self._lock:
            self._known.pop(folder, None)
        grave = self._runs / f".gone-{secrets.token_hex(8)}"
        folder.rename(grave)
        copying.remove_tree(str(grave))

    def _make(self, folder: Path, spec: LaunchSpec, boot_id: str) -> None:
        """Make the folder beside its place and move it there; nobody ever sees half of it."""
        for place in (self._runs, folder.parent):  # parents of what mkdir makes are everybody's to look into
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = self._runs / f".new-{secrets.token_hex(8)}"
        try:
            for path in (made, made / layout.USER_LOGS, made / layout.SYSTEM_LOGS):
                path.mkdir(mode=0o700)
            (made / layout.STD_LOG).touch(mode=0o600)
            specfile.write(str(made), spec.to_json(), boot_id)
            made.rename(folder)
        except OSError:
            copying.remove_tree(str(made))
            if not (folder / layout.SPEC).exists():
                raise


def record_cancel(folder: Path, grace_s: float | None, by: str) -> None:
    """Write a request down unless there is one; on a full disk its bare existence says enough."""
    path = folder / layout.CANCEL
    if path.exists():
        return
    asked: dict[str, Any] = {"at": SystemClock().now_ms(), "by": by, "grace_s": grace_s}
    try:
        durable.write_json(str(path), asked)
    except OSError as error:
        if not durable.is_full(error):
            raise
        path.touch(mode=0o600)


def _news(watch: Watch, folder: Path, known: Known, verdict: Verdict) -> Observation:
    _read_phase(folder, known)
    status = reading.exit_status(folder)
    journal = reading.new_lines(folder / layout.JOURNAL, watch.journal_after)
    metrics = reading.new_lines(folder / layout.SYSTEM_METRICS, watch.metrics_after)
    phase, sentence = verdict(folder, known, status)
    return Observation(
        watch.handle,
        phase,
        sentence,
        reading.journal_entries(journal.values),
        journal.cursor,
        reading.metric_samples(metrics.values),
        metrics.cursor,
        status if phase is JobPhase.ENDED else None,
        known.help,
    )


def help_of(spec: Mapping[str, Any]) -> Help:
    """Say what the other parts of a job are to its first, from its specification's plain form.

    Those of a mini-batch job help it. They keep what their workers write into outputs that are stored when a job ends;
    what ``run()`` returns is with the first, and what is written in place is where all see it.
    """
    asked = spec.get("parallel")
    if not asked or int(spec.get("node_count") or 1) < 2:
        return Help.NONE
    others = [given for name, given in spec["outputs"].items() if name != asked["append_row_to"]]
    kept = [one for one in others if one["mode"] == "upload" or one["location"]["protocol"] != "file"]
    return Help.KEEPING if kept else Help.SPARE


def _read_phase(folder: Path, known: Known) -> None:
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


def _below(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
