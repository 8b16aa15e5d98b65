"""The desk: hands jobs to Slurm, each once, those of one sweep together, and again later when Slurm can't take them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.backends.compute.slurm import batches, commands, script
from lapisml.backends.compute.slurm.batches import Batch, Batches
from lapisml.backends.compute.slurm.commands import SlurmError
from lapisml.backends.compute.slurm.slurm import Slurm
from lapisml.runner import layout

_QUIET_S = 0.15
_LONGEST_WAIT_S = 3.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 20.0
_SBATCH_WITHIN_S = 10.0

Refuse = Callable[[Path, str], None]
"""Takes the folder of a job that Slurm refuses for good, and why."""


@dataclass(frozen=True)
class Waiting:
    """A job that Slurm does not have yet.

    Attributes:
        folder: the job's folder.
        nodes: how many it is to have.
        arguments: of ``sbatch``, particular to it.
        parent: the sweep that it belongs to; None for a job on its own.
    """

    folder: Path
    nodes: int
    arguments: tuple[str, ...]
    parent: str | None

    @property
    def shape(self) -> tuple[Any, ...]:
        """What jobs of one array have in common."""
        return (self.parent, self.folder.parent, self.nodes, self.arguments)


class Desk:
    """Hands jobs over, in a thread of its own.

    Args:
        known: the batches.
        slurm: the cluster.
        facts: ``python`` and ``source`` for the script, ``at_once`` (nodes of an array at a time, or None).
        refuse: told of jobs that Slurm refuses for good.
        tell: told of jobs whose standing changed.
    """

    def __init__(
        self, known: Batches, slurm: Slurm, facts: Mapping[str, Any], refuse: Refuse, tell: Callable[[Path], None]
    ) -> None:
        self._batches = known
        self._slurm = slurm
        self._facts = facts
        self._refuse = refuse
        self._tell = tell
        self._changed = threading.Condition()
        self._jobs: dict[Path, tuple[Waiting, float]] = {}
        self._open: dict[str, Batch] = {}
        self._trouble = ""
        self._pause = 0.0
        self._not_before = 0.0
        self._largest = script.LARGEST_ARRAY
        self._closed = False
        self._thread: threading.Thread | None = None

    def put(self, job: Waiting) -> None:
        """Have a job handed over; one that waits already is no second one."""
        with self._changed:
            if job.folder not in self._jobs:
                self._jobs[job.folder] = (job, time.monotonic())
                self._go()

    def finish(self, batch: Batch) -> None:
        """Have a batch seen to of which it is not known whether Slurm has it."""
        with self._changed:
            if batch.mark not in self._open:
                self._open[batch.mark] = batch
                self._go()

    def take_back(self, folder: Path) -> bool:
        """Have a job not handed over; False when that may have happened already."""
        with self._changed:
            return self._jobs.pop(folder, None) is not None

    def sentence(self) -> str:
        """Say what jobs that Slurm does not have yet wait for."""
        if not self._trouble:
            return "It is being handed to Slurm."
        return f"Slurm can't take it at present and is asked again: {self._trouble}."

    def close(self) -> None:
        """Stop; what was not handed over is on the shared storage, and the next one sees to it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _go(self) -> None:
        """Wake the thread, or start it; the lock is held."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lapis-slurm-desk", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                found = self._next()
                if found is None:
                    self._changed.wait(self._until_ripe())
                    continue
            try:
                self._hand_over(*found)
            except OSError as error:
                self._be_troubled(f"its record can't be written: {error}")

    def _next(self) -> tuple[Batch | None, list[Waiting]] | None:
        """Return what to hand over now: a batch that is written down already, or jobs that make one."""
        now = time.monotonic()
        if now < self._not_before:
            return None
        if self._open:
            return next(iter(self._open.values())), []
        groups: dict[tuple[Any, ...], list[tuple[Waiting, float]]] = {}
        for job, since in self._jobs.values():
            if job.parent is None:
                return self._taken([job])
            groups.setdefault(job.shape, []).append((job, since))
        limit = min(self._largest, script.LARGEST_ARRAY)
        for group in groups.values():
            if len(group) >= limit or now >= _ripe_at(group):
                return self._taken([job for job, _since in group[:limit]])
        return None

    def _taken(self, jobs: list[Waiting]) -> tuple[None, list[Waiting]]:
        for job in jobs:
            del self._jobs[job.folder]
        return None, jobs

    def _until_ripe(self) -> float | None:
        now = time.monotonic()
        if now < self._not_before:
            return self._not_before - now
        groups: dict[tuple[Any, ...], list[tuple[Waiting, float]]] = {}
        for job, since in self._jobs.values():
            groups.setdefault(job.shape, []).append((job, since))
        return max(0.0, min(map(_ripe_at, groups.values())) - now) if groups else None

    def _hand_over(self, batch: Batch | None, jobs: list[Waiting]) -> None:
        fresh = batch is None
        if batch is None:
            ready = [job for job in jobs if batches.is_open(job.folder) and self._batches.of(job.folder) is None]
            if not ready:
                return
            limit = self._slurm.largest_array() if len(ready) > 1 else 1
            for job in ready[limit:]:
                self.put(job)
            ready = ready[:limit]
            try:
                batch = self._batches.make([job.folder for job in ready], ready[0].nodes, ready[0].arguments)
            except OSError:
                for job in ready:
                    self.put(job)
                raise
            self._open[batch.mark] = batch
        self._submit(batch, fresh)

    def _submit(self, batch: Batch, fresh: bool) -> None:
        """Hand a batch over, or find that Slurm has it."""
        with self._batches.held(batch) as lock:
            if lock is None:
                self._be_troubled("an earlier sbatch of it still runs")
                return
            try:
                number = self._batches.number(batch) or (None if fresh else self._slurm.find(batch))
                if number is None and not fresh and self._is_too_large(batch):
                    self._divide(batch)
                    return
                number = number or self._sbatch(batch, lock)
            except SlurmError as error:
                self._be_refused(batch, error)
                return
            self._batches.set_number(batch, number)
        self._done(batch)

    def _sbatch(self, batch: Batch, lock: int) -> str:
        root, folder = self._batches.root, self._batches.folder(batch.mark)
        text = script.render(batch, root, self._facts["python"], self._facts["source"])
        (folder / "script.sh").write_text(text)
        most = self._facts.get("at_once")
        command = script.command(batch, folder, root, max(1, most // batch.nodes) if most else None)
        printed = commands.run(command, text, deadline_s=_SBATCH_WITHIN_S, keep=(lock,))
        number = script.number_of(printed)
        if number is None:
            raise SlurmError(f"sbatch gave no number but {printed[:200]!r}", passing=True)
        return number

    def _be_refused(self, batch: Batch, error: SlurmError) -> None:
        if error.passing:
            if len(batch.jobs) > 1 and "limit" in str(error).lower():
                self._largest = max(1, len(batch.jobs) // 2)
            self._be_troubled(str(error))
            return
        self._done(batch)
        for job in batch.jobs:
            self._refuse(self._batches.root / "runs" / job, str(error))

    def _is_too_large(self, batch: Batch) -> bool:
        return len(batch.jobs) > self._largest

    def _divide(self, batch: Batch) -> None:
        """Take a batch apart that Slurm has no room for as a whole; Slurm does not have it."""
        self._open.pop(batch.mark, None)
        self._batches.drop(batch)
        for job in batch.jobs:
            self._tell(self._batches.root / "runs" / job)

    def _be_troubled(self, why: str) -> None:
        with self._changed:
            news = why != self._trouble
            self._trouble = why
            self._pause = min(max(2 * self._pause, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
            self._not_before = time.monotonic() + self._pause
            waiting = [*self._jobs]
            waiting += [self._batches.root / "runs" / job for batch in self._open.values() for job in batch.jobs]
        for folder in waiting if news else ():
            self._tell(folder)

    def _done(self, batch: Batch) -> None:
        with self._changed:
            self._open.pop(batch.mark, None)
            self._trouble, self._pause, self._not_before = "", 0.0, 0.0
            self._largest = min(2 * self._largest, script.LARGEST_ARRAY)


def _ripe_at(group: list[tuple[Waiting, float]]) -> float:
    """Return the moment from which jobs are handed over: none has come for a while, or the first waited long enough."""
    times = [since for _job, since in group]
    return min(max(times) + _QUIET_S, min(times) + _LONGEST_WAIT_S) if group[0][0].parent else 0.0


def waiting(folder: Path, spec: Mapping[str, Any], arguments: tuple[str, ...]) -> Waiting:
    """Make what the desk needs of a job, from its specification's plain form."""
    return Waiting(folder, int(spec.get("node_count") or 1), arguments, spec.get("parent"))


def is_canceled(folder: Path) -> bool:
    """Say whether somebody asked for a job's end."""
    return (folder / layout.CANCEL).exists()
