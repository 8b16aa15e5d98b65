"""Endpoints, deployments and schedules: what is written in ARM's form reads back as the same document."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import registry
from lapisml.server.surfaces.azure.nouns import (
    batch_deployment_form,
    batch_endpoint_form,
    online_deployment_form,
    online_endpoint_form,
    schedule_form,
)
from lapisml.server.surfaces.azure.nouns.job_components import component_of
from lapisml.server.surfaces.azure.nouns.jobs.references import References

SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
DIGEST = "ab" * 32
REFERENCES = References(SCOPE, lambda code_id: f"azureml://codes/{code_id.split('/')[-3]}")

ONLINE_DEPLOYMENTS: list[dict[str, Any]] = [
    {"type": "managed", "model": "azureml:churn:3"},
    {
        "type": "managed",
        "description": "the first",
        "tags": {"Team-Name": "risk"},
        "properties": {"someKey": "v"},
        "model": "azureml:churn:3",
        "environment": "azureml:score-env:2",
        "code_configuration": {"code": f"azureml://codes/{DIGEST}", "scoring_script": "score.py"},
        "environment_variables": {"SOME_Key": "1"},
        "instance_count": 2,
        "instance_type": "Standard_DS3_v2",
        "scale_settings": {"type": "default"},
        "request_settings": {
            "request_timeout_ms": 5500,
            "max_concurrent_requests_per_instance": 4,
            "max_queue_wait_ms": 500,
        },
        "liveness_probe": {"initial_delay": 10, "period": 90, "timeout": 2, "failure_threshold": 30},
        "readiness_probe": {"initial_delay": 3600, "success_threshold": 1},
        "app_insights_enabled": True,
        "egress_public_network_access": "disabled",
        "data_collector": {
            "collections": {"model_inputs": {"enabled": True, "sampling_rate": 0.5}, "Other": {"enabled": False}},
            "rolling_rate": "day",
            "request_logging": {"capture_headers": ["x-a"]},
        },
    },
    {
        "type": "kubernetes",
        "model": "azureml://registries/r/models/m/versions/1",
        "environment": "azureml://registries/azureml/environments/sklearn/labels/latest",
        "code_configuration": {"code": f"azureml://codes/{DIGEST}", "scoring_script": "a/score.py"},
        "scale_settings": {
            "type": "target_utilization",
            "min_instances": 0,
            "max_instances": 5,
            "polling_interval": 15,
            "target_utilization_percentage": 70,
        },
        "resources": {"requests": {"cpu": "0.5", "memory": "200Mi"}, "limits": {"cpu": "1", "gpu": "1"}},
    },
]

ONLINE_ENDPOINTS: list[dict[str, Any]] = [
    {"auth_mode": "key"},
    {
        "auth_mode": "aml_token",
        "description": "d",
        "tags": {"a": "b"},
        "properties": {"keepThis": "x"},
        "traffic": {"blue": 90, "green": 10},
        "mirror_traffic": {"red": 5},
        "compute": "azureml:k8s",
        "public_network_access": "disabled",
        "identity": {"type": "user_assigned", "user_assigned_identities": [{"resource_id": "/subscriptions/x/id"}]},
    },
    {"auth_mode": "aad_token", "location": "westeurope", "identity": {"type": "none"}},
]

BATCH_DEPLOYMENTS: list[dict[str, Any]] = [
    {"type": "model", "model": "azureml:m:1"},
    {
        "type": "model",
        "model": "azureml:m:1",
        "environment": "azureml:e@latest",
        "code_configuration": {"code": f"azureml://codes/{DIGEST}", "scoring_script": "score.py"},
        "compute": "azureml:batch-cluster",
        "resources": {"instance_count": 2, "instance_type": "big"},
        "settings": {
            "mini_batch_size": 5,
            "max_concurrency_per_instance": 2,
            "output_action": "append_row",
            "output_file_name": "scores.csv",
            "error_threshold": 3,
            "logging_level": "debug",
            "retry_settings": {"max_retries": 1, "timeout": 300},
            "environment_variables": {"A": "b"},
        },
    },
    {
        "type": "pipeline",
        "description": "d",
        "component": "azureml:prepare:1",
        "settings": {"default_compute": "azureml:c", "continue_on_step_failure": True, "force_rerun": True},
    },
]

TRIGGERS: list[dict[str, Any]] = [
    {"type": "cron", "expression": "15 10 * * 1", "time_zone": "Romance Standard Time"},
    {"type": "recurrence", "frequency": "day", "interval": 1, "start_time": "2026-01-01T00:00:00"},
    {
        "type": "recurrence",
        "frequency": "week",
        "interval": 2,
        "end_time": "2036-01-01 00:00:00",
        "time_zone": "Europe/Paris",
        "schedule": {"hours": [4, 16], "minutes": [0], "week_days": ["monday", "friday"]},
    },
    {
        "type": "recurrence",
        "frequency": "month",
        "interval": 1,
        "schedule": {"hours": [4], "minutes": [30], "month_days": [1, 15]},
    },
]

JOB = {
    "type": "command",
    "command": "echo ${{inputs.a}}",
    "environment": "azureml:e:1",
    "compute": "azureml:c",
    "inputs": {"a": "1"},
}


def _parsed(kind: str, document: dict[str, Any], **names: str) -> dict[str, Any]:
    made = registry.parse(kind, {**document, **names}).to_dict()
    return {key: value for key, value in made.items() if value not in ({}, [])}


@pytest.mark.parametrize("document", ONLINE_DEPLOYMENTS)
def test_online_deployments_read_back(document: dict[str, Any]) -> None:
    names = {"name": "blue", "endpoint_name": "e"}
    kept = _parsed("online-deployment", document, **names)
    body = {
        "properties": online_deployment_form.properties_of(kept, REFERENCES),
        "tags": kept.get("tags") or {},
        "sku": {"name": "Default", "capacity": kept.get("instance_count")},
    }
    again = _parsed("online-deployment", online_deployment_form.document_of(body, REFERENCES), **names)
    if kept.get("scale_settings") == {"type": "default"}:
        del kept["scale_settings"]  # means the same as nothing
    assert again == kept


@pytest.mark.parametrize("document", ONLINE_ENDPOINTS)
def test_online_endpoints_read_back(document: dict[str, Any]) -> None:
    kept = _parsed("online-endpoint", document, name="e")
    body = {
        **online_endpoint_form.top_of(kept, SCOPE, "e", "local"),
        "properties": online_endpoint_form.properties_of(kept, REFERENCES),
    }
    again = _parsed("online-endpoint", online_endpoint_form.document_of(body, REFERENCES, "local"), name="e")
    assert again == kept


def test_a_body_without_shares_means_none() -> None:
    made = online_endpoint_form.document_of({"properties": {"authMode": "Key"}}, REFERENCES, "local")
    assert (made["traffic"], made["mirror_traffic"]) == ({}, {})


@pytest.mark.parametrize("mode", ["Key", "AMLToken", "AADToken"])
def test_the_words_of_the_ways_to_open_an_endpoint(mode: str) -> None:
    body = {"properties": {"authMode": mode}}
    kept = _parsed("online-endpoint", online_endpoint_form.document_of(body, REFERENCES, "local"), name="e")
    assert online_endpoint_form.properties_of(kept, REFERENCES)["authMode"] == mode


@pytest.mark.parametrize(
    "document", [{}, {"defaults": {"deployment_name": "d"}, "description": "x", "tags": {"A-b": "c"}}]
)
def test_batch_endpoints_read_back(document: dict[str, Any]) -> None:
    kept = _parsed("batch-endpoint", document, name="e")
    body = {
        **batch_endpoint_form.top_of(kept, SCOPE, "e", "local"),
        "properties": batch_endpoint_form.properties_of(kept),
    }
    again = _parsed("batch-endpoint", batch_endpoint_form.document_of(body, "local"), name="e")
    assert again == kept


@pytest.mark.parametrize("document", BATCH_DEPLOYMENTS)
def test_batch_deployments_read_back(document: dict[str, Any]) -> None:
    names = {"name": "d", "endpoint_name": "e"}
    kept = _parsed("batch-deployment", document, **names)
    body = {"properties": batch_deployment_form.properties_of(kept, REFERENCES), "tags": {}}
    again = _parsed("batch-deployment", batch_deployment_form.document_of(body, REFERENCES), **names)
    if kept["type"] == "model":
        assert again.pop("resources") == {"instance_count": 1, **kept.pop("resources", {})}
        given = kept.pop("settings", {})
        assert {key: again["settings"][key] for key in given} == given
        again.pop("settings")
    assert again == kept


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_schedules_read_back(trigger: dict[str, Any]) -> None:
    document = {
        "display_name": "Nightly",
        "description": "d",
        "tags": {"A_b": "c"},
        "trigger": trigger,
        "create_job": JOB,
    }
    kept = _parsed("schedule", document, name="n")
    properties = schedule_form.properties_of(kept, JOB, REFERENCES)
    made, enabled = schedule_form.document_of({"properties": {**properties, "isEnabled": True}}, REFERENCES)
    again = _parsed("schedule", made, name="n")
    assert enabled is True
    assert again.pop("trigger") == {"time_zone": "UTC", **kept.pop("trigger")}
    assert again == kept


def test_a_schedule_of_a_job_that_exists() -> None:
    definition = {
        "jobType": "Pipeline",
        "sourceJobId": f"{SCOPE}/jobs/train",
        "experimentName": "",
        "isArchived": False,
    }
    action = {"actionType": "CreateJob", "jobDefinition": definition}
    trigger = {"triggerType": "Cron", "expression": "0 0 * * *", "timeZone": "UTC"}
    made, enabled = schedule_form.document_of({"properties": {"action": action, "trigger": trigger}}, REFERENCES)
    assert (made["create_job"], enabled) == ("azureml:train", None)
    definition |= {"inputs": {"a": {"jobInputType": "literal", "value": "2"}}, "sourceJobId": f"{SCOPE}/jobs/train"}
    made, _ = schedule_form.document_of({"properties": {"action": action, "trigger": trigger}}, REFERENCES)
    assert made["create_job"] == {"job": "azureml:train", "inputs": {"a": "2"}}


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ({"actionType": "CreateMonitor", "monitorDefinition": {"signals": {"My_Signal": {"a": 1}}}}, "create_monitor"),
        ({"actionType": "ImportData", "dataImportDefinition": {"dataName": "d"}}, "import_data"),
    ],
)
def test_what_is_only_kept_is_shown_as_it_came(action: dict[str, Any], key: str) -> None:
    trigger = {"triggerType": "Recurrence", "frequency": "Day", "interval": 1, "schedule": {"hours": [], "minutes": []}}
    made, _ = schedule_form.document_of({"properties": {"action": action, "trigger": trigger}}, REFERENCES)
    assert key in made
    assert schedule_form.properties_of(made, {}, REFERENCES)["action"] == action


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"startupProbe": {}}, "properties.startupProbe"),
        ({"requestSettings": {"requestTimeout": "soon"}}, "properties.requestSettings.requestTimeout"),
        ({"livenessProbe": {"perid": "PT1S"}}, "properties.livenessProbe.perid"),
        ({"codeConfiguration": {"codeId": 3}}, "properties.codeConfiguration.codeId"),
        ({"scaleSettings": "Default"}, "properties.scaleSettings"),
        ({"environmentVariables": {"a": {}}}, "properties.environmentVariables.a"),
    ],
)
def test_bad_bodies_are_refused_with_the_place(properties: dict[str, Any], path: str) -> None:
    with pytest.raises(LapisError) as caught:
        online_deployment_form.document_of({"properties": properties}, REFERENCES)
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_schedule_that_invokes_an_endpoint_is_refused() -> None:
    body = {"properties": {"action": {"actionType": "InvokeBatchEndpoint"}, "trigger": {"triggerType": "Cron"}}}
    with pytest.raises(LapisError) as caught:
        schedule_form.document_of(body, REFERENCES)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def test_a_job_becomes_the_component_that_is_deployed() -> None:
    step = {"type": "command", "component": "azureml:c:1"}
    job = {
        "type": "pipeline",
        "display_name": "d",
        "inputs": {"data": {"type": "uri_file", "path": "azureml:x:1"}, "rate": 0.5, "on": True, "word": "a"},
        "outputs": {"out": {"type": "mlflow_model", "mode": "upload", "path": "azureml://x"}, "more": None},
        "jobs": {"s": step},
    }
    made = component_of("j", job)
    assert registry.parse("component", {**made, "name": "n"}).to_dict()["jobs"]
    assert made["inputs"] == {
        "data": {"type": "uri_file"},
        "rate": {"type": "number", "default": 0.5},
        "on": {"type": "boolean", "default": True},
        "word": {"type": "string", "default": "a"},
    }
    assert made["outputs"] == {"out": {"type": "mlflow_model", "mode": "upload"}, "more": {"type": "uri_folder"}}
    with pytest.raises(LapisError) as caught:
        component_of("j", {"type": "command", "command": "true"})
    assert caught.value.problems[0].path == "properties.componentSpec.sourceJobId"
