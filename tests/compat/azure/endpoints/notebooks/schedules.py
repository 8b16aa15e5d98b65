"""Schedules of a pipeline job, in the way that notebooks show it."""
# ruff: noqa: PT017, PT018, DTZ001 - written as a notebook is, where there is no pytest

import os
from datetime import datetime

from azure.ai.ml import Input, MLClient, command, dsl
from azure.ai.ml.constants import TimeZone
from azure.ai.ml.entities import (
    AlertNotification,
    BaselineDataRange,
    CronTrigger,
    DataDriftMetricThreshold,
    DataDriftSignal,
    Environment,
    JobSchedule,
    MonitorDefinition,
    MonitorFeatureFilter,
    MonitorSchedule,
    NumericalDriftMetrics,
    ProductionData,
    RecurrencePattern,
    RecurrenceTrigger,
    ReferenceData,
    ServerlessSparkCompute,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

ml_client = MLClient(
    DefaultAzureCredential(),
    os.environ["SUBSCRIPTION_ID"],
    os.environ["RESOURCE_GROUP"],
    os.environ["WORKSPACE_NAME"],
)
ENVIRONMENT = Environment(conda_file="conda.yml", image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest")


@dsl.pipeline(description="says it", tags={"Owner-Of": "it"})
def speaking(word: str):
    command(
        name="say",
        command="echo ${{inputs.word}}",
        environment=ENVIRONMENT,
        inputs={"word": Input(type="string")},
    )(word=word)


pipeline_job = speaking(word="good morning")
pipeline_job.experiment_name = "mornings"
pipeline_job.settings.default_compute = "serverless"

# a recurrence
trigger = RecurrenceTrigger(
    frequency="day",
    interval=1,
    schedule=RecurrencePattern(hours=10, minutes=[0, 1]),
    start_time=datetime(2036, 1, 1),
    time_zone=TimeZone.UTC,
)
schedule = JobSchedule(
    name="daily", trigger=trigger, create_job=pipeline_job, display_name="Each day", tags={"A-b": "C"}
)
schedule = ml_client.schedules.begin_create_or_update(schedule=schedule).result()
assert schedule.is_enabled is True and schedule.provisioning_state == "Succeeded", schedule
assert schedule.display_name == "Each day" and schedule.tags == {"A-b": "C"}
assert (schedule.trigger.frequency, schedule.trigger.schedule.hours) == ("day", [10]), schedule.trigger.schedule
assert schedule.create_job.type == "pipeline" and "say" in schedule.create_job.jobs, schedule.create_job

# a cron trigger beside it
cron = CronTrigger(expression="15 10 * * 1", time_zone="Eastern Standard Time")
again = JobSchedule(name="weekly", trigger=cron, create_job=pipeline_job)
ml_client.schedules.begin_create_or_update(again).result()
assert ml_client.schedules.get("weekly").trigger.expression == "15 10 * * 1"
assert {one.name for one in ml_client.schedules.list()} == {"daily", "weekly"}

# off, on, now
off = ml_client.schedules.begin_disable(name="weekly").result()
assert off.is_enabled is False
assert {one.name for one in ml_client.schedules.list()} == {"daily"}
assert {one.name for one in ml_client.schedules.list(list_view_type="ALL")} == {"daily", "weekly"}
on = ml_client.schedules.begin_enable(name="weekly").result()
assert on.is_enabled is True and on.trigger.time_zone == "Eastern Standard Time"
started = ml_client.schedules.trigger("daily")
ml_client.jobs.stream(started.job_name)
job = ml_client.jobs.get(started.job_name)
assert job.status == "Completed" and job.experiment_name == "mornings", (job.status, job.experiment_name)

# an expression that is none, and a schedule that is not there
try:
    bad = JobSchedule(name="bad", trigger=CronTrigger(expression="99 * * * *"), create_job=pipeline_job)
    ml_client.schedules.begin_create_or_update(bad).result()
    raise AssertionError("minute 99 was taken")
except HttpResponseError as error:
    assert error.status_code == 400 and "trigger.expression" in str(error), error
try:
    ml_client.schedules.get("bad")
    raise AssertionError("a schedule that was refused is there")
except ResourceNotFoundError:
    pass

# a monitor, which does not run here, is kept and shown
collected = Input(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/collected/")
signal = DataDriftSignal(
    production_data=ProductionData(
        input_data=collected,
        data_context="model_inputs",
        data_window=BaselineDataRange(lookback_window_size="P1D", lookback_window_offset="P0D"),
    ),
    reference_data=ReferenceData(input_data=collected, data_context="training"),
    metric_thresholds=DataDriftMetricThreshold(numerical=NumericalDriftMetrics(jensen_shannon_distance=0.1)),
    features=MonitorFeatureFilter(top_n_feature_importance=3),
)
monitor = MonitorSchedule(
    name="watch",
    trigger=RecurrenceTrigger(frequency="day", interval=1, schedule=RecurrencePattern(hours=3, minutes=15)),
    create_monitor=MonitorDefinition(
        compute=ServerlessSparkCompute(instance_type="standard_e4s_v3", runtime_version="3.4"),
        monitoring_signals={"Drift": signal},
        alert_notification=AlertNotification(emails=["someone@example.com"]),
    ),
)
kept = ml_client.schedules.begin_create_or_update(monitor).result()
assert kept.is_enabled is False and "does not run" in kept.properties["lapis.note"], kept.properties
shown = ml_client.schedules.get("watch")
assert list(shown.create_monitor.monitoring_signals) == ["Drift"], shown.create_monitor.monitoring_signals
for refused in (ml_client.schedules.begin_enable, ml_client.schedules.trigger):
    try:
        refused("watch")
        raise AssertionError("a monitor ran")
    except HttpResponseError as error:
        assert "NotSupported" in str(error), error
ml_client.schedules.begin_delete("watch").result()

for name in ("daily", "weekly"):
    try:
        ml_client.schedules.begin_delete(name=name).result()
        raise AssertionError("an enabled schedule was deleted")
    except HttpResponseError as error:
        assert error.status_code == 409, error
    ml_client.schedules.begin_disable(name=name).result()
    ml_client.schedules.begin_delete(name=name).result()
assert list(ml_client.schedules.list(list_view_type="ALL")) == []
print("\nschedules: done")
