"""The nodes that jobs were put on: asked for news, found again after Ray was started anew, given up when gone."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from lapisml.backends.compute.ray.cluster import Cluster
from lapisml.backends.compute.ray.endings import bare, ended, part_of
from lapisml.backends.compute.ray.keepers import Answer, KeeperGoneError, Keepers, KeeperSilentError
from lapisml.backends.compute.ray.merging import logs_of_parts, merged, part_and_path
from lapisml.backends.compute.ray.records import Place, Record
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Handle, JobPhase, LogChunk, LogFile, Observation, Watch

_END_OF_FILES = 1 << 62


@dataclass(frozen=True)
class Standing:
    """Whether a place is there: ``here``, ``away`` (it may come back) or ``gone``; why, if it is not here."""

    state: str
    sentence: str = ""


class Nodes:
    """Talks to the places of jobs.

    Args:
        keepers: the nodes' keepers.
        cluster: the nodes as Ray tells of them.
        patience_s: how long a dead node may take to come back.
    """

    def __init__(self, keepers: Keepers, cluster: Cluster, patience_s: float) -> None:
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
            place.node = successor.id
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

    def observe(self, asked: Sequence[tuple[Record, Watch]]) -> list[Observation]:
        """Observe jobs that were started: one call per node, all nodes at once."""
        per_node: dict[str, list[tuple[int, int]]] = defaultdict(list)
        parts: list[list[Observation | None]] = []
        for index, (record, watch) in enumerate(asked):
            parts.append([self._without_asking(record, watch, place) for place in record.places])
            for part, place in enumerate(record.places):
                if parts[index][part] is None:
                    per_node[place.node].append((index, part))
        calls = [
            (wanted, self._ask(node, [_watch(asked[i][1], p) for i, p in wanted])) for node, wanted in per_node.items()
        ]
        for wanted, call in calls:
            for (index, part), found in zip(wanted, self._answers(call, asked, wanted), strict=True):
                parts[index][part] = found
        return [
            merged(watch, [part for part in found if part is not None])
            for (_record, watch), found in zip(asked, parts, strict=True)
        ]

    def list_logs(self, record: Record) -> list[LogFile]:
        """List the logs of all parts; those of a part whose node is away are left out."""
        found = []
        for part, place in enumerate(record.places):
            try:
                found.append((part, self.keepers.call(place.node, "list_logs", _handle(record, part))))
            except (KeeperGoneError, KeeperSilentError):
                continue
        return logs_of_parts(found)

    def read_log(self, record: Record, path: str, offset: int, limit: int) -> LogChunk:
        """Read a part of a log.

        Raises:
            LapisError: ServerUnreachable while its node is away; as `ComputeBackend.read_log`.
        """
        part, own = part_and_path(path, len(record.places))
        place = record.places[part]
        try:
            chunk: LogChunk = self.keepers.call(place.node, "read_log", _handle(record, part), own, offset, limit)
        except (KeeperGoneError, KeeperSilentError) as error:
            sentence = f"The logs of job '{record.job}' lie on node {place.name}, which does not answer: {error}."
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence) from error
        return chunk

    def cancel(self, record: Record, grace_s: float | None, by: str) -> bool:
        """Pass a request on to every part; False when not every node took it."""
        took = True
        for part, place in enumerate(record.places):
            try:
                self.keepers.call(place.node, "cancel", _handle(record, part), grace_s, by)
            except (KeeperGoneError, KeeperSilentError):
                took = False
        return took

    def discard(self, record: Record) -> None:
        """Remove what an ended job left on nodes that are still there."""
        for part, place in enumerate(record.places):
            if self.standing(place).state != "here":
                continue
            try:
                self.keepers.call(place.node, "discard", _handle(record, part))
            except (KeeperGoneError, KeeperSilentError):
                continue
            except LapisError:
                if record.exit is None:
                    raise

    def _without_asking(self, record: Record, watch: Watch, place: Place) -> Observation | None:
        standing = self.standing(place)
        if standing.state == "here":
            return None
        if record.final is not None:
            return ended(watch, record.final, has_journal=True)
        return bare(watch, JobPhase.UNKNOWN, standing.sentence)

    def _ask(self, node: str, watches: list[Watch]) -> Answer:
        return self.keepers.ask(node, "observe", watches)

    def _answers(
        self, call: Answer, asked: Sequence[tuple[Record, Watch]], wanted: list[tuple[int, int]]
    ) -> list[Observation]:
        try:
            found: list[Observation] = call.value()
        except (KeeperGoneError, KeeperSilentError, LapisError) as error:
            return [
                bare(asked[index][1], JobPhase.UNKNOWN, _silent(asked[index][0].places[part], error))
                for index, part in wanted
            ]
        return [
            self._missing_is_unknown(answer, asked[i][0], part) for answer, (i, part) in zip(found, wanted, strict=True)
        ]

    @staticmethod
    def _missing_is_unknown(answer: Observation, record: Record, part: int) -> Observation:
        """A job that was started there and of which the node has no trace is for `Tending` to judge."""
        if answer.phase is not JobPhase.ABSENT:
            return answer
        sentence = f"Node {record.places[part].name} has no trace of the job."
        return bare(Watch(answer.handle), JobPhase.UNKNOWN, sentence)


def _silent(place: Place, error: Exception) -> str:
    return f"Node {place.name} does not answer: {error}."


def _handle(record: Record, part: int) -> Handle:
    return Handle(record.workspace, record.job, record.submit_key, part)


def _watch(watch: Watch, part: int) -> Watch:
    """Give the watch of a part: only the first one's journal and metrics are the job's."""
    handle = part_of(watch.handle, part)
    return Watch(handle, watch.journal_after, watch.metrics_after) if part == 0 else Watch(handle, *[_END_OF_FILES] * 2)
