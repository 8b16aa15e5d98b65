"""Recurrences: every so many minutes, hours, days, weeks or months, counted from a start.

Minutes and hours are passing time. Days, weeks and months go by the clock on the wall; ``dateutil`` walks their
calendar by the rules of RFC 5545 (weeks begin on Monday). A wall time that a zone skips fires at the jump, one that
comes twice fires in the first pass.
"""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import product
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, rrule

from lapisml.core.schedules.walls import moment_of, wall_at

_PASSING = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_FREQUENCIES = {"day": DAILY, "week": WEEKLY, "month": MONTHLY}
_WEEK_DAYS = {"monday": MO, "tuesday": TU, "wednesday": WE, "thursday": TH, "friday": FR, "saturday": SA, "sunday": SU}
_LAST_YEAR = 9990


@dataclass(frozen=True)
class Pattern:
    """At which times within a recurrence; what is empty is that of the start.

    Attributes:
        hours: 0 to 23; minutes: 0 to 59.
        week_days: ``monday`` …
        month_days: 1 to 31, or -1 for the last day of the month and so on; months without the day are left out.
    """

    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    week_days: tuple[str, ...] = ()
    month_days: tuple[int, ...] = ()


@dataclass(frozen=True)
class RecurrenceRule:
    """When a recurrence fires.

    Attributes:
        frequency: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        interval: every how many of them.
        start: what the interval is counted from, an instant.
        zone: whose clock it goes by.
        pattern: None to repeat the start itself.
    """

    frequency: str
    interval: int
    start: datetime
    zone: ZoneInfo
    pattern: Pattern | None = None

    def after(self, instant: datetime) -> datetime | None:
        """Give the first firing later than an instant; None at the end of the calendar."""
        if self.pattern is None and instant < self.start:
            return self.start
        if self.frequency in _PASSING:
            step = _PASSING[self.frequency] * self.interval
            return self.start + ((instant - self.start) // step + 1) * step
        shown = wall_at(max(instant, self.start - timedelta(seconds=1)), self.zone)
        for wall in self._walls(shown):
            moment = moment_of(wall, self.zone)
            if moment > instant and moment >= self.start:
                return moment
        return None

    def _walls(self, after: datetime) -> Iterator[datetime]:
        """Yield the wall times later than one, in order."""
        begin, pattern, times = wall_at(self.start, self.zone), self.pattern or Pattern(), self._times
        for day in self._days(begin.date(), pattern, after.date()):
            first = bisect_right(times, after.time()) if day == after.date() else 0
            for moment in times[first:]:
                yield datetime.combine(day, moment)

    @cached_property
    def _times(self) -> Sequence[time]:
        begin = wall_at(self.start, self.zone)
        if self.pattern is None:
            return [begin.time()]
        hours, minutes = self.pattern.hours or (begin.hour,), self.pattern.minutes or (begin.minute,)
        return sorted({time(hour, minute) for hour, minute in product(hours, minutes)})

    def _days(self, begin: date, pattern: Pattern, from_day: date) -> Iterator[date]:
        if self.frequency == "month" and not pattern.week_days and not pattern.month_days:
            yield from self._months(begin, from_day)
            return
        base = self._base(begin, from_day)
        week_days = pattern.week_days or ((_name_of(begin),) if self.frequency == "week" else ())
        rule = rrule(
            _FREQUENCIES[self.frequency],
            dtstart=datetime.combine(base, time()),
            interval=self.interval,
            wkst=MO,
            byweekday=[_WEEK_DAYS[name] for name in week_days] or None,
            bymonthday=pattern.month_days or None,
        )
        yield from (found.date() for found in rule if found.date() >= from_day)

    def _base(self, begin: date, from_day: date) -> date:
        """Give a day some whole intervals from the start, not after `from_day`: where the walk may begin."""
        if self.frequency == "month":
            months = _months_between(begin, from_day) // self.interval * self.interval
            return _month_later(begin.replace(day=1), max(0, months))
        unit = 7 if self.frequency == "week" else 1
        first = begin - timedelta(days=begin.weekday()) if unit == 7 else begin
        steps = max(0, (from_day - first).days // (unit * self.interval))
        return first + timedelta(days=steps * unit * self.interval)

    def _months(self, begin: date, from_day: date) -> Iterator[date]:
        """Yield the start's day of each month; the last day where a month is too short for it."""
        month = max(0, _months_between(begin, from_day) // self.interval * self.interval)
        while begin.year + month // 12 < _LAST_YEAR:
            day = _month_later(begin, month)
            if day >= from_day:
                yield day
            month += self.interval


def _name_of(day: date) -> str:
    return list(_WEEK_DAYS)[day.weekday()]


def _months_between(begin: date, end: date) -> int:
    return (end.year - begin.year) * 12 + end.month - begin.month


def _month_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
