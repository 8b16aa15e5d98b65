"""Seeing to the jobs that were put somewhere: their ends, their resources, nodes that are gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lapisml.backends.compute.local.folders import help_of
from lapisml.backends.compute.node.parted import Parted
from lapisml.backends.compute.ray.endings import ending
from lapisml.backends.compute.ray.keepers import KeeperGoneError, KeeperSilentError
from lapisml.backends.compute.ray.nodes import Nodes
from lapisml.backends.compute.ray.placing import Line
from lapisml.backends.compute.ray.records import Place, Record, Records
from lapisml.backends.compute.ray.travel import server_files
from lapisml.core.errors import LapisError
from lapisml.ports.compute import Handle, Help, JobPhase, Observation, Watch
from lapisml.ports.endings import EndReason

_EVERY_S = 2.0


class Tending:
    """Looks after placed jobs, when a node tells of one and every two seconds.

    Args:
        root: the front's folder.
        records, line, nodes, parted: the front's others.
        notify: called with a job of which there is news.
        all_jobs: gives every job.
    """

    def __init__(
        self,
        root: Path,
        records: Records,
        line: Line,
        nodes: Nodes,
        parted: Parted,
        notify: Callable[[Record], None],
        all_jobs: Callable[[], list[Record]],
    ) -> None:
        self._root = root
        self._records = records
        self._line = line
        self._nodes = nodes
        self._parted = parted
        self._keepers = nodes.keepers
        self._parts_over: dict[tuple[str, str], set[int]] = {}
        self._server_known: dict[str, dict[str, str]] = {}
        self._notify = notify
        self._all_jobs = all_jobs
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="tending")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def look_at(self, _node: str) -> None:
        """Look at everything soon: something happened to a node."""
        self._wake.set()

    def part_is_over(self, record: Record, part: int) -> None:
        """Take note that a part has ended.

        After the last one the job's resources are given back, whatever it still has to deliver. The others of one that
        failed are ended, by looking at all.
        """
        if record.has_ended:
            return
        with self._lock:
            over = self._parts_over.setdefault(record.key, set())
            over.add(part)
        if len(over) >= len(record.places):
            self._give_back(record)
        seen = self._parted.observe([Watch(_handle(record, 0))])[0]
        if seen.exit is not None:
            self.is_over(record, seen)

    def is_over(self, record: Record, seen: Observation) -> None:
        """Give back what a job had whose parts have all ended."""
        with self._lock:
            if record.has_ended:
                return
            record.over = True
            self._parts_over.pop(record.key, None)
        self._give_back(record)
        record.final = asdict(seen.exit) if seen.exit is not None else None
        record.spec, record.cancel = {}, None
        self._records.write(record, sync=False)

    def pass_cancel(self, record: Record) -> None:
        """Pass a recorded request on; it stays recorded until every node took it."""
        asked = record.cancel
        if asked is None:
            return
        try:
            self._parted.cancel(_handle(record, 0), asked["grace_s"], asked["by"])
        except LapisError:
            return
        record.cancel = None
        self._records.write(record, sync=False)

    def end(self, record: Record, exit_status: dict[str, Any]) -> None:
        """End a job here: no node will say how it ended."""
        with self._lock:
            if record.has_ended:
                return
            record.exit = exit_status
            record.spec, record.cancel = {}, None
        self._records.write(record)
        self._give_back(record)
        self._notify(record)

    def _give_back(self, record: Record) -> None:
        nodes = [place.node for place in record.places]
        usable = all(self._nodes.standing(place).state == "here" for place in record.places)
        self._line.pass_on(record, nodes if usable and record.exit is None else [])

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(_EVERY_S)
            self._wake.clear()
            if self._closing.is_set():
                return
            jobs = self._all_jobs()
            for record in jobs:
                try:
                    self._tend(record)
                except (KeeperGoneError, KeeperSilentError, LapisError, OSError):
                    continue  # its node is away: looked at again
            busy = {place.node for record in jobs if not record.has_ended for place in record.places}
            for node in busy & {node.id for node in self._nodes.cluster.alive()}:
                self._keepers.ensure(node)
            self._tell_where_server_is(busy)
            self._keepers.dismiss_idle(sorted(busy))

    def _tell_where_server_is(self, nodes: set[str]) -> None:
        """Write the server's address anew on nodes with jobs, when it has changed."""
        files = server_files(self._root)
        for node in nodes:
            if self._server_known.get(node) == files:
                continue
            try:
                self._keepers.call(node, "set_server", files, str(self._root))
                self._server_known[node] = files
            except (KeeperGoneError, KeeperSilentError, LapisError):
                continue

    def _tend(self, record: Record) -> None:
        if record.leftovers:
            self._end_leftovers(record)
        if record.has_ended or not record.places:
            return
        for part, place in enumerate(record.places):
            standing = self._nodes.standing(place)
            if part and help_of(record.spec) is Help.SPARE:
                continue  # the others do its work
            if standing.state == "gone":
                self._lose(record, place, standing.sentence)
                return
            if place.is_moved and record.started and self._is_without_trace(record, part):
                self._lose(record, place, "a machine of the same name has taken its place and has no trace of the job")
                return
            place.is_moved = False
        if record.started and record.cancel is not None:
            self.pass_cancel(record)

    def _lose(self, record: Record, place: Place, evidence: str) -> None:
        record.leftovers = list(record.places)
        self.end(record, ending(EndReason.NODE_LOST, node=place.name, evidence=evidence.rstrip(".")))

    def _end_leftovers(self, record: Record) -> None:
        """End what may still run of a lost job on nodes that are there, or there again."""
        all_there = True
        for part, place in enumerate(record.leftovers):
            if self._nodes.standing(place).state == "here":
                self._keepers.call(place.node, "give_up", _handle(record, part), record.exit)
            else:
                all_there = False
        if all_there:
            record.leftovers = []
            self._records.write(record)

    def _is_without_trace(self, record: Record, part: int) -> bool:
        """Say whether a node that is there does not know a part of a job that was started there."""
        handle = _handle(record, part)
        found: list[Observation] = self._keepers.call(record.places[part].node, "observe", [Watch(handle)])
        return found[0].phase is JobPhase.ABSENT


def _handle(record: Record, part: int) -> Handle:
    return Handle(record.workspace, record.job, record.submit_key, part)
