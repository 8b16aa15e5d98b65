"""What the queue needs to know of a compute, worked out from its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.core.turns import in_turns
from lapisml.ports.compute import Standing

ENGINES = {"virtualmachine": "ssh", "slurm": "slurm", "ray": "ray"}
"""Type of an attached compute → name of the backend that runs its jobs."""

QUEUES = frozenset({"slurm", "ray"})
"""Types that have a queue of their own."""

MOST_IN_FLIGHT = 20_000
"""Jobs that a compute with a queue of its own is given at a time; further ones wait in line here."""


@dataclass(frozen=True)
class Pool:
    """What the queue needs to know of a compute.

    Attributes:
        name: the compute's name, lower case.
        capacity: number of nodes; where the compute has a queue of its own, nodes that jobs may ask for at a time.
        open: False while the compute is stopped.
        engine: name of the attached compute that runs the jobs; None for the server's machine.
        queues: jobs are handed over at once, and the compute gives out its nodes itself.
        most: nodes that one job may have; None where that is not known.
        shared: nodes of `engine`, among which those of this compute are; None where it shares none.
        closed: nodes that can't be had now.
        trouble: why no job can start, empty when some can.
        machines: how many there are, where the compute gives out its nodes itself.
    """

    name: str
    capacity: int
    open: bool = True
    engine: str | None = None
    queues: bool = False
    most: int | None = None
    shared: int | None = None
    closed: frozenset[int] = frozenset()
    trouble: str = ""
    machines: int = 0

    @property
    def is_share(self) -> bool:
        """Whether it is a cluster that has some of another compute's places."""
        return self.shared is not None and self.engine != self.name

    @property
    def shown(self) -> int:
        """How many nodes people are told that there are."""
        return self.machines if self.queues else self.capacity

    @property
    def largest(self) -> int | None:
        """Nodes that one job may have at most; None where that is not known."""
        return self.most if self.queues else self.capacity


def is_attached(document: Mapping[str, Any]) -> bool:
    """Say whether a compute's jobs run on machines of others."""
    return document.get("type") in ENGINES


def slots_of(document: Mapping[str, Any]) -> list[int]:
    """Give the places for jobs of an SSH compute: place → number of its host, in the order of the document."""
    usual = int(document.get("slots") or 1)
    hosts = document.get("hosts") or [document.get("address")]
    return in_turns([int(host.get("slots") or usual) if isinstance(host, Mapping) else usual for host in hosts])


def nodes_of(document: Mapping[str, Any]) -> int:
    """Give the number of nodes of a compute, as its document says."""
    kind = document.get("type")
    if kind == "computeinstance":
        return 1
    if kind == "virtualmachine":
        return len(slots_of(document))
    if kind in QUEUES:
        return MOST_IN_FLIGHT
    return int(document.get("max_instances", 4))


def attached_pool(name: str, document: Mapping[str, Any], standing: Standing) -> Pool:
    """Give the pool of an attached compute.

    Args:
        name: of the compute.
        standing: how it is; a machine of which that is not known counts as reachable.
    """
    nodes = nodes_of(document)
    if document["type"] in QUEUES:
        most = document.get("max_nodes")
        return Pool(
            name,
            nodes,
            engine=name,
            queues=True,
            most=None if most is None else int(most),
            machines=len(standing.nodes),
        )
    gone = {number for number, host in enumerate(standing.nodes) if host.state in ("unreachable", "down")}
    closed = frozenset(place for place, host in enumerate(slots_of(document)) if host in gone) if gone else frozenset()
    trouble = standing.sentence if len(closed) == nodes else ""
    return Pool(name, nodes, engine=name, shared=nodes, closed=closed, trouble=trouble)
