"""The table of runs over HTTP: with jobs behind some of them, with words for what JSON lacks, and with refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lapisml.core.ids import new_job_name
from tests.support.server import LapisServer

WORKSPACE = "runs-of-studio"
ROOT = f"/api/v1/workspaces/{WORKSPACE}"
MLFLOW = f"/mlflow/{WORKSPACE}/api/2.0/mlflow"


class Api:
    """Calls of one workspace that must succeed."""

    def __init__(self, server: LapisServer) -> None:
        self._server = server

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Give the answer."""
        status, answer = self._server.request(method, path, body)
        assert status < 300, answer
        return answer

    def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Give the status and the error of a call that must fail."""
        status, answer = self._server.request(method, ROOT + path, body)
        assert status >= 400, answer
        return status, answer["error"]

    def names(self, **body: Any) -> set[str]:
        """Give the ids that a search finds."""
        return {row["run_id"] for row in self.call("POST", f"{ROOT}/runs/search", body)["value"]}


@pytest.fixture(scope="module")
def api(shared_server: LapisServer) -> Iterator[Api]:
    """A workspace of these tests' own."""
    api = Api(shared_server)
    api.call("PUT", f"/api/v1/workspaces/{WORKSPACE}", {})
    yield api
    api.call("DELETE", f"/api/v1/workspaces/{WORKSPACE}?force=true")


def submit(api: Api) -> str:
    """Submit a job that waits, for its compute is stopped; give its name."""
    api.call("PUT", f"{ROOT}/computes/stopped", {"name": "stopped", "type": "computeinstance"})
    api.call("POST", f"{ROOT}/computes/stopped/stop")
    name = new_job_name()
    document = {
        "type": "command", "command": "true",
        "environment": {"conda_file": {"name": "none", "dependencies": []}, "image": "x"},
        "compute": "azureml:stopped", "experiment_name": "waiting",
    }  # fmt: skip
    api.call("PUT", f"{ROOT}/jobs/{name}", {"document": document})
    return name


def log_run(api: Api, name: str, values: list[float | str]) -> str:
    """Log a run as MLflow's client does; give its id."""
    made = api.call("POST", f"{MLFLOW}/runs/create", {"experiment_id": "0", "run_name": name, "start_time": 1})
    run: str = made["run"]["info"]["run_id"]
    metrics = [{"key": "loss", "value": value, "timestamp": step, "step": step} for step, value in enumerate(values)]
    api.call("POST", f"{MLFLOW}/runs/log-batch", {"run_id": run, "metrics": metrics})
    return run


def test_jobs_and_runs_stand_in_one_table(api: Api) -> None:
    job, run = submit(api), log_run(api, "by hand", [1.0, "NaN", "Infinity"])
    assert {job, run} <= api.names()
    assert api.names(types=["command"]) == {job}
    assert api.names(types=["run"]) == {run}
    assert api.names(filter="run_name = 'by hand'") == {run}
    asked = {"filter": f"run_id = '{run}'", "columns": {"metrics": ["loss"]}}
    (row,) = api.call("POST", f"{ROOT}/runs/search", asked)["value"]
    assert (row["type"], row["metrics"], row["experiment_name"]) == ("run", {"loss": "Infinity"}, "Default")
    counted = {one["name"]: one["counts"] for one in api.call("GET", f"{ROOT}/experiments")["value"]}
    assert counted["waiting"] == {"Queued": 1}
    api.call("POST", f"{ROOT}/jobs/{job}/cancel")
    api.call("POST", f"{ROOT}/jobs/{job}/archive")
    assert job not in api.names()
    assert job in api.names(view="archived")
    assert api.call("POST", f"{ROOT}/runs/count", {"view": "archived"}) == {"total": 1}
    (curve,) = api.call("POST", f"{ROOT}/runs/curves", {"runs": [run, job]})["value"]
    assert (curve["x"], curve["y"], curve["count"]) == ([0, 1, 2], [1.0, "NaN", "Infinity"], 3)
    assert api.call("GET", f"{ROOT}/runs/columns")["metrics"] == ["loss"]
    compared = api.call("POST", f"{ROOT}/runs/compare", {"runs": [job, run]})["value"]
    assert [one["run_id"] for one in compared] == [job, run]


def test_what_cannot_be_searched_is_said(api: Api) -> None:
    status, error = api.refusal("POST", "/runs/search", {"filter": "metrics.loss = 'low'"})
    assert (status, error["code"]) == (400, "Usage")
    assert "Expected a number" in error["message"]
    assert api.refusal("POST", "/runs/search", {"order_by": ["flavour DESC"]})[0] == 400
    assert api.refusal("POST", "/runs/search", {"token": "bm9uc2Vuc2U="})[0] == 400
    assert api.refusal("POST", "/runs/search", {"experiments": ["4711"]})[0] == 404
    assert api.refusal("POST", "/runs/curves", {"runs": ["one"] * 101})[0] in (400, 422)


def test_a_view_is_kept_and_forgotten(api: Api) -> None:
    api.call("PUT", f"{ROOT}/run-views/best%20first", {"state": {"search": "sort=-metrics.loss"}})
    kept = api.call("GET", f"{ROOT}/run-views")["value"]
    assert kept == [{"name": "best first", "state": {"search": "sort=-metrics.loss"}}]
    api.call("DELETE", f"{ROOT}/run-views/best%20first")
    assert api.refusal("DELETE", "/run-views/best%20first")[0] == 404
