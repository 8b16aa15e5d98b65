"""Seeing to the jobs that were put somewhere: their ends, their resources, nodes that are gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lapisml.backends.compute.ray.endings import ending
from lapisml.backends.compute.ray.keepers import KeeperGoneError, KeeperSilentError
from lapisml.backends.compute.ray.nodes import Nodes
from lapisml.backends.compute.ray.placing import Line
from lapisml.backends.compute.ray.records import Place, Record, Records
from lapisml.backends.compute.ray.travel import server_files
from lapisml.core.errors import LapisError
from lapisml.ports.compute import Handle, JobPhase, Observation, Outcome, Watch
from lapisml.ports.endings import EndReason

_EVERY_S = 2.0
_GRACE_OF_OTHERS_S = 10.0


class Tending:
    """Looks after placed jobs, when a node tells of one and every two seconds.

    Args:
        root: the front's folder.
        records, line, nodes: the front's others.
        notify: called with a job of which there is news.
        all_jobs: gives every job.
    """

    def __init__(
        self,
        root: Path,
        records: Records,
        line: Line,
        nodes: Nodes,
        notify: Callable[[Record], None],
        all_jobs: Callable[[], list[Record]],
    ) -> None:
        self._root = root
        self._records = records
        self._line = line
        self._nodes = nodes
        self._keepers = nodes.keepers
        self._server_known: dict[str, dict[str, str]] = {}
        self._notify = notify
        self._all_jobs = all_jobs
        self._lock = threading.Lock()
        self._parts_over: dict[tuple[str, str], set[int]] = {}
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
        """Take note that a part has ended; the others of one that failed are ended too."""
        with self._lock:
            over = self._parts_over.setdefault(record.key, set())
            over.add(part)
            all_over = len(over) >= len(record.places)
        if all_over:
            self.is_over(record)
        elif self._failed(record, part):
            self._nodes.cancel(record, _GRACE_OF_OTHERS_S, "")

    def is_over(self, record: Record) -> None:
        """Give back what a job had whose parts have all ended."""
        with self._lock:
            if record.has_ended:
                return
            record.over = True
            self._parts_over.pop(record.key, None)
        self._give_back(record)
        seen = self._observed(record, 0)
        record.final = _plain(seen) if seen is not None else None
        record.spec, record.cancel = {}, None
        self._records.write(record, sync=False)

    def end(self, record: Record, exit_status: dict[str, Any]) -> None:
        """End a job here: no node will say how it ended."""
        with self._lock:
            if record.has_ended:
                return
            record.exit = exit_status
            record.spec, record.cancel = {}, None
            self._parts_over.pop(record.key, None)
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
        before = [place.node for place in record.places]
        standings = [self._nodes.standing(place) for place in record.places]
        for place, standing in zip(record.places, standings, strict=True):
            if standing.state == "gone":
                self._lose(record, place, standing.sentence)
                return
        if before != [place.node for place in record.places]:
            self._found_again(record, before)
        elif record.started and record.cancel is not None:
            self._pass_cancel(record)

    def _pass_cancel(self, record: Record) -> None:
        asked = record.cancel
        if asked is not None and self._nodes.cancel(record, asked["grace_s"], asked["by"]):
            record.cancel = None
            self._records.write(record, sync=False)

    def _found_again(self, record: Record, before: list[str]) -> None:
        """Take up a job whose node belongs to the cluster under another id now."""
        for part, place in enumerate(record.places):
            if place.node == before[part] or not record.started:
                continue
            seen = self._observed(record, part)
            if seen is not None and seen.phase is JobPhase.ABSENT:
                self._lose(record, place, "a machine of the same name has taken its place and has no trace of the job")
                return
            self._keepers.call(place.node, "adopt", [_handle(record, part)])
        self._records.write(record)

    def _lose(self, record: Record, place: Place, evidence: str) -> None:
        record.leftovers = list(record.places)
        self.end(record, ending(EndReason.NODE_LOST, node=place.name, evidence=evidence))

    def _end_leftovers(self, record: Record) -> None:
        """End what may still run of a lost job on nodes that are there, or there again."""
        left = []
        for part, place in enumerate(record.leftovers):
            if self._nodes.standing(place).state != "here":
                left.append((part, place))
                continue
            self._keepers.call(place.node, "cancel", _handle(record, part), None, "the loss of one of its nodes")
        # A node that is still away is looked for again by its place in the list of all.
        record.leftovers = [] if not left else record.leftovers

    def _failed(self, record: Record, part: int) -> bool:
        seen = self._observed(record, part)
        return seen is not None and seen.exit is not None and seen.exit.outcome is not Outcome.COMPLETED

    def _observed(self, record: Record, part: int) -> Observation | None:
        if part >= len(record.places):
            return None
        handle = _handle(record, part)
        try:
            found: list[Observation] = self._keepers.call(record.places[part].node, "observe", [Watch(handle)])
        except (KeeperGoneError, KeeperSilentError, LapisError):
            return None
        return found[0]


def _handle(record: Record, part: int) -> Handle:
    return Handle(record.workspace, record.job, record.submit_key, part)


def _plain(seen: Observation) -> dict[str, Any] | None:
    from dataclasses import asdict

    return asdict(seen.exit) if seen.exit is not None else None
