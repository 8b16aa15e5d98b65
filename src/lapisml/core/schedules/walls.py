"""Between what a clock on the wall shows and the instant at which it does.

A wall time is a naive datetime, an instant one in UTC. Where a zone puts its clocks forward it skips wall times;
where it puts them back it shows some twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def wall_at(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give what the clock shows at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Give the instant of a wall time: the first one when there are two; the clock's jump when it is skipped.

    Later wall times never give earlier instants.
    """
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if wall_at(first, zone) == wall:
        return first
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # in a gap, this fold lies before the jump
    return change_between(before, first, zone)


def change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the first instant with another offset than `before` has, to the second.

    Args:
        before, after: instants whose offsets differ, with one change between them.
    """
    low, high = before.replace(microsecond=0), after
    offset = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high
