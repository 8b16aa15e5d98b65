"""What there is on the cluster, what a job asks of it, and the sentences about both."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray

from lapisml.ports.compute import NodeStanding

Bundle = Mapping[str, float]
"""What one node is to give, in Ray's words: ``{"CPU": 1.0, "GPU": 2.0, "memory": bytes}``."""

_FRESH_S = 1.0
_MEBI = 2**20
_DEFAULT_CPUS = 1.0
_A_TRACE = 0.001
_KIND = "accelerator_type:"


def bundle_of(resources: Mapping[str, Any] | None, totals: Sequence[Bundle]) -> dict[str, float]:
    """Say what each node of a job is to give: one CPU where it does not say.

    A machine size is a resource that nodes are given by that name, or Ray's own word for the kind of their GPU.

    Args:
        resources: `ResourceSpec`, plain; None without a wish.
        totals: what the nodes have.
    """
    asked = resources or {}
    found = {"CPU": float(asked.get("cpus") or _DEFAULT_CPUS)}
    if asked.get("gpus"):
        found["GPU"] = float(asked["gpus"])
    if asked.get("memory_mb"):
        found["memory"] = float(asked["memory_mb"] * _MEBI)
    size = asked.get("instance_type")
    if size:
        kind = f"{_KIND}{size}"
        found[kind if any(kind in total for total in totals) else size] = _A_TRACE
    return found


@dataclass(frozen=True)
class RayNode:
    """A node as Ray tells of it.

    Attributes:
        id, name, address: Ray's id, name and address of it.
        is_alive: whether it belongs to the cluster now.
        total: what it has.
        sentence: why it is gone, else empty.
    """

    id: str
    name: str
    address: str
    is_alive: bool
    total: Bundle
    sentence: str = ""


class Cluster:
    """The nodes of the cluster; asked for at most once a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nodes: dict[str, RayNode] = {}
        self._read_at = float("-inf")

    def nodes(self, *, now: bool = False) -> dict[str, RayNode]:
        """Return every node that Ray remembers, by id."""
        with self._lock:
            if now or time.monotonic() - self._read_at > _FRESH_S:
                self._nodes = {plain["NodeID"]: _node(plain) for plain in ray.nodes()}
                self._read_at = time.monotonic()
            return self._nodes

    def alive(self) -> list[RayNode]:
        """Return the nodes that are there now."""
        return [node for node in self.nodes().values() if node.is_alive]

    def successor(self, name: str, address: str) -> RayNode | None:
        """Return the living node that has a gone one's name and address."""
        return next((n for n in self.alive() if (n.name, n.address) == (name, address)), None)

    def named(self, name: str) -> RayNode | None:
        """Return the living node that the standing calls so."""
        nodes = self.alive()
        names = _names(nodes)
        return next((node for node in nodes if names[node.id] == name), None)

    def why_waiting_there(self, bundle: Bundle, name: str) -> str:
        """Say what a job waits for that may run on one node only."""
        node = self.named(name)
        if node is None:
            return f"Waits for node {name}, which does not belong to the cluster at present."
        if not fits(bundle, node.total):
            return f"Waits for {words(bundle)} on node {name}, which is not that large ({_largest(bundle, [node])})."
        return f"Waits for {words(bundle)} on node {name}."

    def why_waiting(self, bundle: Bundle, count: int) -> str:
        """Say what a job waits for, and what there is."""
        asked = words(bundle)
        nodes = self.alive()
        able = [node for node in nodes if fits(bundle, node.total)]
        if not able:
            return (
                f"Waits for a node with {asked}: none of the cluster's {len(nodes)} is that large"
                f" ({_largest(bundle, nodes)}). It starts when such a node joins."
            )
        if len(able) < count:
            return (
                f"Waits for {count} nodes with {asked} each: the cluster has {len(able)}."
                " It starts when enough of them have joined."
            )
        where = asked if count == 1 else f"{count} nodes with {asked} each"
        return f"Waits for {where}; free now: {_free(bundle, _total(nodes))}."

    def standing(self, looks: Mapping[str, Mapping[str, Any]]) -> tuple[NodeStanding, ...]:
        """Describe the living nodes, and those that are gone without one of the same name in their place.

        Args:
            looks: what nodes say of themselves, by id, as far as they were asked.
        """
        nodes = self.nodes(now=True).values()
        names = {node.name for node in nodes if node.is_alive}
        shown = [node for node in nodes if node.is_alive or node.name not in names]
        busy = _busy_nodes()
        called = _names(node for node in shown if node.is_alive)
        ordered = sorted(shown, key=lambda n: (n.name, n.id))
        return tuple(_standing(node, called, busy, looks.get(node.id) or {}) for node in ordered)


