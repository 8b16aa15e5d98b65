"""The wire form of schedules and their firings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lapisml.server.features.schedules.records import Firing, ScheduleRecord
from lapisml.server.platform.wire import arm_id, creation_context, timestamp


def schedule_body(
    workspace: str, record: ScheduleRecord, upcoming: Sequence[int], history: Sequence[Firing]
) -> dict[str, Any]:
    """Make the record of a schedule: the document's keys and what is known around them."""
    return {
        **record.document,
        "name": record.name,
        "id": arm_id(workspace, "schedules", record.name),
        "tags": record.document.get("tags") or {},
        "properties": record.document.get("properties") or {},
        "is_enabled": record.is_enabled,
        "provisioning_state": "Succeeded",
        "next_fire_times": [timestamp(moment) for moment in upcoming],
        "last_firings": [firing_body(firing) for firing in history],
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }


def firing_body(firing: Firing) -> dict[str, Any]:
    """Make the wire form of a firing."""
    made = firing.state.value in ("Recorded", "Submitted")
    return {
        "due": timestamp(firing.due),
        "state": firing.state.value,
        "job_name": firing.job_name if made else None,
        "reason": firing.reason,
        "by_hand": firing.by_hand,
        "at": timestamp(firing.changed_at),
    }
