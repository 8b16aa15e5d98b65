"""Cron expressions against a scan of every minute, over every kind of clock change."""
# ruff: noqa: DTZ001 - wall times have no zone

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lapisml.core.schedules.cron import CronError, CronRule
from tests.unit.schedules.scanning import cron_holds, scan, utc

CHANGES = {
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],  # half an hour
    "America/Santiago": ["2026-04-05T03:00", "2026-09-06T04:00"],  # at midnight
    "Africa/Casablanca": ["2026-02-15T02:00", "2026-03-22T02:00"],  # backwards for Ramadan
    "Pacific/Apia": ["2011-12-30T10:00"],  # a whole day left out
    "Asia/Kolkata": ["2026-05-01T00:00"],
    "UTC": ["2026-02-28T23:00"],
}


def firings(expression: str, zone: str, after: datetime, until: datetime) -> list[datetime]:
    rule, found, at = CronRule(expression, ZoneInfo(zone)), [], after
    while (at := rule.after(at)) is not None and at <= until:
        found.append(at)
    return found


def local(found: list[datetime], zone: str) -> list[str]:
    return [at.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z") for at in found]


field = {
    "minute": st.sampled_from(["*", "*/7", "0", "30", "15,45", "0-29/10", "59", "5/20"]),
    "hour": st.sampled_from(["*", "*/2", "*/3", "0", "1", "2", "3", "1,2", "0-23", "2-4", "23", "22/1"]),
    "day": st.sampled_from(["*", "*/2", "1", "28-31", "5,25,29", "8"]),
    "month": st.sampled_from(["*", "*", "*/2", "3,10,11", "4-9"]),
    "week_day": st.sampled_from(["*", "*", "0", "7", "1-5", "6", "0,3"]),
}
expressions = st.tuples(*field.values()).map(" ".join)
places = st.sampled_from([(zone, change) for zone, changes in CHANGES.items() for change in changes])


@settings(max_examples=120, deadline=None)
@given(expressions, places, st.integers(-1600, 200), st.integers(0, 59))
def test_every_firing_around_a_clock_change_is_that_of_a_scan(expression, place, minutes, seconds):
    zone, change = place
    after = utc(change) + timedelta(minutes=minutes, seconds=seconds)
    until = after + timedelta(days=2)
    every_hour = {at.hour for at in (datetime(2026, 1, 1, h) for h in range(24))} == _hours(expression)
    expected = scan(cron_holds(expression), ZoneInfo(zone), after, until, every_hour)
    assert firings(expression, zone, after, until) == expected


def _hours(expression: str) -> set[int]:
    holds = cron_holds(f"0 {expression.split()[1]} * * *")
    return {hour for hour in range(24) if holds(datetime(2026, 1, 1, hour))}


@settings(max_examples=100, deadline=None)
@given(expressions, st.sampled_from(list(CHANGES)), st.integers(0, 10**9))
def test_firings_only_go_forward_and_do_not_depend_on_where_one_asks(expression, zone, second):
    rule = CronRule(expression, ZoneInfo(zone))
    at = utc("2010-01-01T00:00") + timedelta(seconds=second)
    found = [at]
    for _ in range(4):
        found.append(rule.after(found[-1]))
    for one, following in pairwise(found):
        assert following > one
        assert rule.after(following - timedelta(seconds=1)) == following
        assert rule.after(one + (following - one) / 2) == following


def test_a_skipped_time_fires_once_at_the_jump():
    found = firings("10,30 2 * * *", "Europe/Berlin", utc("2026-03-28T00:00"), utc("2026-03-30T23:00"))
    assert local(found, "Europe/Berlin") == [
        "28 02:10+0100", "28 02:30+0100", "29 03:00+0200", "30 02:10+0200", "30 02:30+0200",
    ]  # fmt: skip


def test_a_time_that_comes_twice_fires_in_the_first_pass():
    found = firings("30 2 * * *", "Europe/Berlin", utc("2026-10-24T12:00"), utc("2026-10-26T12:00"))
    assert local(found, "Europe/Berlin") == ["25 02:30+0200", "26 02:30+0100"]


def test_every_hour_is_passing_time():
    found = firings("0 * * * *", "Europe/Berlin", utc("2026-10-24T22:30"), utc("2026-10-25T02:30"))
    assert local(found, "Europe/Berlin") == ["25 01:00+0200", "25 02:00+0200", "25 02:00+0100", "25 03:00+0100"]
    found = firings("0 0-23 * * *", "Europe/Berlin", utc("2026-03-28T23:30"), utc("2026-03-29T02:30"))
    assert local(found, "Europe/Berlin") == ["29 01:00+0100", "29 03:00+0200", "29 04:00+0200"]


def test_a_leap_day_is_found():
    rule = CronRule("0 12 29 2 *", ZoneInfo("UTC"))
    assert rule.after(utc("2026-01-01T00:00")) == utc("2028-02-29T12:00")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("61 * * * *", "bad minute"),
        ("* * * *", "five fields"),
        ("0 0 0 * * *", "five fields"),
        ("* 24 * * *", "bad hour"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 0 * * MOO", "bad day-of-week"),
        ("*/0 * * * *", "bad minute"),
        ("", "five fields"),
    ],
)
def test_what_is_no_expression_is_refused(expression, reason):
    with pytest.raises(CronError, match=reason):
        CronRule(expression, ZoneInfo("UTC"))
