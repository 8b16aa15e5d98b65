"""Looks at jobs while nobody asks, and tells of those that there is news of.

A runner on a node can't reach the agent's socket: that what it wrote has grown is seen on the shared storage.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from lapisml.backends.compute.slurm.commands import SlurmError
from lapisml.backends.compute.slurm.slurm import Slurm
from lapisml.runner import layout

_Seen = tuple[object, ...]


class Watcher:
    """Watches the jobs that have not ended.

    Args:
        slurm: the cluster.
        every_s: seconds between two looks.
    """

    def __init__(self, slurm: Slurm, every_s: float) -> None:
        self._slurm = slurm
        self._every_s = every_s
        self._jobs: dict[Path, tuple[str, _Seen]] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._tell: Callable[[str], None] | None = None

    def start(self, tell: Callable[[str], None]) -> None:
        """Begin to tell."""
        self._tell = tell
        threading.Thread(target=self._run, name="lapis-slurm-watcher", daemon=True).start()

    def watch(self, folder: Path, number: str) -> None:
        """Look at a job from now on."""
        if folder not in self._jobs:
            with self._lock:
                self._jobs.setdefault(folder, (number, ()))

    def forget(self, folder: Path) -> None:
        """Do not look at a job any more."""
        with self._lock:
            self._jobs.pop(folder, None)

    def tell(self, folder: Path) -> None:
        """Tell of a job."""
        if self._tell is not None:
            with contextlib.suppress(RuntimeError):  # whoever listened is gone
                self._tell(folder.name.partition("+")[0])

    def close(self) -> None:
        """Stop."""
        self._end.set()

    def _run(self) -> None:
        while not self._end.wait(self._every_s):
            with self._lock:
                jobs = dict(self._jobs)
            for folder, (number, before) in jobs.items() if jobs else ():
                now = self._look(folder, number)
                if now == before:
                    continue
                with self._lock:
                    if folder in self._jobs:
                        self._jobs[folder] = (number, now)
                if before:
                    self.tell(folder)

    def _look(self, folder: Path, number: str) -> _Seen:
        try:
            state = self._slurm.queue().get(number)
            words = (state.state, state.reason) if state is not None else ("gone",)
        except SlurmError:
            words = ("away",)
        return (*words, _size(folder / layout.JOURNAL), _size(folder / layout.EXIT))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
