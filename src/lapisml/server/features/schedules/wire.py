"""The wire form of schedules and their firings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.server.features.schedules.records import Firing, ScheduleRecord
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context, timestamp


class FiringBody(TypedDict):
    """What became of a firing. Times are ISO 8601 in UTC.

    Attributes:
        due: the moment that it is for.
        state: ``Recorded``, ``Submitted``, ``Failed`` or ``PassedOver``.
        job_status: state of its job now; None when there is none.
        by_hand: whether a person asked for it.
    """

    due: str | None
    state: str
    job_name: str | None
    job_status: str | None
    reason: str
    by_hand: bool
    at: str | None


@with_config(ConfigDict(extra="allow"))
class ScheduleBody(TypedDict):
    """A schedule: the keys of its document and what is known around them. Times are ISO 8601 in UTC.

    Attributes:
        next_fire_times: when it fires next, as many as were asked for; none while it is disabled.
        last_firings: the last first.
    """

    name: str
    id: str
    tags: dict[str, str]
    properties: dict[str, str]
    is_enabled: bool
    provisioning_state: str
    next_fire_times: list[str | None]
    last_firings: list[FiringBody]
    creation_context: CreationContext
    trigger: NotRequired[dict[str, Any]]
    display_name: NotRequired[str]
    description: NotRequired[str]


def schedule_body(
    workspace: str,
    record: ScheduleRecord,
    upcoming: Sequence[int],
    history: Sequence[Firing],
    states: Mapping[str, str],
) -> ScheduleBody:
    """Make the record of a schedule: the document's keys and what is known around them.

    Args:
        states: name of a job → its state.
    """
    known: ScheduleBody = {
        "name": record.name,
        "id": arm_id(workspace, "schedules", record.name),
        "tags": record.document.get("tags") or {},
        "properties": record.document.get("properties") or {},
        "is_enabled": record.is_enabled,
        "provisioning_state": "Succeeded",
        "next_fire_times": [timestamp(moment) for moment in upcoming],
        "last_firings": [firing_body(firing, states) for firing in history],
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    return cast("ScheduleBody", {**record.document, **known})


def firing_body(firing: Firing, states: Mapping[str, str]) -> FiringBody:
    """Make the wire form of a firing.

    Args:
        states: name of a job → its state.
    """
    made = firing.state.value in ("Recorded", "Submitted")
    return {
        "due": timestamp(firing.due),
        "state": firing.state.value,
        "job_name": firing.job_name if made else None,
        "job_status": states.get(firing.job_name) if made else None,
        "reason": firing.reason,
        "by_hand": firing.by_hand,
        "at": timestamp(firing.changed_at),
    }
