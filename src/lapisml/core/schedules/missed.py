"""What becomes of firings that are due: which are made up for, and which are passed over.

A firing that is found within a minute of its moment is on time and always happens. One that is found later was
missed: no server ran, or the machine slept. The policy says what then.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from lapisml.core.schedules.trigger import Trigger

ON_TIME_MS = 60_000
"""How late a firing may be found without counting as missed."""
MOST_AT_ONCE = 100
"""How many missed firings are made up for at most."""
MOST_COUNTED = 1_000
"""Up to which number old moments that are passed over are counted."""


class MissedRuns(StrEnum):
    """What to do about missed firings.

    ``latest``: make up for the last one, when none is on time. ``all``: for each. ``none``: for none.
    """

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True)
class Policy:
    """What to do about missed firings.

    Attributes:
        missed: see `MissedRuns`.
        within_ms: one that is older is passed over in any case.
    """

    missed: MissedRuns = MissedRuns.LATEST
    within_ms: int = 86_400_000


@dataclass(frozen=True)
class Verdict:
    """Moments in milliseconds since the epoch, UTC.

    Attributes:
        fire: in order.
        passed_over: how many are not made up for; of old ones `MOST_COUNTED` are counted.
        first, last: the first and the last of these; None without any.
    """

    fire: tuple[int, ...] = ()
    passed_over: int = 0
    first: int | None = None
    last: int | None = None


def decide(trigger: Trigger, after: int, now: int, policy: Policy) -> Verdict:
    """Decide about every firing later than `after` and not later than `now`."""
    recent = list(_until(trigger, max(after, now - max(policy.within_ms, ON_TIME_MS) - 1), now))
    fire = _chosen(recent, now, policy)
    kept = set(fire)
    old = list(zip(_until(trigger, after, recent[0] - 1 if recent else now), range(MOST_COUNTED), strict=False))
    passed = [*(moment for moment, _ in old), *(moment for moment in recent if moment not in kept)]
    return Verdict(tuple(fire), len(passed), passed[0] if passed else None, passed[-1] if passed else None)


def _chosen(recent: list[int], now: int, policy: Policy) -> list[int]:
    on_time = [moment for moment in recent if now - moment <= ON_TIME_MS]
    young = [moment for moment in recent if now - moment <= max(policy.within_ms, ON_TIME_MS)]
    if policy.missed is MissedRuns.ALL:
        return list(deque(young, maxlen=MOST_AT_ONCE))
    if policy.missed is MissedRuns.LATEST and not on_time:
        return young[-1:]
    return on_time


def _until(trigger: Trigger, after: int, now: int) -> takewhile[int]:
    return takewhile(lambda moment: moment <= now, trigger.moments(after))
