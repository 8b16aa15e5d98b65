"""When something happens again and again: cron and recurrence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from pydantic import Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part
from lapisml.documents.fields import Choice, Count, FilledText, ListOf, OneOrMore, Text, Whole
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CRON_FIELD = re.compile(r"[0-9A-Za-z*/,\-]+\Z")
_CRON_FIELDS = 5
_CRON_FORM = "five fields: minute, hour, day of the month, month, day of the week; for example `15 10 * * 1`"
_TIME_FORM = "a time such as 2026-07-01T10:00:00"
_OF_CRON = ("expression",)
_OF_RECURRENCE = ("frequency", "interval", "schedule")


Hour = Annotated[int, Whole(low=0, high=23)]
Minute = Annotated[int, Whole(low=0, high=59)]
MonthDay = Annotated[int, Whole(low=1, high=31)]


class Pattern(Part):
    """At which times within a recurrence."""

    hours: Annotated[list[Hour], ListOf, OneOrMore()] = Field(description="hours, 0 to 23")
    minutes: Annotated[list[Minute], ListOf, OneOrMore()] = Field(description="minutes, 0 to 59")
    week_days: Annotated[list[Annotated[str, Choice(*DAYS)]], ListOf, OneOrMore()] | None = Field(
        None, description="frequency week or month: days of the week"
    )
    month_days: Annotated[list[MonthDay], ListOf, OneOrMore()] | None = Field(
        None, description="frequency month: days of the month, 1 to 31"
    )

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse empty lists."""
        for key, value in self.to_dict().items():
            if not value:
                yield (key,), fault("the list is empty", self._meaning(key))


class JobTrigger(Part):
    """When a schedule makes a job."""

    type: Annotated[str, Choice("cron", "recurrence")] = Field(description="cron or recurrence")
    start_time: Text | None = Field(None, description="from when on; now when left out")
    end_time: Text | None = Field(None, description="until when")
    time_zone: FilledText | None = Field(None, description="IANA or Windows name of the time zone; UTC when left out")
    expression: Text | None = Field(None, description="cron: five fields")
    frequency: Annotated[str, Choice("minute", "hour", "day", "week", "month")] | None = Field(
        None, description="recurrence: minute, hour, day, week or month"
    )
    interval: Count | None = Field(None, description="recurrence: every how many of them")
    schedule: Pattern | None = Field(None, description="recurrence: hours, minutes, days")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse what belongs to the other type, what is missing, and what is no time."""
        own, other = (_OF_CRON, _OF_RECURRENCE) if self.type == "cron" else (_OF_RECURRENCE, _OF_CRON)
        for key in other:
            if getattr(self, key) is not None:
                yield (key,), fault(f"`{key}` has no meaning for {self.type}", ", ".join(own), at="key")
        for key in own[:2]:
            if getattr(self, key) is None:
                yield (key,), fault(f"missing key `{key}`", self._meaning(key), at="missing")
        yield from self._cron_faults()
        yield from self._pattern_faults()
        yield from self._time_faults()

    def _cron_faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        fields = (self.expression or "* * * * *").split()
        if len(fields) != _CRON_FIELDS:
            message = f"a cron expression has five fields, this has {len(fields)}"
            yield ("expression",), fault(message, _CRON_FORM)
            return
        for field in fields:
            if not _CRON_FIELD.match(field):
                yield ("expression",), fault(f"`{field[:40]}` is no field of a cron expression", _CRON_FORM)

    def _pattern_faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        if self.schedule is None or self.frequency is None:
            return
        if self.frequency in ("minute", "hour"):
            message = f"`schedule` has no meaning for every {self.frequency}"
            yield ("schedule",), fault(message, "frequency day, week or month", at="key")
            return
        for key, frequencies in (("week_days", ("week", "month")), ("month_days", ("month",))):
            if getattr(self.schedule, key) is not None and self.frequency not in frequencies:
                message = f"`{key}` has no meaning for every {self.frequency}"
                yield ("schedule", key), fault(message, f"frequency {' or '.join(frequencies)}", at="key")

    def _time_faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        times: dict[str, datetime] = {}
        for key in ("start_time", "end_time"):
            text = getattr(self, key)
            if text is None:
                continue
            try:
                times[key] = datetime.fromisoformat(text.strip())
            except ValueError:
                yield (key,), fault(f"`{text[:80]}` is not a time", _TIME_FORM)
        start, end = times.get("start_time"), times.get("end_time")
        if start and end and (start.tzinfo is None) == (end.tzinfo is None) and end <= start:
            yield ("end_time",), fault("it is not after start_time", f"a time after {self.start_time}")
