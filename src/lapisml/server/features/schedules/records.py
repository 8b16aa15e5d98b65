"""What is known of a schedule and of its firings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.core.schedules.trigger import Trigger, read_trigger


class FiringState(StrEnum):
    """What became of a firing.

    ``Recorded``: the job is about to be submitted. ``Submitted``: it is. ``Failed``: it was refused, the reason says
    why. ``PassedOver``: its moment was missed, and the policy says not to make up for it.
    """

    RECORDED = "Recorded"
    SUBMITTED = "Submitted"
    FAILED = "Failed"
    PASSED_OVER = "PassedOver"


@dataclass(frozen=True)
class ScheduleRecord:
    """A schedule as kept. Times are milliseconds since the epoch, UTC.

    Attributes:
        key: random; differs between schedules that had the same name one after the other.
        document: as written.
        job: the document that its jobs are made from.
        anchor: since when its trigger holds: the start of one that names none.
        decided: what becomes of every moment up to here is decided.
        next_at: the first moment after `decided`, None when there is none.
    """

    id: int
    workspace_id: int
    name: str
    key: str
    document: dict[str, Any]
    job: dict[str, Any]
    is_enabled: bool
    anchor: int
    decided: int
    next_at: int | None
    created_by: str
    created_at: int
    updated_at: int

    def trigger(self) -> Trigger:
        """Give its trigger.

        Raises:
            LapisError: DocumentInvalid, when a time zone is known no longer.
        """
        return read_trigger(self.document["trigger"], self.anchor)

    def upcoming(self, now: int, count: int) -> list[int]:
        """Give the moments at which it fires next; none while it is disabled."""
        if not self.is_enabled:
            return []
        try:
            return self.trigger().upcoming(max(now, self.decided), count)
        except LapisError:
            return []


@dataclass(frozen=True)
class Firing:
    """One firing, or a number of moments that were passed over.

    Attributes:
        due: the moment that it is for; of several, the last.
        by_hand: whether a person asked for it.
        job_name: of the job that it makes; always the same for the same moment.
        document: of the job, until it is submitted.
    """

    id: int
    schedule_id: int
    due: int
    by_hand: bool
    job_name: str
    document: dict[str, Any] | None
    state: FiringState
    reason: str
    recorded_at: int
    changed_at: int
