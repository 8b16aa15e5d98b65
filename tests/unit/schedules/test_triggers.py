"""Reading triggers: zones, bounds, and what is wrong with them."""
# ruff: noqa: DTZ001 - wall times have no zone

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lapisml.core.errors import LapisError
from lapisml.core.schedules.trigger import read_trigger
from lapisml.core.schedules.zones import UnknownZoneError, zone

WINDOWS = (
    """
Dateline Standard Time|UTC-11|Aleutian Standard Time|Hawaiian Standard Time|Marquesas Standard Time
Alaskan Standard Time|UTC-09|Pacific Standard Time (Mexico)|UTC-08|Pacific Standard Time|US Mountain Standard Time
Mountain Standard Time (Mexico)|Mountain Standard Time|Central America Standard Time|Central Standard Time
Easter Island Standard Time|Central Standard Time (Mexico)|Canada Central Standard Time|SA Pacific Standard Time
Eastern Standard Time (Mexico)|Eastern Standard Time|Haiti Standard Time|Cuba Standard Time
US Eastern Standard Time|Paraguay Standard Time|Atlantic Standard Time|Venezuela Standard Time
Central Brazilian Standard Time|SA Western Standard Time|Pacific SA Standard Time|Turks And Caicos Standard Time
Newfoundland Standard Time|Tocantins Standard Time|E. South America Standard Time|SA Eastern Standard Time
Argentina Standard Time|Greenland Standard Time|Montevideo Standard Time|Saint Pierre Standard Time
Bahia Standard Time|UTC-02|Mid-Atlantic Standard Time|Azores Standard Time|Cape Verde Standard Time|UTC
Morocco Standard Time|GMT Standard Time|Greenwich Standard Time|W. Europe Standard Time
Central Europe Standard Time|Romance Standard Time|Central European Standard Time|W. Central Africa Standard Time
Namibia Standard Time|Jordan Standard Time|GTB Standard Time|Middle East Standard Time|Egypt Standard Time
E. Europe Standard Time|Syria Standard Time|West Bank Standard Time|South Africa Standard Time
FLE Standard Time|Turkey Standard Time|Israel Standard Time|Kaliningrad Standard Time|Libya Standard Time
Arabic Standard Time|Arab Standard Time|Belarus Standard Time|Russian Standard Time|E. Africa Standard Time
Iran Standard Time|Arabian Standard Time|Astrakhan Standard Time|Azerbaijan Standard Time|Russia Time Zone 3
Mauritius Standard Time|Georgian Standard Time|Caucasus Standard Time|Afghanistan Standard Time
West Asia Standard Time|Ekaterinburg Standard Time|Pakistan Standard Time|India Standard Time
Sri Lanka Standard Time|Nepal Standard Time|Central Asia Standard Time|Bangladesh Standard Time
N. Central Asia Standard Time|Myanmar Standard Time|SE Asia Standard Time|Altai Standard Time
W. Mongolia Standard Time|North Asia Standard Time|Tomsk Standard Time|China Standard Time
North Asia East Standard Time|Singapore Standard Time|W. Australia Standard Time|Taipei Standard Time
Ulaanbaatar Standard Time|North Korea Standard Time|Aus Central W. Standard Time|Transbaikal Standard Time
Tokyo Standard Time|Korea Standard Time|Yakutsk Standard Time|Cen. Australia Standard Time
AUS Central Standard Time|E. Australia Standard Time|AUS Eastern Standard Time|West Pacific Standard Time
Tasmania Standard Time|Vladivostok Standard Time|Lord Howe Standard Time|Bougainville Standard Time
Russia Time Zone 10|Magadan Standard Time|Norfolk Standard Time|Sakhalin Standard Time
Central Pacific Standard Time|Russia Time Zone 11|New Zealand Standard Time|UTC+12|Fiji Standard Time
Kamchatka Standard Time|Chatham Islands Standard Time|Tonga Standard Time|Samoa Standard Time
Line Islands Standard Time
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
"""The zones that azure.ai.ml names in its constants."""


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def shown(moments: list[int]) -> list[str]:
    return [datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") for moment in moments]


CRON = {"type": "cron", "expression": "0 10 * * *"}
DAILY = {"type": "recurrence", "frequency": "day", "interval": 1}
NOW = at("2026-05-04T12:00")


@pytest.mark.parametrize("name", WINDOWS)
def test_every_zone_of_azure_is_known(name):
    assert zone(name).utcoffset(datetime(2026, 1, 1)) is not None


def test_zones_go_by_iana_and_windows_names():
    assert zone("Pacific Standard Time").key == "America/Los_Angeles"
    assert zone(" w. europe standard time ").key == "Europe/Berlin"
    assert zone("Asia/Kolkata").key == "Asia/Kolkata"
    assert zone(None).key in ("UTC", "Etc/UTC")


@pytest.mark.parametrize(
    "name", ["America", "../etc/passwd", "/etc/localtime", "Mars/Olympus", "", "x\x00y", "a" * 999]
)
def test_other_names_are_refused(name):
    if not name:
        pytest.skip("an empty name is no name") if False else None
        assert zone(name).utcoffset(None) is None or zone(name).key.endswith("UTC")
        return
    with pytest.raises(UnknownZoneError):
        zone(name)


def test_the_nearest_zone_is_named():
    with pytest.raises(UnknownZoneError) as caught:
        zone("Europe/Berlim")
    assert caught.value.suggestion == "Europe/Berlin"


def test_a_start_without_offset_is_of_the_zone():
    given_ = {**CRON, "start_time": "2026-07-10T10:00:00", "time_zone": "Pacific Standard Time"}
    assert shown(read_trigger(given_, NOW).upcoming(NOW, 2)) == ["2026-07-10T17:00:00", "2026-07-11T17:00:00"]
    given_["start_time"] = "2026-07-10T10:00:01-07:00"
    assert shown(read_trigger(given_, NOW).upcoming(NOW, 1)) == ["2026-07-11T17:00:00"]


def test_a_start_in_the_past_waits_for_the_next_time():
    given_ = {**DAILY, "interval": 2, "start_time": "2026-05-01T06:00:00"}
    assert shown(read_trigger(given_, NOW).upcoming(NOW, 2)) == ["2026-05-05T06:00:00", "2026-05-07T06:00:00"]


def test_without_a_start_a_recurrence_begins_at_once():
    trigger = read_trigger(DAILY, NOW)
    assert trigger.upcoming(NOW - 1, 2) == [NOW, NOW + 86_400_000]


def test_without_a_start_cron_and_patterns_wait_for_their_time():
    patterned = {**DAILY, "schedule": {"hours": 10, "minutes": [0, 30]}}
    assert shown(read_trigger(CRON, NOW).upcoming(NOW - 1, 1)) == ["2026-05-05T10:00:00"]
    assert shown(read_trigger(patterned, NOW).upcoming(NOW - 1, 2)) == ["2026-05-05T10:00:00", "2026-05-05T10:30:00"]


def test_the_end_is_the_last_moment():
    given_ = {**CRON, "end_time": "2026-05-06T10:00:00"}
    assert shown(read_trigger(given_, NOW).upcoming(NOW, 9)) == ["2026-05-05T10:00:00", "2026-05-06T10:00:00"]
    given_["end_time"] = "2026-05-06T09:59:59"
    assert shown(read_trigger(given_, NOW).upcoming(NOW, 9)) == ["2026-05-05T10:00:00"]


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"time_zone": "Pacfic Standard Time"}, "trigger.time_zone", "Pacific Standard Time"),
        ({"expression": "0 25 * * *"}, "trigger.expression", "hour"),
        ({"start_time": "soon"}, "trigger.start_time", "not a time"),
        ({"start_time": "2026-05-02", "end_time": "2026-05-01"}, "trigger.end_time", "before start_time"),
        ({"start_time": "0001-01-01T00:00:00", "time_zone": "Asia/Tokyo"}, "trigger.start_time", "not a time"),
    ],
)
def test_faults_have_a_place(change, path, words):
    with pytest.raises(LapisError) as caught:
        read_trigger({**CRON, **change}, NOW)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert words in caught.value.problems[0].render()


def test_a_recurrence_that_never_comes_is_refused():
    pattern = {"hours": [1], "minutes": [1], "month_days": [30]}
    given_ = {"type": "recurrence", "frequency": "month", "interval": 12, "schedule": pattern}
    with pytest.raises(LapisError, match="not valid"):
        read_trigger({**given_, "start_time": "2026-02-01"}, NOW)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 4_000_000_000_000), st.sampled_from([CRON, DAILY, {**CRON, "time_zone": "Asia/Kolkata"}]))
def test_moments_are_in_order_and_within_the_bounds(moment, document):
    given_ = {**document, "start_time": "2030-01-01T00:00", "end_time": "2031-01-01T00:00"}
    trigger = read_trigger(given_, NOW)
    found = trigger.upcoming(moment, 3)
    assert all(one < two for one, two in pairwise([moment, *found]))
    assert all(trigger.start <= one <= trigger.end for one in found)


@pytest.mark.parametrize(
    "change",
    [
        {"interval": 10**18, "frequency": "minute"},
        {"interval": 10**12},
        {"interval": 10**9, "frequency": "month"},
        {"start_time": "9999-12-31"},
        {"start_time": "9998-12-31", "frequency": "month"},
    ],
)
def test_the_end_of_the_calendar_is_an_end(change):
    assert len(_upcoming({**DAILY, **change})) < 3


def _upcoming(document) -> list[int]:
    try:
        return read_trigger(document, NOW).upcoming(NOW, 3)
    except LapisError as refused:
        return [] if "no date fits" in refused.problems[0].message else [1, 2, 3]
