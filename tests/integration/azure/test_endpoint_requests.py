"""Endpoints, deployments and schedules by raw requests in the resource manager's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.support.polling import eventually
from tests.support.server import LapisServer

WS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/default"
CRON = {"triggerType": "Cron", "expression": "0 0 1 1 *", "timeZone": "UTC"}
JOB = {"jobType": "Command", "command": "true", "environmentId": "azureml:AzureML-sklearn-1.5@latest"}

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(shared_server: LapisServer) -> Ask:
    """``ask(method, path below the workspace, body, **headers)`` → status and body."""

    def send(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        where = path if path.startswith("/") else f"{WS}/{path}"
        mark = "&" if "?" in where else "?"
        return shared_server.request(method, f"{where}{mark}api-version=2031-01-01", body, headers=named)

    return send


@pytest.fixture
def name() -> str:
    return f"e{uuid4().hex[:12]}"


def _code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


def _online(**properties: Any) -> dict[str, Any]:
    return {"location": "local", "properties": {"authMode": "Key", **properties}, "tags": {"A-b": "c"}}


def _ready(ask: Ask, name: str) -> dict[str, Any]:
    def found() -> Any:
        body = ask("GET", f"onlineEndpoints/{name}")[1]
        return body if body["properties"]["provisioningState"] == "Succeeded" else None

    made: dict[str, Any] = eventually(found, timeout=60)
    return made


def test_an_endpoint_from_its_creation_to_its_end(ask: Ask, name: str) -> None:
    status, made = ask("PUT", f"onlineendpoints/{name}", _online(description="d"))
    assert (status, made["name"], made["tags"]) == (201, name, {"A-b": "c"})
    assert made["id"] == f"{WS}/onlineEndpoints/{name}"
    whole = _ready(ask, name)
    assert whole["properties"]["scoringUri"].endswith(f"/default/{name}/score")
    status, again = ask("PUT", f"onlineEndpoints/{name}", whole)
    assert (status, again["properties"], again["tags"]) == (200, whole["properties"], whole["tags"])
    assert _code(ask("PUT", f"onlineEndpoints/{name}", _online(traffic={"blue": 100}))) == (400, "ValidationError")
    status, changed = ask("PATCH", f"onlineEndpoints/{name}", {"tags": {"A-b": None, "d": "e"}})
    assert (status, changed["tags"], changed["properties"]["description"]) == (200, {"d": "e"}, "d")
    assert _code(ask("PATCH", f"onlineEndpoints/{name}", {"properties": {}})) == (400, "ValidationError")
    keys = ask("POST", f"onlineEndpoints/{name}/ListKeys")[1]
    assert set(keys) == {"primaryKey", "secondaryKey"}
    chosen = {"keyType": "Primary", "keyValue": "my-own-key"}
    assert _code(ask("POST", f"onlineEndpoints/{name}/regenerateKeys", chosen)) == (400, "NotSupported")
    other = {"keyType": "Secondary", "keyValue": keys["secondaryKey"]}
    assert ask("POST", f"onlineEndpoints/{name}/regenerateKeys", other)[0] == 200
    assert ask("POST", f"onlineEndpoints/{name}/listKeys")[1]["secondaryKey"] != keys["secondaryKey"]
    assert _code(ask("POST", f"onlineEndpoints/{name}/token")) == (409, "Conflict")
    assert ask("DELETE", f"onlineEndpoints/{name}")[0] == 202
    eventually(lambda: ask("GET", f"onlineEndpoints/{name}")[0] == 404, timeout=60)
    assert ask("DELETE", f"onlineEndpoints/{name}")[0] == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("GET", "onlineEndpoints/none", None, (404, "ResourceNotFound")),
        ("GET", "onlineEndpoints/none/deployments", None, (404, "ResourceNotFound")),
        ("POST", "onlineEndpoints/none/deployments/d/getLogs", {}, (404, "ResourceNotFound")),
        ("PUT", "onlineEndpoints/none/deployments/d", {"properties": {}}, (404, "ResourceNotFound")),
        ("PUT", "onlineEndpoints/no%20name", {"properties": {}}, (400, "ValidationError")),
        ("PUT", "onlineEndpoints/e", [], (400, "InvalidRequestContent")),
        ("PUT", "onlineEndpoints/e", {"properties": []}, (400, "ValidationError")),
        ("PUT", "onlineEndpoints/e", {"properties": {"authMode": "None"}}, (400, "ValidationError")),
        ("PUT", "batchEndpoints/e", {"properties": {"authMode": "Key"}}, (400, "NotSupported")),
        ("PUT", "batchEndpoints/e", {"properties": {"colour": "red"}}, (400, "ValidationError")),
        ("GET", "batchEndpoints/none/deployments/d", None, (404, "ResourceNotFound")),
        ("GET", "schedules?listViewType=Some", None, (400, "ValidationError")),
        ("GET", "schedules/none", None, (404, "ResourceNotFound")),
        ("POST", "schedules/none/trigger", {}, (404, "ResourceNotFound")),
        ("PUT", "schedules/s", {"properties": {"trigger": CRON}}, (400, "ValidationError")),
        ("PUT", "schedules/s", {"properties": {"trigger": CRON, "isEnabled": "yes"}}, (400, "ValidationError")),
    ],
)  # fmt: skip
def test_what_is_not_right_is_refused(ask: Ask, method: str, path: str, body: Any, answer: tuple[int, str]) -> None:
    assert _code(ask(method, path, body)) == answer


def test_a_batch_endpoint_without_deployments(ask: Ask, name: str) -> None:
    status, made = ask("PUT", f"batchEndpoints/{name}", {"properties": {"authMode": "aadtoken"}, "tags": {}})
    assert (status, made["properties"]["authMode"]) == (201, "AADToken")
    address = "/" + made["properties"]["scoringUri"].split("/", 3)[3]
    assert ask("GET", address) == (200, {"value": []})
    assert _code(ask("POST", address, {"properties": {"inputData": {}}})) == (409, "Conflict")
    sdk = {"user_agent": "azure-ai-ml/1.35.2", "azureml_model_deployment": "left-over"}
    assert _code(ask("POST", address, {"properties": {"inputData": {}}}, **sdk)) == (409, "Conflict")
    asked = {"azureml_model_deployment": "left-over"}
    assert _code(ask("POST", address, {"properties": {"inputData": {}}}, **asked)) == (404, "ResourceNotFound")
    assert _code(ask("POST", f"batchEndpoints/{name}/listkeys")) == (409, "Conflict")
    wrong = {"properties": {"defaults": {"deploymentName": "none"}}}
    assert _code(ask("PUT", f"batchEndpoints/{name}", wrong)) == (400, "ReferenceNotFound")
    assert ask("PATCH", f"batchEndpoints/{name}", {"tags": {"a": "b"}})[1]["tags"] == {"a": "b"}
    assert [ask("DELETE", f"batchEndpoints/{name}")[0] for _ in range(2)] == [200, 204]


def test_a_schedule_that_is_read_and_sent_back_is_the_same(ask: Ask, shared_server: LapisServer, name: str) -> None:
    properties = {"trigger": CRON, "action": {"actionType": "CreateJob", "jobDefinition": JOB}, "isEnabled": True}
    status, made = ask("PUT", f"schedules/{name}", {"properties": properties})
    assert (status, made["properties"]["isEnabled"]) == (201, True)
    native = f"/api/v1/workspaces/default/schedules/{name}"
    before = shared_server.request("GET", native)[1]
    assert ask("GET", f"schedules/{name}") == (200, made)
    made["properties"]["isEnabled"] = False
    status, off = ask("PUT", f"schedules/{name}", made)
    assert (status, off["properties"]["isEnabled"]) == (200, False)
    after = shared_server.request("GET", native)[1]
    assert after["create_job"] == before["create_job"]
    assert after["trigger"] == before["trigger"]
    assert ask("DELETE", f"schedules/{name}")[0] == 200


def test_a_data_import_is_kept_and_does_not_run(ask: Ask, name: str) -> None:
    action = {"actionType": "ImportData", "dataImportDefinition": {"dataName": "d", "assetName": "My_Name"}}
    status, made = ask("PUT", f"schedules/{name}", {"properties": {"trigger": CRON, "action": action}})
    assert (status, made["properties"]["action"], made["properties"]["isEnabled"]) == (201, action, False)
    assert _code(ask("POST", f"schedules/{name}/trigger", {})) == (400, "NotSupported")
    made["properties"]["isEnabled"] = True
    assert _code(ask("PUT", f"schedules/{name}", made)) == (400, "NotSupported")
    listed = ask("GET", "schedules?listViewType=DisabledOnly")[1]["value"]
    assert name in [one["name"] for one in listed]
    assert ask("DELETE", f"schedules/{name}")[0] == 200


def test_no_operation_is_made_up(ask: Ask) -> None:
    base = "/subscriptions/s/providers/Microsoft.MachineLearningServices/locations/local/mfeOperationsStatus"
    assert _code(ask("GET", f"{base}/nothing")) == (404, "ResourceNotFound")
