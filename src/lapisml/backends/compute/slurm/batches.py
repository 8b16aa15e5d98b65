"""What was handed to Slurm in one go: its record, on the shared storage before and after Slurm has it.

``<root>/slurm/<mark>/`` holds ``batch.json`` (who is in it), ``script.sh``, ``out.<index>`` (what the script wrote),
``number.json`` (the number under which Slurm has it; the proof that it must not be handed over again), and ``lock``,
which the ``sbatch`` that runs holds, whatever becomes of the process that started it. A job's folder names its batch
in ``slurm.json``.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.backends.compute.slurm import words
from lapisml.runner import durable, layout

MEMBER = "slurm.json"
BATCH = "batch.json"
NUMBER = "number.json"
_LOCK = "lock"


@dataclass(frozen=True)
class Batch:
    """One submission: a job, or several as an array.

    Attributes:
        mark: 16 hexadecimal characters, unique; in the name and the comment of Slurm's job.
        jobs: the folders of its jobs below ``runs``, by index: ``default/calm_fennel``.
        nodes: of each of the jobs.
        arguments: of ``sbatch``, apart from those that name the batch itself.
    """

    mark: str
    jobs: Sequence[str]
    nodes: int
    arguments: Sequence[str]

    @property
    def name(self) -> str:
        """The name of Slurm's job."""
        return words.job_name(self.jobs[0].rpartition("/")[2], self.mark)


class Batches:
    """The batches of one root.

    Args:
        root: the agent's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folder = root / "slurm"
        self._numbers: dict[str, str] = {}
        self._members: dict[Path, tuple[str, int]] = {}
        self._batches: dict[str, Batch] = {}

    def folder(self, mark: str) -> Path:
        """Return a batch's folder."""
        return self._folder / mark

    def make(self, folders: Sequence[Path], nodes: int, arguments: Sequence[str]) -> Batch:
        """Write a batch down, durably: each job in it knows it before Slurm can."""
        runs = self.root / "runs"
        jobs = [folder.relative_to(runs).as_posix() for folder in folders]
        batch = Batch(secrets.token_hex(8), jobs, nodes, list(arguments))
        place = self.folder(batch.mark)
        place.mkdir(mode=0o700, parents=True)
        record: dict[str, Any] = {"mark": batch.mark, "jobs": jobs, "nodes": nodes, "arguments": list(arguments)}
        durable.write_json(str(place / BATCH), record, sync=True)
        for index, folder in enumerate(folders):
            durable.write_json(str(folder / MEMBER), {"batch": batch.mark, "index": index}, sync=len(folders) == 1)
        if len(folders) > 1:
            os.sync()
        return batch

    def of(self, folder: Path) -> tuple[Batch, int] | None:
        """Return the batch that a job is in, or a part of it, and its index there; None for one that is in none yet."""
        folder = main_of(folder)
        member = self._members.get(folder)
        if member is None:
            known = durable.read_json(str(folder / MEMBER))
            if not isinstance(known, dict):
                return None
            member = self._members[folder] = (str(known["batch"]), int(known["index"]))
        batch = self.read(member[0])
        return None if batch is None else (batch, member[1])

    def read(self, mark: str) -> Batch | None:
        """Return a batch by its mark, None when there is none."""
        if mark not in self._batches:
            record = durable.read_json(str(self.folder(mark) / BATCH))
            if not isinstance(record, dict):
                return None
            self._batches[mark] = Batch(record["mark"], record["jobs"], int(record["nodes"]), record["arguments"])
        return self._batches[mark]

    def number(self, batch: Batch) -> str | None:
        """Return the number under which Slurm has a batch; None while that is not known."""
        if batch.mark not in self._numbers:
            known = durable.read_json(str(self.folder(batch.mark) / NUMBER))
            if known is None:
                return None
            self._numbers[batch.mark] = str(known)
        return self._numbers[batch.mark]

    def set_number(self, batch: Batch, number: str) -> None:
        """Write down, durably, under which number Slurm has a batch."""
        durable.write_json(str(self.folder(batch.mark) / NUMBER), number, sync=True)
        self._numbers[batch.mark] = number

    def drop(self, batch: Batch) -> None:
        """Take back a batch that Slurm refused and never had; its jobs are in none again."""
        for job in batch.jobs:
            folder = self.root / "runs" / job
            self._members.pop(folder, None)
            (folder / MEMBER).unlink(missing_ok=True)
        self._batches.pop(batch.mark, None)
        for path in self.folder(batch.mark).iterdir():
            path.unlink()
        self.folder(batch.mark).rmdir()

    def release(self, folder: Path) -> None:
        """Take a job out of its batch: should the batch's job in Slurm turn up after all, it passes this one over."""
        folder = main_of(folder)
        self._members.pop(folder, None)
        (folder / MEMBER).unlink(missing_ok=True)

    def handed_over_at(self, batch: Batch) -> float:
        """Return when Slurm took a batch, in seconds since the epoch; 0 when it has not."""
        try:
            return (self.folder(batch.mark) / NUMBER).stat().st_mtime
        except OSError:
            return 0.0

    def forget(self, folder: Path) -> None:
        """Drop what is remembered of a job."""
        self._members.pop(main_of(folder), None)

    def job_id(self, batch: Batch, index: int) -> str | None:
        """Return Slurm's id of a job, ``123`` or ``123_4``; None while that is not known."""
        number = self.number(batch)
        if number is None:
            return None
        return f"{number}_{index}" if len(batch.jobs) > 1 else number

    def tail(self, batch: Batch, index: int) -> str:
        """Return the end of what the batch script wrote for one of the jobs."""
        try:
            data = (self.folder(batch.mark) / f"out.{index}").read_bytes()[-600:]
        except OSError:
            return ""
        return " / ".join(data.decode(errors="replace").split("\n")[-4:]).strip(" /")

    @contextmanager
    def held(self, batch: Batch) -> Iterator[int | None]:
        """Hold a batch's lock; gives its descriptor, for ``sbatch`` to inherit, or None when another holds it."""
        descriptor = os.open(self.folder(batch.mark) / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            yield descriptor
        finally:
            os.close(descriptor)


def main_of(folder: Path) -> Path:
    """Return the folder of the whole job, from that of one of its parts."""
    return folder.with_name(folder.name.partition("+")[0])


def is_open(folder: Path) -> bool:
    """Say whether a job's folder is there and the job has not ended."""
    return (folder / layout.SPEC).exists() and not (folder / layout.EXIT).exists()
