"""Cron expressions of five fields: minute, hour, day of the month, month, day of the week.

cronsim (https://github.com/cuu508/cronsim) parses them and walks the calendar, as Debian's cron does; it is given
wall times without a zone, and what a zone's clock changes mean is decided here:

- an expression that holds in every hour of the day goes by the time that passes: it fires in both passes of an hour
  that comes twice, and a skipped hour is no hour;
- any other fires once for a wall time: in the first of two passes; at the jump when it is skipped.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from lapisml.core.schedules.walls import change_between, moment_of, wall_at

_FIELDS = 5
_HOURS = 24
_SECOND = timedelta(seconds=1)
_PROBE = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall time


class CronError(ValueError):
    """An expression that can't be read, or that never holds."""


class CronRule:
    """When a cron expression fires.

    Args:
        expression: five fields.
        zone: whose clock it goes by.

    Raises:
        CronError: it can't be read, or no date fits it.
    """

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        self._expression = _checked(expression)
        self._zone = zone
        self._every_hour = len(set(CronSim(self._expression, _PROBE).hours)) == _HOURS

    def after(self, instant: datetime) -> datetime | None:
        """Give the first firing later than an instant; None when there is none for decades."""
        return self._by_time(instant) if self._every_hour else self._by_wall(instant)

    def _by_wall(self, instant: datetime) -> datetime | None:
        for wall in CronSim(self._expression, wall_at(instant, self._zone)):
            moment = moment_of(wall, self._zone)
            if moment > instant:  # else the second pass of an hour that comes twice
                return moment
        return None

    def _by_time(self, instant: datetime) -> datetime | None:
        while True:
            wall = _next_wall(self._expression, wall_at(instant, self._zone))
            offset = instant.astimezone(self._zone).utcoffset()
            if wall is None or offset is None:
                return None
            found = (wall - offset).replace(tzinfo=UTC)
            if found.astimezone(self._zone).utcoffset() == offset:
                return found
            instant = change_between(instant, found, self._zone) - _SECOND
            resumed = self._at_change(instant + _SECOND)
            if resumed is not None:
                return resumed
            instant += _SECOND

    def _at_change(self, instant: datetime) -> datetime | None:
        """Give the instant of a change of the clock when the expression holds there."""
        wall = wall_at(instant, self._zone)
        return instant if _next_wall(self._expression, wall - _SECOND) == wall else None


def _next_wall(expression: str, wall: datetime) -> datetime | None:
    return next(iter(CronSim(expression, wall)), None)


def _checked(expression: str) -> str:
    fields = expression.split()
    if len(fields) != _FIELDS:
        raise CronError(f"a cron expression has five fields, this has {len(fields)}")
    try:
        found = _next_wall(expression, _PROBE)
    except CronSimError as error:
        raise CronError(f"{str(error)[:1].lower()}{str(error)[1:]}") from None
    if found is None:
        raise CronError("no date fits this expression")
    return expression
