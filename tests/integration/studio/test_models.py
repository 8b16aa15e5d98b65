"""What pages of models ask for, over HTTP."""

from __future__ import annotations

import json
import math
import urllib.request

import pytest

from tests.integration.assets.test_http import Api
from tests.support.server import LapisServer

SIGNATURE = json.dumps([{"type": "double", "name": "age", "required": True}])
MLMODEL = f"flavors: {{python_function: {{}}}}\nsignature:\n  inputs: '{SIGNATURE}'\n".encode()


@pytest.fixture(scope="module")
def api(shared_server: LapisServer) -> Api:
    return Api(shared_server)


def send(api: Api, method: str, path: str, data: bytes) -> dict[str, dict[str, dict[str, str]]]:
    """Do as an MLflow client does."""
    headers = {"Authorization": f"Bearer {api.server.token}", "Content-Type": "application/json"}
    url = f"{api.server.url}/mlflow/default/api/2.0/{path}"
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=60) as answer:
        found: dict[str, dict[str, dict[str, str]]] = json.loads(answer.read() or b"{}")
        return found


def run_with_model(api: Api, loss: float) -> str:
    run_id = send(api, "POST", "mlflow/runs/create", b'{"experiment_id": "0"}')["run"]["info"]["run_id"]
    batch = {
        "run_id": run_id,
        "metrics": [{"key": "loss", "value": "Infinity" if math.isinf(loss) else loss, "timestamp": 1, "step": 0}],
        "params": [{"key": "alpha", "value": "0.1"}],
    }
    send(api, "POST", "mlflow/runs/log-batch", json.dumps(batch).encode())
    send(api, "PUT", f"mlflow-artifacts/artifacts/runs/{run_id}/artifacts/model/MLmodel", MLMODEL)
    return run_id


def test_versions_with_their_runs(api: Api) -> None:
    first, second = run_with_model(api, 0.5), run_with_model(api, math.inf)
    (candidate,) = api.json("GET", f"jobs/{first}/models")["value"]
    assert (candidate["label"], candidate["type"]) == ("model", "mlflow_model")
    for run_id in (first, second):
        path = candidate["path"].replace(first, run_id)
        api.json("POST", "models", {"name": "measured", "path": path, "type": "mlflow_model"})
    api.json("PUT", "models/measured/labels/champion", {"version": "1"})
    newest, oldest = api.json("GET", "models/measured/measured")["value"]
    assert (newest["version"], newest["run"]["metrics"]) == ("2", {"loss": "Infinity"})
    assert (oldest["run"]["run_id"], oldest["run"]["metrics"], oldest["run"]["params"]) == (
        first, {"loss": 0.5}, {"alpha": "0.1"}
    )  # fmt: skip
    assert (oldest["aliases"], oldest["job_name"], oldest["signature"]) == (["champion"], first, None)
    page = api.json("GET", "models/measured/measured?limit=1")
    assert api.json("GET", f"models/measured/measured?limit=1&token={page['next']}")["value"] == [oldest]
    asked, other = api.json("GET", "models/measured/compared?version=1&version=2")["value"]
    assert (asked["version"], other["version"]) == ("1", "2")
    assert [column["name"] for column in asked["signature"]["inputs"]] == ["age"]
    assert api.json("GET", "models/measured/deployed")["value"] == []
    assert api.error("GET", "models/measured/compared?version=9")[0] == 404
    assert api.error("GET", "models/nothing/measured")[0] == 404
    described = api.json("GET", "models/measured/versions/1/mlmodel")
    assert (list(described["flavors"]), described["signature"]) == (["python_function"], asked["signature"])


def test_names_are_found_changed_and_deleted(api: Api) -> None:
    for name in ("named_a", "named_b"):
        api.json("POST", "models", {"name": name, "path": "s3://b/m", "type": "custom_model"})
    changed = api.json("PATCH", "models/named_a", {"description": "**bold**", "tags": {"team": "blue", "x": None}})
    assert (changed["description"], changed["tags"]) == ("**bold**", {"team": "blue"})
    assert api.json("PATCH", "models/named_a", {"tags": {"team": None}, "description": ""})["tags"] == {}
    page = api.json("POST", "models/search", {"text": "named_", "limit": 1, "order": "-name"})
    assert [one["name"] for one in page["value"]] == ["named_b"]
    rest = api.json("POST", "models/search", {"text": "named_", "limit": 1, "order": "-name", "token": page["next"]})
    assert ([one["name"] for one in rest["value"]], rest["next"]) == (["named_a"], None)
    assert rest["value"][0]["latest"]["type"] == "custom_model"
    api.json("DELETE", "models/named_a")
    assert api.error("GET", "models/named_a")[0] == 404


@pytest.mark.parametrize("body", [{"limit": 0}, {"archived": "x"}, {"order": "x"}, {"token": "x"}])
def test_searches_without_sense_are_refused(api: Api, body: dict[str, object]) -> None:
    assert api.error("POST", "models/search", body)[0] in (400, 422)


@pytest.mark.parametrize("body", [{"name": "x"}, {"tags": {"a": 1}}, {"tags": []}, {"description": 1}])
def test_changes_without_sense_are_refused(api: Api, body: dict[str, object]) -> None:
    api.json("POST", "data", {"name": "fixed_name", "path": "https://x/y", "version": "1"})
    status, error = api.error("PATCH", "data/fixed_name", body)
    assert (status, error["code"], len(error["problems"])) == (422, "DocumentInvalid", 1)