def words(bundle: Bundle) -> str:
    """Say a bundle in words: ``2 CPUs, 1 GPU, 4 GiB of memory``."""
    return ", ".join(_amount(name, amount) for name, amount in bundle.items())


def _amount(name: str, amount: float) -> str:
    if name == "memory":
        return f"{amount / 2**30:.3g} GiB of memory"
    if amount == _A_TRACE:
        return f"the resource {name}"
    label = name if amount == 1 or name not in ("CPU", "GPU") else f"{name}s"
    return f"{amount:g} {label}"


def _names(nodes: Iterable[RayNode]) -> dict[str, str]:
    """Say what living nodes are called, by id; those of one name are told apart by the first letters of their ids."""
    held = list(nodes)
    often = Counter(node.name for node in held)
    return {node.id: node.name if often[node.name] == 1 else f"{node.name} ({node.id[:8]})" for node in held}


def _node(plain: Mapping[str, Any]) -> RayNode:
    return RayNode(
        plain["NodeID"],
        plain.get("NodeName") or plain.get("NodeManagerHostname") or plain["NodeID"][:8],
        plain.get("NodeManagerAddress") or "",
        bool(plain.get("Alive")),
        plain.get("Resources") or {},
        str(plain.get("DeathReasonMessage") or "").strip(),
    )


def fits(bundle: Bundle, total: Bundle) -> bool:
    """Say whether a node that has `total` can give a bundle when nobody else is there."""
    return all(total.get(name, 0.0) >= amount for name, amount in bundle.items())


def _largest(bundle: Bundle, nodes: Iterable[RayNode]) -> str:
    held = list(nodes)
    most = {name: max((node.total.get(name, 0.0) for node in held), default=0.0) for name in bundle}
    return "most on one node: " + words(most)


def _total(nodes: Sequence[RayNode]) -> dict[str, float]:
    names = {name for node in nodes for name in node.total}
    return {name: sum(node.total.get(name, 0.0) for node in nodes) for name in names}


def _free(bundle: Bundle, total: Bundle) -> str:
    free = ray.available_resources()
    return ", ".join(
        f"{_amount(name, round(free.get(name, 0.0), 4))} of {_bare(name, total.get(name, 0.0))}" for name in bundle
    )


def _bare(name: str, amount: float) -> str:
    return f"{amount / 2**30:.3g}" if name == "memory" else f"{amount:g}"


def _busy_nodes() -> set[str]:
    """Return the ids of nodes that have given processors or GPUs away."""
    try:
        from ray._private.state import available_resources_per_node
    except ImportError:
        return set()  # it belongs to no promise of Ray's; then every node is shown as idle
    held = available_resources_per_node()
    totals = {plain["NodeID"]: plain.get("Resources") or {} for plain in ray.nodes() if plain.get("Alive")}
    return {
        node
        for node, free in held.items()
        if any(free.get(name, 0.0) < totals.get(node, {}).get(name, 0.0) for name in ("CPU", "GPU"))
    }


def _standing(node: RayNode, called: Mapping[str, str], busy: set[str], look: Mapping[str, Any]) -> NodeStanding:
    state = "down" if not node.is_alive else "running" if node.id in busy else "idle"
    memory = node.total.get("memory")
    kinds = [name.removeprefix(_KIND) for name in node.total if name.startswith(_KIND)]
    return NodeStanding(
        called.get(node.id, node.name),
        state,
        node.total.get("CPU", 0.0) if node.is_alive else None,
        int(node.total.get("GPU", 0)) if node.is_alive else None,
        int(memory / _MEBI) if memory else None,
        look.get("load"),
        "" if node.is_alive else f"Ray says that it is dead{': ' + node.sentence if node.sentence else '.'}",
        ", ".join(kinds) or str(look.get("gpu_kind") or ""),
        look.get("memory_free_mb"),
        look.get("disk_free_mb"),
    )
