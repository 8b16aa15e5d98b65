"""The plain truth about cron and recurrences: every minute is looked at, one after the other."""
# ruff: noqa: DTZ001 - wall times have no zone

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Holds = Callable[[datetime], bool]
"""Says of a wall time whether something is to happen at it."""


def scan(holds: Holds, zone: ZoneInfo, after: datetime, until: datetime, every_hour: bool = False) -> list[datetime]:
    """List the firings in (after, until], whole minutes, by looking at every minute of the clock.

    Args:
        every_hour: what holds in every hour goes by passing time.
    """
    found = []
    instant = after.replace(second=0, microsecond=0)
    before = instant.astimezone(zone).replace(tzinfo=None)
    while (instant := instant + MINUTE) <= until:
        shown = instant.astimezone(zone)
        wall = shown.replace(tzinfo=None, fold=0)
        skipped = [] if every_hour else list(_skipped(before, wall))
        if (holds(wall) and (every_hour or not shown.fold)) or any(map(holds, skipped)):
            found.append(instant)
        before = wall
    return found


def _skipped(before: datetime, now: datetime) -> Iterator[datetime]:
    """Yield the wall times between what the clock shows in one minute and in the next."""
    while (before := before + MINUTE) < now:
        yield before


def cron_holds(expression: str) -> Holds:
    """Read a cron expression of numbers, lists, ranges and steps, in a way of its own."""
    minutes, hours, days, months, week_days = (
        _values(field, low, high)
        for field, (low, high) in zip(expression.split(), ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7)), strict=True)
    )
    day_star, week_star = (expression.split()[i].startswith("*") for i in (2, 4))

    def holds(wall: datetime) -> bool:
        if wall.minute not in minutes or wall.hour not in hours or wall.month not in months:
            return False
        fits = wall.day in days, wall.isoweekday() % 7 in {day % 7 for day in week_days}
        return all(fits) if day_star or week_star else any(fits)

    return holds


def _values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for term in field.split(","):
        span, _, step = term.partition("/")
        first, _, last = span.partition("-")
        begin = low if span == "*" else int(first)
        end = high if span == "*" or (step and not last) else int(last or first)
        found |= set(range(begin, end + 1, int(step or 1)))
    return found


def recurrence_holds(
    frequency: str, interval: int, start: datetime, hours: list[int], minutes: list[int],
    week_days: list[str] | None = None, month_days: list[int] | None = None,
) -> Holds:  # fmt: skip
    """Say of wall times whether a recurrence with a pattern falls on them; `start` is a wall time."""

    def holds(wall: datetime) -> bool:
        if wall.hour not in hours or wall.minute not in minutes:
            return False
        return _day_fits(frequency, interval, start, wall, week_days, month_days)

    return holds


def _day_fits(
    frequency: str, interval: int, start: datetime, wall: datetime, week_days: list[str] | None,
    month_days: list[int] | None,
) -> bool:  # fmt: skip
    name = wall.strftime("%A").lower()
    if frequency == "day":
        return (wall.date() - start.date()).days % interval == 0
    if frequency == "week":
        weeks = (_monday(wall) - _monday(start)).days // 7
        return weeks % interval == 0 and name in (week_days or [start.strftime("%A").lower()])
    months = (wall.year - start.year) * 12 + wall.month - start.month
    if months % interval:
        return False
    length = calendar.monthrange(wall.year, wall.month)[1]
    if not week_days and not month_days:
        return wall.day == min(start.day, length)
    fits_month = not month_days or wall.day in {day if day > 0 else length + 1 + day for day in month_days}
    return fits_month and (not week_days or name in week_days)


def _monday(wall: datetime) -> datetime:
    return datetime(wall.year, wall.month, wall.day) - timedelta(days=wall.weekday())


def utc(text: str) -> datetime:
    """Read a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
