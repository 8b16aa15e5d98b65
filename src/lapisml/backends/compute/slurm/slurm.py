"""What is asked of Slurm: about all jobs in one call, whatever their number."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence

from lapisml.backends.compute.slurm import commands, places, states
from lapisml.backends.compute.slurm.batches import Batch
from lapisml.backends.compute.slurm.commands import SlurmError
from lapisml.backends.compute.slurm.places import Node, Partition
from lapisml.backends.compute.slurm.states import JobState

_NO_ACCOUNTING = ("disabled", "Slurm accounting storage", "not found", "can't be run")
_PLACES_KEPT_S = 30.0
_SMALLEST_ARRAY_LIMIT = 1001
_PAST_KEPT = 20_000


class Slurm:
    """One cluster, through the commands of this machine.

    Args:
        poll_s: for so long an answer about jobs is good.

    Attributes:
        questions: how often the controller was asked about jobs.
        accounting_trouble: why the accounting could not be asked the last time; empty when it could.
    """

    def __init__(self, poll_s: float) -> None:
        self._poll_s = poll_s
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._queue: dict[str, JobState] = {}
        self._trouble: str | None = None
        self._accounting = True
        self._partitions: tuple[float, list[Partition]] | None = None
        self._largest: int | None = None
        self._past: dict[str, JobState] = {}
        self.questions = 0
        self.accounting_trouble = ""

    def queue(self, *, fresh: bool = False) -> dict[str, JobState]:
        """Return all jobs of this user that the controller knows, those that ended a while ago too.

        Args:
            fresh: an earlier answer will not do.

        Raises:
            SlurmError: it can't be asked.
        """
        with self._lock:
            if fresh or time.monotonic() >= self._asked_at + self._poll_s:
                self._ask()
            if self._trouble is not None:
                raise SlurmError(self._trouble, passing=True)
            return self._queue

    def states(self, marks: Mapping[str, str]) -> dict[str, JobState]:
        """Return what is known of jobs, from the queue and, for those that left it, from the accounting.

        A controller that lost its state gives numbers a second time: a job of another batch is none of these.

        Args:
            marks: of the jobs' batches, by the jobs' numbers.

        Raises:
            SlurmError: the controller can't be asked.
        """
        queue = self.queue()
        known = {n: queue[n] for n, mark in marks.items() if n in queue and mark in queue[n].name}
        gone = {number: mark for number, mark in marks.items() if number not in known}
        return {**known, **self._accounted(gone)} if gone else known

    def find(self, batch: Batch) -> str | None:
        """Return the number under which Slurm has a batch, asked anew; None when it does not have it.

        Raises:
            SlurmError: it can't be asked, nor can the accounting where there is one.
        """
        found = states.number_of(batch.mark, self.queue(fresh=True).values())
        if found is None and self._accounting:
            past = self._sacct(f"--name={batch.name}", "--starttime=now-7days")
            found = states.number_of(batch.mark, past.values())
        return found

    def has_started_since(self, moment: float) -> bool:
        """Say whether the controller is one that was started after a moment (seconds since the epoch), or about then.

        Raises:
            SlurmError: it can't be asked.
        """
        started = places.moment("BOOT_TIME", commands.run(["scontrol", "show", "config"]))
        return started is not None and started > moment

    def past(self, number: str) -> list[str]:
        """Return the states in which a job's turns ended, as far as there is an accounting that tells of them."""
        if not self._accounting:
            return []
        command = ["sacct", "-n", "-P", "-X", "--duplicates", "--format=State%40", f"--jobs={number}"]
        try:
            return [line.split()[0] for line in commands.run(command).splitlines() if line.strip()]
        except SlurmError:
            return []

    def booted_at(self, node: str) -> float | None:
        """Return when a node's machine was started, in seconds since the epoch; None where that is not known."""
        try:
            return places.moment("BootTime", commands.run(["scontrol", "-o", "show", "node", node]))
        except SlurmError:
            return None

    def partitions(self) -> list[Partition]:
        """Return the partitions, as they were at most half a minute ago.

        Raises:
            SlurmError: it can't be asked.
        """
        if self._partitions is None or time.monotonic() > self._partitions[0] + _PLACES_KEPT_S:
            listed = commands.run(["sinfo", "-h", "-a", "-o", places.PARTITION_FORMAT])
            self._partitions = (time.monotonic(), places.partitions(listed))
        return self._partitions[1]

    def nodes(self) -> list[Node]:
        """Return the nodes as they are now, in one call.

        Raises:
            SlurmError: it can't be asked.
        """
        return places.nodes(commands.run(["sinfo", "-h", "-N", "-a", "-o", places.NODE_FORMAT], deadline_s=4.0))

    def addresses(self) -> list[str]:
        """Return the addresses under which Slurm reaches its nodes, each once.

        Raises:
            SlurmError: it can't be asked.
        """
        told = commands.run(["sinfo", "-h", "-N", "-a", "-o", "%o"], deadline_s=4.0)
        return list(dict.fromkeys(line.strip() for line in told.splitlines() if line.strip()))

    def version(self) -> str:
        """Return the version of Slurm's commands here.

        Raises:
            SlurmError: there are none.
        """
        return commands.run(["sinfo", "--version"], deadline_s=4.0).strip().removeprefix("slurm-wlm ")

    def largest_array(self) -> int:
        """Return how many jobs one array may have (``MaxArraySize``)."""
        if self._largest is None:
            try:
                config = commands.run(["scontrol", "show", "config"])
            except SlurmError:
                return 1
            self._largest = places.largest_array(config) or _SMALLEST_ARRAY_LIMIT
        return self._largest

    def cancel(self, ids: Sequence[str], *, only_waiting: bool = False) -> None:
        """Have jobs ended by Slurm; those that have ended are no error.

        Raises:
            SlurmError: it can't be asked.
        """
        commands.run(["scancel", "--quiet", *(["--state=PENDING"] if only_waiting else []), *ids])
        self._asked_at = float("-inf")

    def wake(self, number: str) -> None:
        """Have the runner of a running job look for a request.

        Raises:
            SlurmError: it can't be asked, or the job does not run.
        """
        commands.run(["scancel", "--quiet", "--batch", "--signal=USR1", number])

    def _ask(self) -> None:
        self._asked_at = time.monotonic()
        self.questions += 1
        command = ["squeue", "-h", "-a", "-r", "-t", "all", f"--user={os.getuid()}", "-o", states.SQUEUE_FORMAT]
        try:
            self._queue, self._trouble = states.from_squeue(commands.run(command)), None
        except SlurmError as error:
            self._trouble = str(error)
        self._asked_at = time.monotonic()

    def _accounted(self, marks: Mapping[str, str]) -> dict[str, JobState]:
        """Ask the accounting, where there is one, about jobs that the controller has forgotten: one call for all."""
        if not self._accounting:
            return {}
        found = {number: self._past[number] for number in marks if number in self._past}
        numbers = sorted({number.partition("_")[0] for number in marks if number not in found})
        if not numbers:
            return found
        try:
            told = self._sacct(f"--jobs={','.join(numbers)}")
        except SlurmError as error:
            self.accounting_trouble = str(error)
            return found
        self.accounting_trouble = ""
        told = {number: told[number] for number, mark in marks.items() if number in told and mark in told[number].name}
        if len(self._past) > _PAST_KEPT:
            self._past.clear()
        self._past.update({number: state for number, state in told.items() if state.is_over})
        return {**found, **told}

    def _sacct(self, *which: str) -> dict[str, JobState]:
        command = ["sacct", "-n", "-P", "-X", f"--format={states.SACCT_FORMAT}", f"--uid={os.getuid()}", *which]
        try:
            return states.from_sacct(commands.run(command))
        except SlurmError as error:
            if not any(words in str(error) for words in _NO_ACCOUNTING):
                raise
            self._accounting = False
            return {}
