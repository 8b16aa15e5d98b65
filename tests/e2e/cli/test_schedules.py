"""Schedules as the public examples use them: through the command line, and as a notebook does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lapisml import ErrorCode, LapisError, MLClient, command, load_job, load_schedule
from lapisml.constants import TimeZone
from lapisml.entities import CronTrigger, Environment, JobSchedule, RecurrencePattern, RecurrenceTrigger
from tests.e2e.cli.conftest import Lapis
from tests.support.polling import eventually
from tests.support.server import LapisServer

Write = Callable[[str, str], Path]

PIPELINE = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
name: simple-pipeline-job
inputs:
  hello_string_top_level_input: hello world
jobs:
  a:
    type: command
    code: ./src
    command: python say.py ${{inputs.hello_string}}
    environment: {image: python}
    inputs:
      hello_string: ${{parent.inputs.hello_string_top_level_input}}
"""
CRON = """
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: simple_cron_job_schedule
display_name: Simple cron job schedule
description: a simple hourly cron job schedule

trigger:
  type: cron
  expression: "0 * * * *"
  start_time: "2022-07-10T10:00:00" # optional - default will be schedule creation time
  time_zone: "Pacific Standard Time" # optional - default will be UTC

create_job: jobs/pipeline.yml
"""
WITH_SETTINGS = """
$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: cron_with_settings
trigger:
  type: cron
  expression: "0 * * * *"
  time_zone: UTC
create_job:
  type: pipeline
  job: jobs/pipeline.yml
  settings:
    continue_on_step_failure: true
  inputs:
    hello_string_top_level_input: ${{creation_context.trigger_time}}
  tags:
    schedule: cron_with_settings_schedule
"""
RECURRENCE = """
name: simple_recurrence
trigger:
  type: recurrence
  frequency: day
  interval: 1
  schedule:
    hours: [4,5,10,11,12]
    minutes: [0,10,20,30]
  start_time: "2022-07-10T10:00:00"
  time_zone: "Pacific Standard Time"
create_job:
  type: command
  command: echo hello
  environment: {image: python}
"""


@pytest.fixture
def examples(write: Write) -> None:
    write("jobs/pipeline.yml", PIPELINE)
    write("jobs/src/say.py", "import sys; print('hello', *sys.argv[1:])")
    write("cron.yml", CRON)
    write("settings.yml", WITH_SETTINGS)
    write("recurrence.yml", RECURRENCE)


def as_json(done: Any) -> Any:
    return json.loads(done.stdout)


@pytest.mark.usefixtures("examples")
def test_the_life_of_a_schedule(lapis: Lapis, write: Write) -> None:
    made = as_json(lapis("schedule create --file cron.yml --no-wait"))
    assert (made["is_enabled"], made["provisioning_state"]) == (True, "Succeeded")
    assert made["create_job"]["jobs"]["a"]["code"].startswith("azureml://codes/")
    assert len(made["next_fire_times"]) == 5
    name = "simple_cron_job_schedule"
    assert name in lapis("schedule list -o table").stdout
    lapis("schedule update -n", name, "--set", "description=new description", "--no-wait")
    shown = as_json(lapis("schedule show -n", name))
    assert (shown["description"], shown["trigger"]["expression"]) == ("new description", "0 * * * *")
    changed = as_json(lapis("schedule update -n", name, "--set", "trigger.expression=10 10 * * 1"))
    assert changed["next_fire_times"][0][14:16] == "10"
    refused = lapis("schedule delete -n", name, code=1)
    assert f"lapis schedule disable -n {name}" in refused.stderr
    assert as_json(lapis("schedule disable --no-wait -n", name))["is_enabled"] is False
    assert name not in lapis("schedule list --query [].name -o tsv").stdout
    assert lapis("schedule list --disabled-only --query [].name -o tsv").stdout.split() == [name]
    assert as_json(lapis("schedule enable --no-wait -n", name))["is_enabled"] is True
    assert as_json(lapis("schedule update --set is_enabled=False -n", name))["is_enabled"] is False
    write("shown.yml", lapis("schedule show -o yaml -n", name).stdout)
    lapis("schedule create -o none -f shown.yml")
    lapis("schedule delete -n", name)
    lapis("schedule show -n", name, code=1)


@pytest.mark.usefixtures("examples")
def test_a_triggered_job_names_its_schedule_and_runs(lapis: Lapis) -> None:
    lapis("schedule create -f settings.yml")
    job = as_json(lapis("schedule trigger -n cron_with_settings"))
    assert job["job_name"] == job["name"]
    assert job["schedule_action_type"] == "CreateJob"
    assert job["display_name"].startswith("cron_with_settings-20")
    assert job["tags"]["schedule"] == "cron_with_settings_schedule"
    assert job["properties"]["azureml.scheduleTrigger.scheduleName"] == "cron_with_settings"
    assert job["experiment_name"] == "cron_with_settings"
    assert job["settings"] == {"continue_on_step_failure": True}
    time = job["inputs"]["hello_string_top_level_input"]
    assert datetime.fromisoformat(time).strftime("cron_with_settings-%Y%m%dT%H%M%SZ") == job["display_name"]
    lapis("job stream -n", job["name"], timeout=120)
    query = "[?contains(display_name,'cron_with_settings')].[name, status]"
    assert lapis("job list -o tsv --query", query).stdout.split() == [job["name"], "Completed"]
    step = as_json(lapis("job list --parent-job-name", job["name"]))[0]
    assert f"hello {time}" in lapis("job stream -n", step["name"]).stdout
    shown = as_json(lapis("schedule show -n cron_with_settings"))
    assert [(f["state"], f["job_name"]) for f in shown["last_firings"]] == [("Submitted", job["name"])]
    again = as_json(lapis("schedule create -f recurrence.yml --set create_job=azureml:" + job["name"]))
    assert again["create_job"] == "azureml:" + job["name"]


