"""Triggers under azure.ai.ml's names, and what else programs write in schedules, as documents have it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError

from lapisml.documents.base import Part
from lapisml.documents.faults import faults_of, problems_of, refuse
from lapisml.documents.fields import Choice
from lapisml.documents.kinds import triggers
from lapisml.sdk.dsl.definition import absolute
from lapisml.sdk.dsl.values import plain


class _Told(Part):
    """A part of a document that is made by hand: it takes Python's values, and tells every fault."""

    NOUN: ClassVar[str]

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**as_texts(values))
        except ValidationError as error:
            faults = faults_of(error)
            raise refuse(self.NOUN, None, problems_of(faults), faults) from None


class RecurrencePattern(_Told, triggers.Pattern):
    """At which times within a recurrence: ``hours, minutes, week_days, month_days``.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """

    NOUN: ClassVar[str] = "recurrence pattern"


class CronTrigger(_Told, triggers.JobTrigger):
    """A cron expression: ``expression, start_time, end_time, time_zone``; see `RecurrencePattern`."""

    NOUN: ClassVar[str] = "trigger"

    type: Annotated[str, Choice("cron")] = Field("cron")


class RecurrenceTrigger(_Told, triggers.JobTrigger):
    """A recurrence: ``frequency, interval, schedule, start_time, end_time, time_zone``; see `RecurrencePattern`."""

    NOUN: ClassVar[str] = "trigger"

    type: Annotated[str, Choice("recurrence")] = Field("recurrence")


def as_texts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the keys of a schedule or trigger as a document has them.

    Times become ISO 8601, constants their text, a job that was made here its document, whose local paths start from
    where the job lies.
    """
    return {key: _as_text(value) for key, value in values.items()}


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if getattr(value, "KIND", None) == "job":
        return _job(value)
    return plain(value)


def _job(job: Any) -> Any:
    record = job.record
    if record is not None and record.get("name"):
        return f"azureml:{record['name']}"
    return absolute("job", job.to_dict(), job.base_path)
