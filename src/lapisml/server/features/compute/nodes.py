"""The nodes of computes, and how large a machine is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
from typing_extensions import TypedDict

from lapisml.server.features.compute.pools import Pool


class ComputeNode(TypedDict):
    """A node of a compute.

    Attributes:
        node_state: ``idle`` or ``running``; of an attached compute also ``unreachable``, ``down``.
        since: when the job on it got it, milliseconds since the epoch, UTC.
    """

    node_id: str
    node_state: str
    current_job_name: str | None
    since: int | None


class ComputeSize(TypedDict):
    """A machine size. `memory_gb` is in GiB."""

    name: str
    v_cp_us: int
    gpus: int
    memory_gb: float


@dataclass(frozen=True)
class Holder:
    """A job that holds nodes of a compute.

    Attributes:
        nodes: indexes of the nodes, from 0.
        since: milliseconds since the epoch, UTC.
    """

    job: str
    nodes: tuple[int, ...]
    since: int


def sizes() -> list[ComputeSize]:
    """Describe the one machine size there is: this machine."""
    memory = psutil.virtual_memory().total
    return [{"name": "host", "v_cp_us": os.cpu_count() or 1, "gpus": 0, "memory_gb": round(memory / 2**30, 1)}]


def nodes_of_pool(pool: Pool, holders: Sequence[Holder]) -> list[ComputeNode]:
    """Describe the nodes of a compute that gives out places by number.

    A cluster that has some of another compute's places has no numbers of its own: those in use come first.
    """
    busy = {index: holder for holder in holders for index in holder.nodes}
    closed = pool.closed
    if pool.is_share:
        busy = dict(enumerate(busy[index] for index in sorted(busy)))
        closed = frozenset(range(pool.capacity)) if pool.trouble else frozenset()
    found = [node_at(index, busy.get(index)) for index in range(max(pool.capacity, len(busy) if pool.is_share else 0))]
    for index in closed & set(range(pool.capacity)) - set(busy):
        found[index]["node_state"] = "unreachable"
    return found


def machine(name: str, state: str) -> ComputeNode:
    """Describe a machine of a compute whose engine gives out the nodes itself."""
    return {"node_id": name, "node_state": state, "current_job_name": None, "since": None}


def node_at(index: int, holder: Holder | None) -> ComputeNode:
    """Describe a node, by its index, and the job on it."""
    if holder is None:
        return {"node_id": f"node-{index}", "node_state": "idle", "current_job_name": None, "since": None}
    return {
        "node_id": f"node-{index}",
        "node_state": "running",
        "current_job_name": holder.job,
        "since": holder.since,
    }
