"""Recurrences against a scan of every minute."""
# ruff: noqa: DTZ001 - wall times have no zone

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from lapisml.core.schedules.recurrence import Pattern, RecurrenceRule
from lapisml.core.schedules.walls import wall_at
from tests.unit.schedules.scanning import recurrence_holds, scan, utc

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC"]
WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def firings(rule: RecurrenceRule, after: datetime, until: datetime) -> list[datetime]:
    found, at = [], after
    while (at := rule.after(at)) is not None and at <= until:
        found.append(at)
    return found


some = {"min_size": 1, "max_size": 3, "unique": True}
starts = st.datetimes(datetime(2025, 9, 1), datetime(2026, 12, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(second=0, microsecond=0)
)


@st.composite
def patterned(draw):
    frequency = draw(st.sampled_from(["day", "week", "month"]))
    hours = draw(st.lists(st.integers(0, 23), **some))
    minutes = draw(st.lists(st.integers(0, 59), **some))
    week_days = draw(st.lists(st.sampled_from(WEEK), **some) | st.none()) if frequency != "day" else None
    days = st.lists(st.integers(1, 31) | st.integers(-3, -1), **some)
    month_days = draw(days | st.none()) if frequency == "month" else None
    return frequency, draw(st.integers(1, 4)), hours, minutes, week_days, month_days


@settings(max_examples=60, deadline=None)
@given(patterned(), st.sampled_from(ZONES), starts, st.integers(-2, 45))
def test_a_pattern_fires_when_a_scan_says(given_pattern, name, start, days):
    frequency, interval, hours, minutes, week_days, month_days = given_pattern
    zone, after = ZoneInfo(name), start + timedelta(days=days)
    until = after + timedelta(days=4)
    pattern = Pattern(tuple(hours), tuple(minutes), tuple(week_days or ()), tuple(month_days or ()))
    rule = RecurrenceRule(frequency, interval, start, zone, pattern)
    holds = recurrence_holds(frequency, interval, wall_at(start, zone), hours, minutes, week_days, month_days)
    expected = [at for at in scan(holds, zone, after, until) if at >= start]
    assert firings(rule, after, until) == expected


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(["day", "week", "month"]), st.integers(1, 3), st.sampled_from(ZONES), starts, st.integers(0, 60))
def test_without_a_pattern_the_start_comes_again_at_its_wall_time(frequency, interval, name, start, days):
    zone, after = ZoneInfo(name), start + timedelta(days=days)
    until, begin = after + timedelta(days=5), wall_at(start, zone)
    holds = recurrence_holds(frequency, interval, begin, [begin.hour], [begin.minute])
    expected = [at for at in scan(holds, zone, after, until) if at > start]
    assert firings(RecurrenceRule(frequency, interval, start, zone), after, until) == expected


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["minute", "hour"]), st.integers(1, 100), starts, st.integers(-(10**6), 10**8))
def test_minutes_and_hours_are_passing_time(frequency, interval, start, seconds):
    step = timedelta(**{f"{frequency}s": interval})
    after = start + timedelta(seconds=seconds)
    found = RecurrenceRule(frequency, interval, start, BERLIN).after(after)
    assert found is not None
    assert found > after
    assert found == start or found - step <= after
    assert (found - start) % step == timedelta(0)


def test_months_that_are_too_short_fire_on_their_last_day():
    rule = RecurrenceRule("month", 1, utc("2026-01-31T09:00"), ZoneInfo("UTC"))
    days = [at.strftime("%m-%d") for at in firings(rule, utc("2026-01-01T00:00"), utc("2026-06-01T00:00"))]
    assert days == ["01-31", "02-28", "03-31", "04-30", "05-31"]


def test_a_day_that_is_asked_for_fires_only_where_it_is():
    rule = RecurrenceRule("month", 1, utc("2026-01-01T00:00"), ZoneInfo("UTC"), Pattern((9,), (0,), (), (31, -1)))
    days = [at.strftime("%m-%d") for at in firings(rule, utc("2026-01-01T00:00"), utc("2026-05-01T00:00"))]
    assert days == ["01-31", "02-28", "03-31", "04-30"]


def test_friday_the_thirteenth():
    rule = RecurrenceRule("month", 1, utc("2026-01-01T00:00"), ZoneInfo("UTC"), Pattern((9,), (0,), ("friday",), (13,)))
    days = [at.strftime("%m-%d") for at in firings(rule, utc("2026-01-01T00:00"), utc("2026-12-31T00:00"))]
    assert days == ["02-13", "03-13", "11-13"]


def test_a_start_long_ago_costs_nothing():
    rule = RecurrenceRule("day", 3, utc("1975-01-01T10:00"), BERLIN, Pattern((10,), (0,)))
    found = rule.after(utc("2026-07-01T00:00"))
    assert found is not None
    assert (wall_at(found, BERLIN).date() - datetime(1975, 1, 1).date()).days % 3 == 0


def test_a_start_that_is_skipped_fires_at_the_jump():
    rule = RecurrenceRule("day", 1, utc("2026-03-27T01:30"), BERLIN)
    found = firings(rule, utc("2026-03-28T12:00"), utc("2026-03-30T12:00"))
    assert [at.astimezone(BERLIN).strftime("%d %H:%M") for at in found] == ["29 03:00", "30 02:30"]


def test_a_week_begins_on_monday():
    pattern = Pattern((9,), (0,), ("sunday", "monday"))
    rule = RecurrenceRule("week", 2, utc("2026-05-06T00:00"), ZoneInfo("UTC"), pattern)
    days = [at.strftime("%m-%d") for at in firings(rule, utc("2026-05-01T00:00"), utc("2026-06-05T00:00"))]
    assert days == ["05-10", "05-18", "05-24", "06-01"]
