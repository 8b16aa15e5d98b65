"""`ComputeBackend` over a Ray cluster, within the front: a driver on the cluster's head.

A job's record lies on the head's disk, its resources in a placement group that outlives the front, its processes
under a supervisor of their own on its nodes, and their news with those nodes' keepers. Another front over the same
folder finds all of it again. How it keeps the port's promises: ``docs/compute-ray.md``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from lapisml.backends.compute.local.folders import check
from lapisml.backends.compute.node.parted import Parted
from lapisml.backends.compute.ray.cluster import Cluster, bundle_of
from lapisml.backends.compute.ray.endings import bare, ended, ending
from lapisml.backends.compute.ray.keepers import Keepers, Sources
from lapisml.backends.compute.ray.nodes import Nodes
from lapisml.backends.compute.ray.placing import Groups, Line
from lapisml.backends.compute.ray.records import Record, Records
from lapisml.backends.compute.ray.standing import describe
from lapisml.backends.compute.ray.starting import Starter
from lapisml.backends.compute.ray.tending import Tending
from lapisml.core.clock import SystemClock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import (
    Capabilities,
    ComputeBackend,
    Handle,
    JobPhase,
    LaunchSpec,
    LogChunk,
    LogFile,
    Observation,
    Standing,
    Watch,
)
from lapisml.ports.endings import EndReason
from lapisml.runner import durable

_STANDS_STILL_AFTER = 2 / 3
"""Part of the patience with a node that Ray calls dead after which the node's jobs stand still."""


