"""The wire form of computes."""

from __future__ import annotations

from typing import NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.server.features.compute.service import capacity
from lapisml.server.features.compute.store import ComputeRecord
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context


@with_config(ConfigDict(extra="allow"))
class ComputeBody(TypedDict):
    """A compute: the keys of its document and what is known around them.

    Attributes:
        state: of an instance.
        current_node_count, running_node_count, max_instances: of what has nodes.
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


class UsageBody(TypedDict):
    """How many nodes of a compute are in use, and how many there are."""

    name: str
    unit: str
    current_value: int
    limit: int


def compute_body(workspace: str, record: ComputeRecord, busy: int) -> ComputeBody:
    """Make the record of a compute.

    Args:
        busy: nodes on which something runs.
    """
    known: ComputeBody = {
        "name": record.name,
        "id": arm_id(workspace, "computes", record.name),
        "provisioning_state": "Succeeded",
        "location": record.document.get("location", "local"),
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    if record.document["type"] == "computeinstance":
        known["state"] = record.state
    else:
        known["current_node_count"] = max(int(record.document.get("min_instances") or 0), busy)
        known["running_node_count"] = busy
        known["max_instances"] = capacity(record)
    return cast("ComputeBody", {**record.document, **known})