@pytest.mark.usefixtures("examples")
def test_faults_are_shown_with_their_place(lapis: Lapis, write: Write) -> None:
    write("bad.yml", CRON.replace("Pacific", "Pacfic").replace("0 * * * *", "0 99 * * *"))
    shown = lapis("schedule create -f bad.yml", code=1).stderr
    assert "bad.yml:9:15: trigger.expression: bad hour" in shown
    assert "bad.yml:11:14: trigger.time_zone" in shown
    assert "did you mean `Pacific Standard Time`?" in shown
    write("jobs/pipeline.yml", PIPELINE.replace("code: ./src", "compute: azureml:gone"))
    shown = lapis("schedule create -f cron.yml", code=1).stderr
    assert "jobs/pipeline.yml:10:14" in shown
    assert "there is no compute 'gone'" in shown


@pytest.fixture
def ml_client(server: LapisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MLClient:
    monkeypatch.chdir(tmp_path)
    return MLClient(server.token, "subscription", "group", "default", url=server.url)


def test_a_schedule_from_python_fires(ml_client: MLClient) -> None:
    inputs = {"when": "${{creation_context.trigger_time}}"}
    job = command(command="echo ${{inputs.when}}", inputs=inputs, environment=Environment(image="python"))
    trigger = RecurrenceTrigger(frequency="hour", interval=1)
    made = ml_client.schedules.begin_create_or_update(JobSchedule(name="py", trigger=trigger, create_job=job)).result()
    assert made.is_enabled is True
    assert made.provisioning_state == "Succeeded"
    done = eventually(lambda: [j for j in ml_client.jobs.list(experiment_name="py") if j.status == "Completed"], 30)
    assert len(done) == 1
    result = ml_client.schedules.trigger("py")
    assert ml_client.jobs.get(result.job_name).display_name.startswith("py-")
    disabled = ml_client.schedules.begin_disable(name="py").result()
    assert disabled.is_enabled is False
    assert "py" not in [s.name for s in ml_client.schedules.list()]
    assert "py" in [s.name for s in ml_client.schedules.list(list_view_type="All")]
    assert [f.state for f in ml_client.schedules.firings("py")] == ["Submitted", "Submitted"]
    assert ml_client.schedules.begin_enable("py").result().is_enabled is True
    with pytest.raises(LapisError) as refused:
        ml_client.schedules.begin_delete(name="py")
    assert refused.value.code is ErrorCode.CONFLICT
    ml_client.schedules.begin_disable("py")
    ml_client.schedules.begin_delete(name="py").result()
    with pytest.raises(LapisError):
        ml_client.schedules.get("py")


@pytest.mark.usefixtures("examples")
def test_triggers_and_jobs_of_files_from_python(ml_client: MLClient, tmp_path: Path) -> None:
    start = datetime(2030, 1, 1, 10, 0, 0)  # noqa: DTZ001 - of the trigger's zone
    trigger = RecurrenceTrigger(
        frequency="week",
        interval=1,
        schedule=RecurrencePattern(hours=10, minutes=[0, 1], week_days=["monday"]),
        start_time=start,
        time_zone=TimeZone.PACIFIC_STANDARD_TIME,
    )
    job = load_job(tmp_path / "jobs" / "pipeline.yml")
    schedule = JobSchedule(name="files", trigger=trigger, create_job=job, tags={"a": "b"})
    made = ml_client.begin_create_or_update(schedule).result()
    assert made.trigger.start_time == "2030-01-01T10:00:00"
    assert made.next_fire_times[:2] == ["2030-01-07T18:00:00.000000+00:00", "2030-01-07T18:01:00.000000+00:00"]
    made.description = "weekly"
    made.trigger = CronTrigger(expression="15 10 * * 1", time_zone="Europe/Berlin", start_time="2030-06-01T00:00:00")
    changed = ml_client.schedules.begin_create_or_update(made).result()
    assert (changed.description, changed.tags) == ("weekly", {"a": "b"})
    assert changed.next_fire_times[0] == "2030-06-03T08:15:00.000000+00:00"


@pytest.mark.usefixtures("examples")
def test_a_file_with_the_file_of_its_job(ml_client: MLClient, tmp_path: Path) -> None:
    schedule = load_schedule(tmp_path / "cron.yml", params_override=[{"name": "loaded"}])
    made = ml_client.schedules.begin_create_or_update(schedule=schedule).result()
    assert made.create_job.type == "pipeline"
    assert made.display_name == "Simple cron job schedule"
    existing = ml_client.schedules.trigger("loaded")
    again = JobSchedule(name="again", trigger=CronTrigger(expression="0 0 * * *"), create_job=existing.job_name)
    with pytest.raises(LapisError):
        ml_client.schedules.begin_create_or_update(again)
    again = JobSchedule(
        name="again", trigger=CronTrigger(expression="0 0 * * *"), create_job=ml_client.jobs.get(existing.job_name)
    )
    assert ml_client.schedules.begin_create_or_update(again).result().create_job == f"azureml:{existing.job_name}"