class RayJobs:
    """Runs jobs on the cluster that this process is a driver of (``ray.init`` was called).

    Args:
        root: Lapis's folder here, and, written the same, on every node.
        written: how the document writes it (``~`` is each node's own home); None means `root`.
        sources: what the keepers work with.
        prefix: begins the names of the placement groups; tells this compute from others on the cluster.
        tell: called with the name of a job that there is news of, from any thread.
        patience_s: how long a node that Ray calls dead may take to come back before its jobs are lost.
        max_nodes: nodes that one job may have; None for any number.
    """

    def __init__(
        self,
        root: Path,
        sources: Sources,
        prefix: str,
        *,
        written: str | None = None,
        tell: Callable[[str], None] = lambda _job: None,
        patience_s: float = 30.0,
        max_nodes: int | None = None,
    ) -> None:
        self._max_nodes = max_nodes
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], Record] = {}
        self._tell = tell
        self._records = Records(root)
        self._cluster = Cluster()
        self._groups = Groups(prefix, self._cluster.named)
        self._keepers = Keepers(
            written or str(root), sources, self._hear, self._active, patience_s * _STANDS_STILL_AFTER
        )
        self._line = Line(self._groups, self._begin)
        self._nodes = Nodes(self._known, self._keepers, self._cluster, patience_s)
        self._parted = Parted(self._backends)
        self._tending = Tending(
            root, self._records, self._line, self._nodes, self._parted, self._notify, self._snapshot
        )
        self._starter = Starter(root, self._records, self._groups, self._nodes, self._tending)
        self._recover()
        self._tending.start()

    @property
    def capabilities(self) -> Capabilities:
        """Say what the cluster can do."""
        return Capabilities(multi_node=True, gpus=True, local_paths=False, queues=True, serving=True)

    def listen(self, tell: Callable[[str], None]) -> None:
        """Tell of news from now on."""
        self._tell = tell

    def submit(self, spec: LaunchSpec) -> Handle:
        """Write the job down and put it in the line; it starts when there is room."""
        check(spec)
        if self._max_nodes is not None and spec.node_count > self._max_nodes:
            sentence = f"The job asks for {spec.node_count} nodes; this compute gives a job {self._max_nodes} at most."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
        handle = Handle(spec.workspace, spec.job, spec.submit_key)
        plain = spec.to_json()
        bundle = bundle_of(plain["resources"], [node.total for node in self._cluster.alive()])
        made = Record(*_names(handle), plain, SystemClock().now_ms(), [bundle] * max(1, spec.node_count))
        with self._lock:
            record = self._jobs.setdefault(made.key, made)
            if record.submit_key != spec.submit_key:
                raise LapisError(ErrorCode.CONFLICT, f"Job '{spec.job}' was submitted before, under another key.")
            if record is made:
                self._write_first(made)
        if record is made:
            self._line.join(made)
        return handle

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Ask the nodes, one call each, and the line for those that wait."""
        found: list[Observation | None] = [self._without_nodes(watch) for watch in watches]
        asked = [index for index, answer in enumerate(found) if answer is None]
        for index, answer in zip(asked, self._parted.observe([watches[index] for index in asked]), strict=True):
            found[index] = answer
            record = self._known(answer.handle)
            if answer.exit is not None and record is not None:
                self._tending.is_over(record, answer)
        return [answer for answer in found if answer is not None]

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Take the job out of the line, or pass the request to its nodes."""
        record = self._known(handle)
        if record is None or record.has_ended:
            return
        record.cancel = {"grace_s": grace_s, "by": by}
        self._records.write(record)
        if self._line.leave(record):
            self._tending.end(record, ending(EndReason.CANCELED, by=f" by {by}" if by else ""))
        elif record.started:
            self._tending.pass_cancel(record)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs."""
        record = self._known(handle)
        if record is None or not record.places or record.exit is not None:
            return []
        return self._parted.list_logs(handle)

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log."""
        record = self._known(handle)
        if record is None or not record.places or record.exit is not None:
            raise LapisError(ErrorCode.NOT_FOUND, f"There is no log '{path}' of job '{handle.job}' here.")
        return self._parted.read_log(handle, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove what a job left on its nodes, and its record."""
        record = self._known(handle)
        if record is None:
            return
        if not record.has_ended:
            raise LapisError(ErrorCode.CONFLICT, f"Job '{handle.job}' has not ended.")
        if record.places:
            self._parted.discard(handle)
        with self._lock:
            self._jobs.pop(record.key, None)
        self._records.remove(record)

    def describe(self) -> Standing:
        """Describe the cluster."""
        return describe(self._cluster, self._keepers, self._snapshot())

    def close(self) -> None:
        """Stop; jobs, groups and keepers go on."""
        self._tending.close()
        self._line.close()
        self._starter.close()
        self._keepers.close()

    def _recover(self) -> None:
        """Go on from what the front before this one wrote."""
        known = set()
        self._keepers.dismiss_strangers()
        for record in self._records.read():
            self._jobs[record.key] = record
            if not record.has_ended:
                known.add(record.group or self._groups.name(record))
        self._groups.remove_others(known)
        for record in list(self._jobs.values()):
            if record.waits:
                self._line.join(record)
            elif not record.has_ended:
                self._starter.resume(record)

    def _write_first(self, record: Record) -> None:
        try:
            self._records.write(record)
        except OSError as error:
            del self._jobs[record.key]
            if durable.is_full(error):
                sentence = f"No space is left on the cluster's head for the record of job '{record.job}'."
                raise LapisError(ErrorCode.STORAGE_FULL, sentence) from error
            raise

    def _known(self, handle: Handle) -> Record | None:
        with self._lock:
            record = self._jobs.get((handle.workspace, handle.job))
        return record if record is not None and record.submit_key == handle.submit_key else None

    def _begin(self, record: Record, nodes: Sequence[str]) -> None:
        self._starter.begin(record, nodes)

    def _active(self, node: str) -> list[Handle]:
        """Return the parts on a node that have not ended."""
        return [
            handle
            for record in self._snapshot()
            if not record.has_ended
            for handle, place in zip(record.handles, list(record.places), strict=True)
            if place.node == node
        ]

    def _backends(self, handle: Handle) -> list[ComputeBackend]:
        record = self._known(handle)
        return [cast("ComputeBackend", self._nodes)] * len(record.places if record is not None else ())

    def _snapshot(self) -> list[Record]:
        with self._lock:
            return list(self._jobs.values())

    def _notify(self, record: Record) -> None:
        self._tell(record.job)

    def _hear(self, node: str, news: list[tuple[str, str, int, bool]]) -> None:
        for workspace, job, part, is_over in news:
            with self._lock:
                record = self._jobs.get((workspace, job))
            if record is None:
                continue
            if is_over:
                self._tending.part_is_over(record, part)
            self._notify(record)
        if not news:
            self._tending.look_at(node)

    def _without_nodes(self, watch: Watch) -> Observation | None:
        """Answer for a job that no node is to be asked about; None for the others."""
        record = self._known(watch.handle)
        if record is None:
            return bare(watch, JobPhase.ABSENT, "It was never submitted here.")
        if record.exit is not None:
            return ended(watch, record.exit, has_journal=record.started)
        if record.started:
            return None
        if record.places:
            return bare(watch, JobPhase.SUBMITTED, "Its nodes are being prepared.")
        return bare(watch, JobPhase.SUBMITTED, self._why(record))

    def _why(self, record: Record) -> str:
        try:
            if record.machine is not None:
                return self._cluster.why_waiting_there(record.bundles[0], record.machine)
            return self._cluster.why_waiting(record.bundles[0], len(record.bundles))
        except Exception as error:  # noqa: BLE001 - the cluster's head is away: that is why it waits
            return f"Waits for the cluster, which does not answer: {error}."


def _names(handle: Handle) -> tuple[str, str, str]:
    return handle.workspace, handle.job, handle.submit_key
