"""What is asked of Slurm: about all jobs in one call, whatever their number."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Sequence

from lapisml.backends.compute.slurm import commands, places, states
from lapisml.backends.compute.slurm.commands import SlurmError
from lapisml.backends.compute.slurm.places import Node, Partition
from lapisml.backends.compute.slurm.states import JobState

_NO_ACCOUNTING = ("disabled", "Slurm accounting storage", "Connection refused", "not found", "can't be run")
_PLACES_KEPT_S = 30.0
_SMALLEST_ARRAY_LIMIT = 1001


class Slurm:
    """One cluster, through the commands of this machine.

    Args:
        poll_s: for so long an answer about jobs is good.
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
        self.questions = 0

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

    def states(self, ids: Iterable[str]) -> dict[str, JobState]:
        """Return what is known of jobs, from the queue and, for those that left it, from the accounting.

        Raises:
            SlurmError: the controller can't be asked.
        """
        queue = self.queue()
        wanted = list(ids)
        gone = [number for number in wanted if number not in queue]
        known = {number: queue[number] for number in wanted if number in queue}
        return {**known, **self._accounted(gone)} if gone else known

    def find(self, name: str) -> str | None:
        """Return the number under which Slurm has a job of this name, asked anew; None when it has none.

        Raises:
            SlurmError: it can't be asked.
        """
        found = states.is_in_queue(name, self.queue(fresh=True).values())
        if found is None and self._accounting:
            found = states.is_in_queue(name, self._sacct(f"--name={name}", "--starttime=now-7days").values())
        return found

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

    def _accounted(self, ids: Sequence[str]) -> dict[str, JobState]:
        """Ask the accounting, where there is one, about jobs that the controller has forgotten."""
        if not self._accounting:
            return {}
        numbers = ",".join(sorted({number.partition("_")[0] for number in ids}))
        found = self._sacct(f"--jobs={numbers}")
        return {number: found[number] for number in ids if number in found}

    def _sacct(self, *which: str) -> dict[str, JobState]:
        command = ["sacct", "-n", "-P", "-X", f"--format={states.SACCT_FORMAT}", f"--uid={os.getuid()}", *which]
        try:
            return states.from_sacct(commands.run(command))
        except SlurmError as error:
            if any(words in str(error) for words in _NO_ACCOUNTING):
                self._accounting = False
            return {}
