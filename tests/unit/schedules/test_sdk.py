"""Schedules as programs write them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lapisml import LapisError, command, load_schedule
from lapisml.constants import TimeZone
from lapisml.core.schedules.zones import zone
from lapisml.entities import CronTrigger, Environment, JobSchedule, RecurrencePattern, RecurrenceTrigger


def test_time_zones_have_the_names_of_azure() -> None:
    assert TimeZone.PACIFIC_STANDARD_TIME == "Pacific Standard Time"
    assert TimeZone.PACIFIC_STANDARD_TIME_MEXICO == "Pacific Standard Time (Mexico)"
    assert (TimeZone.UTC, TimeZone.UTC_12, TimeZone.UTC_02) == ("UTC", "UTC+12", "UTC-02")
    assert TimeZone.E_AUSTRALIAN_STANDARD_TIME == "E. Australia Standard Time"
    assert all(zone(each.value) for each in TimeZone)


def test_triggers_become_what_documents_have() -> None:
    start = datetime(2026, 5, 1, 10, tzinfo=UTC)
    cron = CronTrigger(expression="0 1 * * *", start_time=start, time_zone=TimeZone.TOKYO_STANDARD_TIME)
    schedule = JobSchedule(name="s", trigger=cron, create_job="azureml:mine")
    assert schedule.to_dict()["trigger"] == {
        "type": "cron",
        "expression": "0 1 * * *",
        "start_time": "2026-05-01T10:00:00+00:00",
        "time_zone": "Tokyo Standard Time",
    }
    pattern = RecurrencePattern(hours=[1, 2], minutes=0, week_days="monday")
    schedule.trigger = RecurrenceTrigger(frequency="week", interval=2, schedule=pattern)
    assert schedule.to_dict()["trigger"]["schedule"] == {"hours": [1, 2], "minutes": [0], "week_days": ["monday"]}


def test_a_job_made_here_keeps_the_place_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path)
    job = command(command="true", code="./src", environment=Environment(image="python"))
    schedule = JobSchedule(name="s", trigger=CronTrigger(expression="0 1 * * *"), create_job=job)
    monkeypatch.chdir("/")
    assert schedule.to_dict()["create_job"]["code"] == str(tmp_path / "src")


def test_faults_are_told() -> None:
    with pytest.raises(LapisError, match="trigger"):
        JobSchedule(name="s", create_job="azureml:mine")
    with pytest.raises(LapisError, match=r"create_monitor|monitors"):
        JobSchedule(name="s", trigger=CronTrigger(expression="0 1 * * *"), create_monitor={})


def test_faults_of_triggers_are_told() -> None:
    with pytest.raises(LapisError, match="expression"):
        CronTrigger(expression="0 1 * *")
    with pytest.raises(LapisError, match="fortnight"):
        RecurrenceTrigger(frequency="fortnight", interval=1)
    with pytest.raises(LapisError, match="hours"):
        RecurrencePattern(hours=24, minutes=0)


def test_a_file_is_read_with_changes(tmp_path: Path) -> None:
    path = tmp_path / "s.yml"
    path.write_text("name: s\ntrigger: {type: cron, expression: 0 1 * * *}\ncreate_job: azureml:mine\n")
    changed = load_schedule(path, params_override=[{"trigger.expression": "5 1 * * *"}, {"name": "t"}])
    assert (changed.name, changed.trigger.expression) == ("t", "5 1 * * *")
