"""The nodes that jobs were put on: asked for news, found again after Ray was started anew, given up when gone."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lapisml.backends.compute.local.folders import help_of
from lapisml.backends.compute.ray.cluster import Cluster
from lapisml.backends.compute.ray.endings import bare, ended, ending
from lapisml.backends.compute.ray.keepers import Answer, KeeperGoneError, Keepers, KeeperSilentError
from lapisml.backends.compute.ray.records import Place, Record
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Handle, Help, JobPhase, LogChunk, LogFile, Observation, Watch
from lapisml.ports.endings import EndReason

Find = Callable[[Handle], Record | None]


@dataclass(frozen=True)
class Standing:
    """Whether a place is there: ``here``, ``away`` (it may come back) or ``gone``; why, if it is not here."""

    state: str
    sentence: str = ""


class Nodes:
    """Talks to the places of jobs; in each handle `part` says which place.

    What `lapisml.backends.compute.node.parted` takes for the backend of every part.

    Args:
        find: gives the record of a handle's job.
        keepers: the nodes' keepers.
        cluster: the nodes as Ray tells of them.
        patience_s: how long a dead node may take to come back.
    """

    def __init__(self, find: Find, keepers: Keepers, cluster: Cluster, patience_s: float) -> None:
        self._find = find
        self.keepers = keepers
        self.cluster = cluster
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._away_since: dict[str, float] = {}

    def standing(self, place: Place) -> Standing:
        """Say whether a place is there; one whose node came back under another id gets that id."""
        try:
            node = self.cluster.nodes().get(place.node)
            if node is not None and node.is_alive:
                with self._lock:
                    self._away_since.pop(place.node, None)
                return Standing("here")
            successor = self.cluster.successor(place.name, place.address)
        except Exception as error:  # noqa: BLE001 - the head is away: nothing is known
            return Standing("away", f"The cluster's head does not answer: {error}.")
        if successor is not None:
            place.node, place.is_moved = successor.id, True
            return Standing("here")
        why = (
            node.sentence.split("\n")[0].rstrip(".")
            if node is not None and node.sentence
            else "Ray says that it is dead"
        )
        with self._lock:
            since = self._away_since.setdefault(place.node, time.monotonic())
        left = self._patience_s - (time.monotonic() - since)
        if left <= 0:
            return Standing("gone", why)
        return Standing("away", f"Node {place.name} is away: {why}. Its jobs are given up in {left:.0f} s.")

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Observe parts that were started: one call per node, all nodes at once."""
        found: dict[int, Observation] = {}
        per_node: dict[str, list[int]] = defaultdict(list)
        for index, watch in enumerate(watches):
            record, place = self._place(watch.handle)
            early = self._without_asking(record, watch, place)
            if early is None:
                per_node[place.node].append(index)
            else:
                found[index] = early
        calls = [(mine, self._ask(node, [watches[index] for index in mine])) for node, mine in per_node.items()]
        for mine, call in calls:
            found.update(zip(mine, self._answers(call, [watches[index] for index in mine]), strict=True))
        return [found[index] for index in range(len(watches))]

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a part's logs.

        Raises:
            LapisError: ServerUnreachable while its node is away.
        """
        found: list[LogFile] = self._call(handle, "list_logs", handle)
        return found

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read from a part's log.

        Raises:
            LapisError: ServerUnreachable while its node is away; as `ComputeBackend.read_log`.
        """
        chunk: LogChunk = self._call(handle, "read_log", handle, path, offset, limit)
        return chunk

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Pass a request on.

        Raises:
            LapisError: ServerUnreachable while its node is away.
        """
        self._call(handle, "cancel", handle, grace_s, by)

    def discard(self, handle: Handle) -> None:
        """Remove what a part left; on a node that is gone nothing is left.

        Raises:
            LapisError: Conflict when it has not ended.
        """
        record, place = self._place(handle)
        if self.standing(place).state != "here":
            return
        try:
            self._call(handle, "discard", handle)
        except LapisError:
            if record.exit is None:
                raise

    def _place(self, handle: Handle) -> tuple[Record, Place]:
        record = self._find(handle)
        if record is None or handle.part >= len(record.places):
            raise LapisError(ErrorCode.NOT_FOUND, f"Job '{handle.job}' is not here.")
        return record, record.places[handle.part]

    def _call(self, handle: Handle, method: str, *given: object) -> Any:
        _record, place = self._place(handle)
        try:
            return self.keepers.call(place.node, method, *given)
        except (KeeperGoneError, KeeperSilentError) as error:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, _silent(place, error)) from error

    def _without_asking(self, record: Record, watch: Watch, place: Place) -> Observation | None:
        standing = self.standing(place)
        if standing.state == "here":
            return None
        if record.final is not None:
            return ended(watch, record.final, has_journal=True)
        if standing.state == "gone" and watch.handle.part and help_of(record.spec) is Help.SPARE:
            lost = ending(EndReason.NODE_LOST, node=place.name, evidence=standing.sentence)
            return ended(watch, lost, has_journal=True)
        return bare(watch, JobPhase.UNKNOWN, standing.sentence)

    def _ask(self, node: str, watches: list[Watch]) -> Answer:
        return self.keepers.ask(node, "observe", watches)

    def _answers(self, call: Answer, watches: Sequence[Watch]) -> list[Observation]:
        try:
            found: list[Observation] = call.value()
        except (KeeperGoneError, KeeperSilentError, LapisError) as error:
            return [bare(watch, JobPhase.UNKNOWN, _silent(self._place(watch.handle)[1], error)) for watch in watches]
        return [self._of_trace(answer, watch) for answer, watch in zip(found, watches, strict=True)]

    def _of_trace(self, answer: Observation, watch: Watch) -> Observation:
        """Say of a part that was started on a node which has no trace of it what `Tending` is about to judge."""
        if answer.phase is not JobPhase.ABSENT:
            return answer
        _record, place = self._place(watch.handle)
        return bare(watch, JobPhase.UNKNOWN, f"Node {place.name} has no trace of the job.")


def _silent(place: Place, error: Exception) -> str:
    return f"Node {place.name} does not answer: {error}."
