"""The wire form of computes."""

from __future__ import annotations

from dataclasses import asdict
from typing import NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.ports.compute import Standing
from lapisml.server.features.compute.service import Waits, capacity
from lapisml.server.features.compute.store import ComputeRecord
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context


@with_config(ConfigDict(extra="allow"))
class ComputeBody(TypedDict):
    """A compute: the keys of its document and what is known around them.

    Attributes:
        state: of an instance.
        state_sentence: of an attached compute: why it is `state` (``ready``, ``unreachable``, ``unknown``).
        engine: what runs there: ``{"Ray": "2.40.0"}``.
        current_node_count, running_node_count, max_instances: of what has nodes.
        nodes: machines of an attached compute; only where one compute is asked for.
        queue: the first jobs that wait, each with the reason; likewise.
    """

    name: str
    id: str
    type: NotRequired[str]
    provisioning_state: str
    location: str
    creation_context: CreationContext
    description: NotRequired[str]
    state: NotRequired[str]
    current_node_count: NotRequired[int]
    running_node_count: NotRequired[int]
    max_instances: NotRequired[int]
    is_attached: NotRequired[bool]
    state_sentence: NotRequired[str]
    engine: NotRequired[dict[str, str]]
    nodes: NotRequired[list[NodeBody]]
    queue: NotRequired[list[Waits]]


class NodeBody(TypedDict):
    """A machine of an attached compute, as it is now.

    Attributes:
        state: ``idle``, ``running``, ``unreachable``, ``down``; `sentence` says why it is not to be had.
        cpus, gpus, gpu_kind, memory_mb: what it has; `load`: processes that want to run, mean of a minute.
        memory_free_mb, disk_free_mb: what is left of it now; None where that is not known.
    """

    name: str
    state: str
    cpus: float | None
    gpus: int | None
    memory_mb: int | None
    load: float | None
    sentence: str
    gpu_kind: str
    memory_free_mb: int | None
    disk_free_mb: int | None


class UsageBody(TypedDict):
    """How many nodes of a compute are in use, and how many there are."""

    name: str
    unit: str
    current_value: int
    limit: int


def compute_body(workspace: str, record: ComputeRecord, busy: int, standing: Standing | None = None) -> ComputeBody:
    """Make the record of a compute.

    Args:
        busy: nodes on which something runs.
        standing: how an attached compute is; None for others.
    """
    known: ComputeBody = {
        "name": record.name,
        "id": arm_id(workspace, "computes", record.name),
        "provisioning_state": "Succeeded",
        "location": record.document.get("location", "local"),
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    if standing is not None:
        known.update(_of_attached(standing))
    elif record.document["type"] == "computeinstance":
        known["state"] = record.state
    else:
        known["current_node_count"] = max(int(record.document.get("min_instances") or 0), busy)
        known["running_node_count"] = busy
        known["max_instances"] = capacity(record)
    return cast("ComputeBody", {**record.document, **known})


def node_bodies(standing: Standing) -> list[NodeBody]:
    """Make the records of an attached compute's machines."""
    return [cast("NodeBody", asdict(node)) for node in standing.nodes]


def _of_attached(standing: Standing) -> ComputeBody:
    known: dict[str, object] = {
        "is_attached": True,
        "state": standing.state,
        "state_sentence": standing.sentence,
        "engine": dict(standing.engine),
        "current_node_count": len(standing.nodes),
        "running_node_count": sum(node.state == "running" for node in standing.nodes),
    }
    return cast("ComputeBody", known)
