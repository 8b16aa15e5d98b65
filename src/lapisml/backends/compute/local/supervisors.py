"""Seeing that every job which has not ended has a supervisor."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.backends.compute.local.starting import Starter
from lapisml.runner import layout, processes
from lapisml.runner.durable import read_json

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 60.0
_LASTING_S = 5.0
_SUSPECT_STARTS = 4
"""Starts of one job's supervisor, one soon after the other, from which something is taken to be wrong."""


@dataclass
class _Starts:
    """The starts of one job's supervisor that did not last."""

    count: int = 0
    last_at: float = 0.0
    next_at: float = 0.0
    process: dict[str, Any] | None = None

    def note(self, now: float, process: dict[str, Any] | None) -> None:
        """Count a start; forget those before one that lasted."""
        self.count += 1
        self.last_at = now
        self.process = process
        pause = _FIRST_PAUSE_S * 2 ** (self.count - 2) if self.count > 1 else 0.0
        self.next_at = now + min(pause, _LONGEST_PAUSE_S)


class Supervisors:
    """Starts supervisors as they are needed.

    Args:
        python: the interpreter they run on; None means this one.
    """

    def __init__(self, python: str | None = None) -> None:
        self._starter = Starter(python)
        self._lock = threading.Lock()
        self._starts: dict[Path, _Starts] = {}

    def ensure(self, folder: Path, python: str | None = None) -> bool:
        """See that a job's folder has a living supervisor; one that keeps dying is started less and less often.

        Two that are started by mistake (another backend over the same home) settle it by the folder's lock.

        Args:
            folder: the job's folder.
            python: an interpreter of this job's own.

        Returns:
            False when the last ones died so soon that none seems able to live.
        """
        with self._lock:
            if is_supervised(folder):
                return True
            starts = self._starts.setdefault(folder, _Starts())
            now = time.monotonic()
            if now >= starts.next_at and not processes.is_alive(starts.process):
                if starts.count and now - starts.last_at > _LASTING_S + _LONGEST_PAUSE_S:
                    starts.count = 0
                starts.note(now, self._starter.start(folder, python))
            return starts.count < _SUSPECT_STARTS

    def forget(self, folder: Path) -> None:
        """Drop what is remembered of a job that has ended."""
        with self._lock:
            self._starts.pop(folder, None)

    def reap(self) -> None:
        """Collect processes that have ended, so that none stays a zombie."""
        with self._lock:
            self._starter.reap()

    def close(self) -> None:
        """Let go of the process that makes supervisors; they themselves go on."""
        with self._lock:
            self._starter.close()


def is_supervised(folder: Path) -> bool:
    """Say whether the supervisor that a job's folder names lives, by boot id, pid and start time."""
    return processes.is_alive(_supervisor(folder))


def poke(folder: Path) -> None:
    """Have a job's supervisor look for a recorded request; wakes it if somebody stopped it."""
    known = _supervisor(folder)
    if known is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(known["pid"])
        try:
            if processes.is_alive(known):
                signal.pidfd_send_signal(descriptor, signal.SIGUSR1)
                signal.pidfd_send_signal(descriptor, signal.SIGCONT)
        finally:
            os.close(descriptor)


def _supervisor(folder: Path) -> dict[str, Any] | None:
    known = read_json(str(folder / layout.PROCESS))
    supervisor = known.get("supervisor") if isinstance(known, dict) else None
    return supervisor if isinstance(supervisor, dict) else None
