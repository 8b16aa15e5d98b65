"""Nodes for jobs: one placement group per job, made, watched, handed on and given back.

A placement group that finds room at once takes Ray a few milliseconds; one that has to wait is tried again by Ray
only every now and then. So the group of a job that ends goes straight to the next job in the line if that one wants
the same, and only the first jobs of the line have groups of their own, which also tell Ray's autoscaler what to get.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ray
from ray.util import get_placement_group, placement_group, placement_group_table, remove_placement_group
from ray.util.placement_group import PlacementGroup
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from lapisml.backends.compute.ray import keeper
from lapisml.backends.compute.ray.cluster import RayNode
from lapisml.backends.compute.ray.records import Record

_GROUPS_IN_LINE = 64
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.25
_NOTHING_DUE_S = 1.0
_GPU_ANSWER_S = 60.0
_A_TRACE = 0.001

_TAKES_LABELS = "bundle_label_selector" in inspect.signature(placement_group).parameters
_NODE_LABEL = "ray.io/node-id"

Placed = Callable[[Record, Sequence[str]], None]


class Groups:
    """Placement groups by name; they outlive the front.

    Args:
        prefix: begins their names.
        named: gives the node of a name, None while there is none.
    """

    def __init__(self, prefix: str, named: Callable[[str], RayNode | None]) -> None:
        self._prefix = prefix
        self._named = named
        self._held: dict[str, PlacementGroup] = {}

    def name(self, record: Record) -> str:
        """Give the name of the group that is made for a job.

        One that may be on one node only is named by that node too: should the node come back under another id, it is
        another group.
        """
        node = self._node(record)
        pin = f"@{node.id[:16]}" if node is not None else ""
        return f"{self._prefix}{record.workspace}/{record.job}/{record.submit_key[:16]}{pin}"

    def make(self, record: Record) -> str:
        """Ask Ray for nodes; give the group's name.

        Raises:
            LookupError: the one node that it may be on is not there.
        """
        name, node = self.name(record), self._node(record)
        if node is None and record.machine is not None:
            raise LookupError(record.machine)
        held = self._find(name)
        if held is None:
            held = _made(record.bundles, name, node)
        self._held[name] = held
        return name

    def _node(self, record: Record) -> RayNode | None:
        return self._named(record.machine) if record.machine is not None else None

    def nodes(self, name: str) -> list[str] | None:
        """Return the ids of a group's nodes; None while it waits.

        Raises:
            LookupError: there is no such group any more.
        """
        group = self._find(name)
        if group is None:
            raise LookupError(name)
        facts = placement_group_table(group)
        if facts.get("state") == "REMOVED":
            self._held.pop(name, None)
            raise LookupError(name)
        if facts.get("state") != "CREATED":
            return None
        placed = facts["bundles_to_node_id"]
        return [placed[index] for index in sorted(placed)]

    def remove(self, name: str) -> None:
        """Give a group back."""
        group = self._find(name)
        self._held.pop(name, None)
        if group is not None:
            remove_placement_group(group)

    def remove_others(self, known: set[str]) -> None:
        """Give back the groups that no job has: a front died before it could."""
        for facts in placement_group_table().values():
            name = facts.get("name") or ""
            if name.startswith(self._prefix) and name not in known and facts.get("state") != "REMOVED":
                self.remove(name)

    def gpus(self, name: str, bundle: int, count: int) -> str:
        """Say which GPUs of its node a bundle has, as ``CUDA_VISIBLE_DEVICES`` takes it."""
        group = self._find(name)
        if group is None:
            raise LookupError(name)
        strategy = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=bundle)
        asking = ray.remote(keeper.gpu_ids).options(num_cpus=0, num_gpus=count, scheduling_strategy=strategy)
        return str(ray.get(asking.remote(), timeout=_GPU_ANSWER_S))

    def _find(self, name: str) -> PlacementGroup | None:
        if name in self._held:
            return self._held[name]
        try:
            found = get_placement_group(name)
        except ValueError:
            return None
        self._held[name] = found
        return found


def _made(bundles: Sequence[Mapping[str, float]], name: str, node: RayNode | None) -> PlacementGroup:
    """Make a group; on one node only if that is said: by its label, or, for a Ray without labels, by its address."""
    plain = [dict(bundle) for bundle in bundles]
    if node is None:
        strategy = "STRICT_SPREAD" if len(plain) > 1 else "PACK"
        return placement_group(plain, strategy=strategy, name=name, lifetime="detached")
    if _TAKES_LABELS:
        selector = [{_NODE_LABEL: node.id} for _bundle in plain]
        return placement_group(plain, strategy="PACK", name=name, lifetime="detached", bundle_label_selector=selector)
    there = [{**bundle, f"node:{node.address}": _A_TRACE} for bundle in plain]
    return placement_group(there, strategy="PACK", name=name, lifetime="detached")


def _may_follow(record: Record, before: Record) -> bool:
    """Say whether a job can have the very nodes of another."""
    return record.bundles == before.bundles and record.machine is None


@dataclass
class _Waiting:
    record: Record
    group: str = ""
    due: float = 0.0
    pause: float = _FIRST_PAUSE_S


class Line:
    """The jobs that wait for nodes, first come first.

    Args:
        groups: the placement groups.
        placed: called, from the line's thread, when a job has its nodes; the record names the group.
    """

    def __init__(self, groups: Groups, placed: Placed) -> None:
        self._groups = groups
        self._placed = placed
        self._change = threading.Condition()
        self._waiting: dict[tuple[str, str], _Waiting] = {}
        self._is_open = True
        self._thread = threading.Thread(target=self._run, daemon=True, name="line")
        self._thread.start()

    def join(self, record: Record) -> None:
        """Put a job at the end."""
        with self._change:
            self._waiting[record.key] = _Waiting(record)
            self._change.notify()

    def leave(self, record: Record) -> bool:
        """Take a job out, its group given back; False when it does not wait."""
        with self._change:
            waiting = self._waiting.pop(record.key, None)
        if waiting is None:
            return False
        self._give_back(waiting)
        return True

    def position(self, record: Record) -> int:
        """Say how many jobs are before this one."""
        with self._change:
            return list(self._waiting).index(record.key) if record.key in self._waiting else 0

    def pass_on(self, record: Record, nodes: Sequence[str]) -> None:
        """Take the group of a job that has ended, for the next one that wants the same, or give it back."""
        name, record.group = record.group, ""
        if not name:
            return
        with self._change:
            following = next(iter(self._waiting.values()), None)
            if following is None or not _may_follow(following.record, record) or not nodes:
                following = None
            else:
                del self._waiting[following.record.key]
        if following is None:
            self._groups.remove(name)
            with self._change:
                self._hasten()
            return
        self._give_back(following)
        following.record.group = name
        self._placed(following.record, nodes)

    def close(self) -> None:
        """End the thread; groups stay."""
        with self._change:
            self._is_open = False
            self._change.notify()
        self._thread.join()

    def _hasten(self) -> None:
        """Look soon at those in front: room has come free."""
        for waiting in list(self._waiting.values())[:_GROUPS_IN_LINE]:
            waiting.due, waiting.pause = time.monotonic() + _FIRST_PAUSE_S, _FIRST_PAUSE_S
        self._change.notify()

    def _give_back(self, waiting: _Waiting) -> None:
        name, waiting.group = waiting.group, ""
        if name:
            self._groups.remove(name)

    def _run(self) -> None:
        while True:
            with self._change:
                now = time.monotonic()
                front = list(self._waiting.values())[:_GROUPS_IN_LINE]
                due = [waiting for waiting in front if waiting.due <= now]
                if not due:
                    soonest = min((waiting.due for waiting in front), default=now + _NOTHING_DUE_S)
                    self._change.wait(max(0.0, soonest - now))
                if not self._is_open:
                    return
            for waiting in due:
                self._try(waiting)

    def _try(self, waiting: _Waiting) -> None:
        """Look whether a job has its nodes by now."""
        record = waiting.record
        nodes = self._look(waiting)
        with self._change:
            is_in_line = self._waiting.get(record.key) is waiting
            if is_in_line and nodes is not None:
                del self._waiting[record.key]
            waiting.due = time.monotonic() + waiting.pause
            waiting.pause = min(waiting.pause * 2, _LONGEST_PAUSE_S)
        if not is_in_line:
            self._give_back(waiting)
        elif nodes is not None:
            record.group = waiting.group
            self._placed(record, nodes)

    def _look(self, waiting: _Waiting) -> list[str] | None:
        try:
            if waiting.group and waiting.group != self._groups.name(waiting.record):
                self._give_back(waiting)
            if not waiting.group:
                waiting.group = self._groups.make(waiting.record)
            return self._groups.nodes(waiting.group)
        except LookupError:
            waiting.group = ""
            return None
        except Exception:  # noqa: BLE001 - the cluster's head is away: asked again after the pause
            return None
