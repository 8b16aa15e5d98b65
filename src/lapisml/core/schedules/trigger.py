"""The `trigger` of a schedule's document, and the moments at which it fires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.schedules.cron import CronError, CronRule
from lapisml.core.schedules.recurrence import Pattern, RecurrenceRule
from lapisml.core.schedules.walls import moment_of
from lapisml.core.schedules.zones import UnknownZoneError, zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST = datetime(9990, 1, 1, tzinfo=UTC)


class Rule(Protocol):
    """Knows the firings of a trigger, without its bounds."""

    def after(self, instant: datetime) -> datetime | None:
        """Give the first firing later than an instant."""
        ...


@dataclass(frozen=True)
class Trigger:
    """When something happens again and again. Moments are milliseconds since the epoch, UTC.

    Attributes:
        start: no firing lies before it; a firing may lie on it.
        end: no firing lies after it.
    """

    rule: Rule
    start: int
    end: int | None

    def next_after(self, moment: int) -> int | None:
        """Give the first firing later than a moment, None when there is none."""
        found = _after(self.rule, _instant(max(moment, self.start - 1)))
        if found is None or found >= _LATEST:
            return None
        millis = _millis(found)
        return millis if self.end is None or millis <= self.end else None

    def moments(self, after: int) -> Iterator[int]:
        """Yield the firings later than a moment, in order."""
        found = self.next_after(after)
        while found is not None:
            yield found
            found = self.next_after(found)

    def upcoming(self, after: int, count: int) -> list[int]:
        """Give the next `count` firings after a moment."""
        return list(islice(self.moments(after), count))


def read_trigger(document: Mapping[str, Any], anchor: int, path: str = "trigger") -> Trigger:
    """Read a trigger.

    Args:
        document: type, expression or frequency …, as in the YAML.
        anchor: the start when the document names none: the moment since which the trigger holds.
        path: where it stands in the document, for problems.

    Raises:
        LapisError: DocumentInvalid, with a problem for every fault.
    """
    problems: list[Problem] = []
    place = _zone(document.get("time_zone"), problems, path)
    start = _time(document, "start_time", place, problems, path)
    end = _time(document, "end_time", place, problems, path)
    begin = anchor if start is None else start
    rule = _rule(document, _instant(begin), place, problems, path)
    if start is not None and end is not None and end < start:
        problems.append(Problem("it lies before start_time", f"{path}.end_time"))
    if problems or rule is None:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The schedule's trigger is not valid.", None, problems)
    return Trigger(rule, begin, end)


def _rule(
    document: Mapping[str, Any], start: datetime, place: ZoneInfo, problems: list[Problem], path: str
) -> Rule | None:
    if document.get("type") == "recurrence":
        frequency, interval = str(document.get("frequency")), int(document.get("interval") or 1)
        rule = RecurrenceRule(frequency, interval, start, place, _pattern(document.get("schedule")))
        if _after(rule, start) is None:
            problems.append(Problem("no date fits this recurrence", f"{path}.schedule"))
        return rule
    try:
        return CronRule(str(document.get("expression")), place)
    except CronError as error:
        expected = "minute, hour, day of the month, month, day of the week; for example `15 10 * * 1`"
        problems.append(Problem(str(error), f"{path}.expression", expected=expected))
        return None


def _after(rule: Rule, instant: datetime) -> datetime | None:
    try:
        return rule.after(instant)
    except OverflowError:  # the calendar ends with the year 9999
        return None


def _pattern(given: Mapping[str, Any] | None) -> Pattern | None:
    values = {key: _several(value) for key, value in (given or {}).items()}
    if not any(values.values()):
        return None
    days = tuple(str(day).lower() for day in values.get("week_days", ()))
    return Pattern(values.get("hours", ()), values.get("minutes", ()), days, values.get("month_days", ()))


def _several(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _zone(name: Any, problems: list[Problem], path: str) -> ZoneInfo:
    try:
        return zone(name)
    except UnknownZoneError as error:
        expected = "an IANA name such as Europe/Berlin, or a Windows name such as Pacific Standard Time"
        problems.append(Problem(str(error), f"{path}.time_zone", expected=expected, suggestion=error.suggestion))
        return zone("UTC")


def _time(document: Mapping[str, Any], key: str, place: ZoneInfo, problems: list[Problem], path: str) -> int | None:
    """Read a time; without an offset it is one of the zone's clock."""
    given = document.get(key)
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(str(given).strip())
        return _millis(found if found.tzinfo is not None else moment_of(found, place))
    except (ValueError, OverflowError):
        expected = "a time such as 2026-07-01T10:00:00, with or without an offset"
        problems.append(Problem(f"`{str(given)[:80]}` is not a time", f"{path}.{key}", expected=expected))
        return None


def _instant(moment: int) -> datetime:
    return _EPOCH + moment * _MILLISECOND


def _millis(instant: datetime) -> int:
    return (instant - _EPOCH) // _MILLISECOND
