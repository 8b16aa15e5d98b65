"""What becomes of firings that nobody was there for."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import takewhile

from hypothesis import given, settings
from hypothesis import strategies as st

from lapisml.core.schedules.missed import MOST_AT_ONCE, MOST_COUNTED, ON_TIME_MS, MissedRuns, Policy, decide
from lapisml.core.schedules.trigger import Trigger, read_trigger

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
T0 = int(datetime(2026, 5, 4, tzinfo=UTC).timestamp() * 1000)


def cron(expression: str) -> Trigger:
    return read_trigger({"type": "cron", "expression": expression}, T0 - 400 * DAY)


def test_what_is_on_time_fires_whatever_the_policy():
    for missed in MissedRuns:
        verdict = decide(cron("0 * * * *"), T0 + 1, T0 + HOUR + 20, Policy(missed))
        assert verdict.fire == (T0 + HOUR,)
        assert verdict.passed_over == 0


def test_latest_makes_up_for_one():
    verdict = decide(cron("0 * * * *"), T0, T0 + 5 * HOUR + 10 * MINUTE, Policy())
    assert verdict.fire == (T0 + 5 * HOUR,)
    assert (verdict.passed_over, verdict.first, verdict.last) == (4, T0 + HOUR, T0 + 4 * HOUR)


def test_latest_makes_up_for_none_when_one_is_on_time():
    verdict = decide(cron("0 * * * *"), T0, T0 + 5 * HOUR + 30_000, Policy())
    assert verdict.fire == (T0 + 5 * HOUR,)
    assert verdict.passed_over == 4


def test_latest_leaves_out_nothing_that_is_on_time():
    verdict = decide(cron("* * * * *"), T0, T0 + 2 * MINUTE, Policy())
    assert verdict.fire == (T0 + MINUTE, T0 + 2 * MINUTE)


def test_all_makes_up_for_each_within_the_time():
    verdict = decide(cron("0 * * * *"), T0, T0 + 30 * HOUR + 10 * MINUTE, Policy(MissedRuns.ALL, DAY))
    assert verdict.fire == tuple(T0 + h * HOUR for h in range(7, 31))
    assert verdict.passed_over == 6


def test_all_has_a_bound():
    verdict = decide(cron("* * * * *"), T0, T0 + 10 * HOUR, Policy(MissedRuns.ALL))
    assert len(verdict.fire) == MOST_AT_ONCE
    assert verdict.fire[-1] == T0 + 10 * HOUR
    assert verdict.passed_over == 600 - MOST_AT_ONCE


def test_none_passes_over():
    verdict = decide(cron("0 * * * *"), T0, T0 + 5 * HOUR + 10 * MINUTE, Policy(MissedRuns.NONE))
    assert verdict.fire == ()
    assert verdict.passed_over == 5


def test_what_is_too_old_is_passed_over():
    verdict = decide(cron("0 0 * * 1"), T0 - 1, T0 + 2 * DAY, Policy())
    assert verdict.fire == ()
    assert (verdict.passed_over, verdict.last) == (1, T0)


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(["*/5 * * * *", "0 * * * *", "30 3 * * *", "0 0 * * 1"]),
    st.integers(0, 20 * DAY), st.integers(-DAY, 3 * DAY), st.sampled_from(MissedRuns), st.integers(0, 40 * HOUR),
)  # fmt: skip
def test_each_moment_is_decided_once(expression, after, span, missed, within):
    trigger, begin, now = cron(expression), T0 + after, T0 + after + span
    verdict = decide(trigger, begin, now, Policy(missed, within))
    due = list(takewhile(lambda moment: moment <= now, trigger.moments(begin)))
    assert len(verdict.fire) + verdict.passed_over == len(due)
    assert set(verdict.fire) <= set(due)
    assert set(verdict.fire) >= {moment for moment in due if now - moment <= ON_TIME_MS}
    assert list(verdict.fire) == sorted(verdict.fire)


def test_a_year_of_every_minute_is_decided_quickly():
    every_minute = {"hours": list(range(24)), "minutes": list(range(60))}
    given_ = {"type": "recurrence", "frequency": "day", "interval": 1, "schedule": every_minute}
    trigger, begin = read_trigger(given_, T0 - 400 * DAY), time.perf_counter()
    verdict = decide(trigger, T0 - 365 * DAY, T0 + 70_000, Policy())
    assert time.perf_counter() - begin < 5
    assert verdict.fire == (T0 + MINUTE,)
    assert verdict.passed_over >= MOST_COUNTED
