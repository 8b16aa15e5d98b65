"""`ComputeBackend` over Slurm, on a machine that has its commands, with jobs in folders that the nodes share.

A job is a folder, as with local processes, and an allocation of Slurm's in which its supervisor runs. What became of
it is read from the folder; Slurm is asked where the folder does not say enough: whether it waits and what for, and
whether it is gone.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import lapisml
from lapisml.backends.compute.local.folders import JobFolders, Known, record_cancel
from lapisml.backends.compute.local.supervisors import Supervisors
from lapisml.backends.compute.slurm import routes, wishes, words
from lapisml.backends.compute.slurm.batches import Batches, main_of
from lapisml.backends.compute.slurm.commands import SlurmError
from lapisml.backends.compute.slurm.course import Course, Where
from lapisml.backends.compute.slurm.desk import Desk, waiting
from lapisml.backends.compute.slurm.options import SlurmOptions
from lapisml.backends.compute.slurm.slurm import Slurm
from lapisml.backends.compute.slurm.states import JobState
from lapisml.backends.compute.slurm.watcher import Watcher
from lapisml.core.errors import LapisError
from lapisml.ports.compute import (
    Capabilities,
    EndReason,
    ExitStatus,
    Handle,
    JobPhase,
    LaunchSpec,
    LogChunk,
    LogFile,
    Observation,
    PartSpec,
    Standing,
    Watch,
)
from lapisml.runner import durable, layout, machine

CAPABILITIES = Capabilities(multi_node=True, gpus=True, local_paths=False, queues=True, serving=False)
_NO_BOOT = "not started yet"
_SOURCE = str(Path(lapisml.__file__).parent.parent)


class SlurmJobs:
    """Runs jobs through Slurm.

    Args:
        root: the agent's folder, at the same path on the nodes.
        options: what every job is submitted with.
        source: the folder of the package ``lapisml`` that the nodes run; None means the one that runs here.
    """

    def __init__(self, root: Path, options: SlurmOptions | None = None, source: str | None = None) -> None:
        self._options = options or SlurmOptions()
        words.path(str(root))
        self._root = root
        self._folders = JobFolders(root)
        self._batches = Batches(root)
        self._slurm = Slurm(self._options.poll_s)
        self._supervisors = Supervisors()
        self._orders: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._orderer: threading.Thread | None = None
        facts = {
            "python": self._options.interpreter or sys.executable,
            "source": source or _SOURCE,
            "at_once": self._options.max_nodes,
        }
        self._watcher = Watcher(self._slurm, self._options.poll_s)
        self._desk = Desk(self._batches, self._slurm, facts, self._refused, self._watcher.tell)
        self._course = Course(self._batches, self._slurm, self._desk, self._supervisors, self._options, self._order)

    @property
    def capabilities(self) -> Capabilities:
        """Say what a cluster can do."""
        return CAPABILITIES

    @property
    def questions(self) -> int:
        """How often Slurm was asked about jobs."""
        return self._slurm.questions

    def node_count(self, handle: Handle) -> int:
        """Return how many nodes a job has; 1 for one that is not here."""
        folder = self._folders.of(handle)
        spec = durable.read_json(str(folder / layout.SPEC)) if folder is not None else None
        return int(spec.get("node_count") or 1) if isinstance(spec, dict) else 1

    def listen(self, tell: Callable[[str], None]) -> None:
        """Have somebody told of news; see `lapisml.backends.compute.node.engine`."""
        self._watcher.start(tell)

    def submit(self, spec: LaunchSpec) -> Handle:
        """Make the job's folder and have it handed to Slurm; that it waits there is no matter of this call."""
        plain = spec.to_json()
        arguments = wishes.arguments(plain, self._options, self._slurm)
        if spec.node_count > 1:
            for number in reversed(range(spec.node_count)):
                handle, folder = self._folders.make(replace(spec, part=PartSpec(number, (), ())), _NO_BOOT)
        else:
            handle, folder = self._folders.make(spec, _NO_BOOT)
        if not (folder / layout.EXIT).exists() and self._batches.of(folder) is None:
            self._desk.put(waiting(folder, plain, arguments))
        return handle

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Read the folders, and ask Slurm once about all jobs that have not ended."""
        self._supervisors.reap()
        numbers = {folder: self._number(folder) for watch in watches if (folder := self._open(watch.handle))}
        trouble: str | None = None
        states: dict[str, JobState] = {}
        asked = {number: mark for number, mark in numbers.values() if number is not None}
        try:
            states = self._slurm.states(asked) if asked else {}
        except SlurmError as error:
            trouble = f"Slurm does not answer ({error}); its jobs go on."

        def where(folder: Path, known: Known, status: ExitStatus | None) -> Where:
            if status is not None:
                self._watcher.forget(folder)
                return self._course.ended(folder, known, status)
            number, _mark = numbers.get(folder, (None, ""))
            if number is None:
                return self._unplaced(folder)
            self._watcher.watch(folder, number)
            if trouble is not None and not self._course.is_concluded(folder):
                return JobPhase.UNKNOWN, trouble
            return self._course.placed(folder, known, number, states.get(number))

        return [self._folders.observe(watch, where) for watch in watches]

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Record the request, take the job out of Slurm's queue, or wake its runner."""
        folder = self._folders.of(handle)
        if folder is None or (folder / layout.EXIT).exists():
            return
        record_cancel(folder, grace_s, by)
        number, _mark = self._number(folder)
        if number is not None:
            self._course.see_to_cancel(folder, number)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs."""
        return self._folders.list_logs(handle)

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log."""
        return self._folders.read_log(handle, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove the folder of a job that has ended."""
        folder = self._folders.of(handle)
        self._folders.discard(handle)
        if folder is not None:
            self._batches.forget(folder)
            self._course.forget(folder)
            self._watcher.forget(folder)

    def describe(self) -> Standing:
        """Describe the cluster: one call for all nodes."""
        try:
            nodes = [node.standing() for node in self._slurm.nodes()]
            facts = {"Slurm": self._slurm.version(), "Partitions": ", ".join(p.name for p in self._slurm.partitions())}
        except SlurmError as error:
            sentence = f"Slurm does not answer ({error})."
            return Standing("unreachable", sentence)
        free = machine.disk_free_mb(self._root)
        if free is not None:
            facts["Shared folder"] = f"{free / 1024:.1f} GiB free"
        return Standing(nodes=nodes, engine=facts)

    def address(self) -> str:
        """Return the address of this machine that the nodes reach; empty while Slurm does not tell where they are."""
        try:
            return routes.towards(self._slurm.addresses())
        except SlurmError:
            return ""

    def close(self) -> None:
        """Let go of helpers; jobs go on, in Slurm and in its queue."""
        self._desk.close()
        self._watcher.close()
        self._orders.put(None)
        self._supervisors.close()

    def _open(self, handle: Handle) -> Path | None:
        folder = self._folders.of(handle)
        return folder if folder is not None and not (folder / layout.EXIT).exists() else None

    def _number(self, folder: Path) -> tuple[str | None, str]:
        """Return the number under which Slurm has a job, and the mark of its batch."""
        placed = self._batches.of(folder)
        return (None, "") if placed is None else (self._batches.job_id(*placed), placed[0].mark)

    def _unplaced(self, folder: Path) -> Where:
        """See to a job that Slurm does not have, or of which that is not known."""
        if self._course.is_concluded(folder):
            return self._course.finalize(folder)
        placed = self._batches.of(folder)
        if placed is not None:
            self._desk.finish(placed[0])
            return self._course.unplaced(folder)
        folder, asked = main_of(folder), folder
        plain = durable.read_json(str(folder / layout.SPEC))
        try:
            self._desk.put(waiting(folder, plain, wishes.arguments(plain, self._options, self._slurm)))
        except LapisError as error:
            return self._course.conclude(asked, EndReason.REFUSED, {"error": error.message})
        return self._course.unplaced(asked)

    def _refused(self, folder: Path, why: str) -> None:
        """End a job that Slurm refuses, in the words of its command."""
        for share in (folder, *folder.parent.glob(f"{folder.name}+*")):
            self._course.conclude(share, EndReason.REFUSED, {"error": f"{why} (sbatch)."})
        self._watcher.tell(folder)

    def _order(self, what: str, number: str) -> None:
        if self._orderer is None:
            self._orderer = threading.Thread(target=self._carry_out, name="lapis-slurm-orders", daemon=True)
            self._orderer.start()
        self._orders.put((what, number))

    def _carry_out(self) -> None:
        """Run the commands that end and wake jobs; one that fails is ordered again by whoever looks next."""
        while True:
            order = self._orders.get()
            if order is None:
                return
            what, number = order
            try:
                if what == "wake":
                    self._slurm.wake(number)
                else:
                    self._slurm.cancel([number], only_waiting=what == "take")
            except SlurmError:
                continue
