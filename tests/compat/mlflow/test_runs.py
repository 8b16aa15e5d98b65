from __future__ import annotations

import math
import time

import pytest
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType
from mlflow.exceptions import MlflowException

from tests.compat.mlflow.conftest import Lapis
from tests.support.server import LapisServer


def test_a_run_from_start_to_end(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment, start_time=1234, tags={"team": "a"}, run_name="first")
    assert (run.info.status, run.info.start_time, run.info.run_name) == ("RUNNING", 1234, "first")
    run_id = run.info.run_id
    client.log_metric(run_id, "loss", 0.5, timestamp=11, step=1)
    client.log_param(run_id, "depth", 3)
    client.set_tag(run_id, "note", "x" * 5000)
    client.log_batch(
        run_id,
        metrics=[Metric("loss", 0.25, 12, 2), Metric("nan", math.nan, 12, 0), Metric("inf", -math.inf, 12, 0)],
        params=[Param("lr", "0.1")],
        tags=[RunTag("more", "1")],
    )
    client.update_run(run_id, status="SCHEDULED", name="second")
    assert client.get_run(run_id).info.status == "SCHEDULED"
    client.set_terminated(run_id, "FAILED", end_time=99)
    found = client.get_run(run_id)
    assert (found.info.status, found.info.end_time, found.info.run_name) == ("FAILED", 99, "second")
    assert found.data.params == {"depth": "3", "lr": "0.1"}
    assert found.data.metrics["loss"] == 0.25
    assert math.isnan(found.data.metrics["nan"])
    assert found.data.metrics["inf"] == -math.inf
    assert found.data.tags["mlflow.runName"] == "second"
    assert found.data.tags["note"] == "x" * 5000
    assert [(m.value, m.timestamp, m.step) for m in client.get_metric_history(run_id, "loss")] == [
        (0.5, 11, 1),
        (0.25, 12, 2),
    ]
    assert client.get_metric_history(run_id, "nothing") == []
    client.delete_tag(run_id, "more")
    assert "more" not in client.get_run(run_id).data.tags


@pytest.mark.parametrize("status", RunStatus.all_status())
def test_every_status_goes_both_ways(client: MlflowClient, experiment: str, status: int) -> None:
    word = RunStatus.to_string(status)
    run = client.create_run(experiment).info.run_id
    client.update_run(run, status=word)
    assert client.get_run(run).info.status == word
    found = client.search_runs([experiment], f"attributes.status = '{word}'")
    assert [r.info.run_id for r in found] == [run]
    assert client.search_runs([experiment], f"attributes.status != '{word}'") == []
    assert len(client.search_runs([experiment], f"attributes.status LIKE '{word[:3]}%'")) == 1


def test_deleting_and_restoring(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    client.delete_run(run)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment]) == []
    assert len(client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)) == 1
    with pytest.raises(MlflowException, match="active"):
        client.log_metric(run, "m", 1)
    client.restore_run(run)
    client.log_metric(run, "m", 1)
    assert len(client.search_runs([experiment], run_view_type=ViewType.ALL)) == 1


def test_errors_are_those_that_the_client_knows(client: MlflowClient, experiment: str, name: str) -> None:
    run = client.create_run(experiment).info.run_id
    client.log_param(run, "p", "1")
    for call, code in (
        (lambda: client.get_run("nothing"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: client.log_metric("nothing", "m", 1), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: client.get_experiment("999999"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: client.get_experiment("x"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: client.create_experiment(name), "RESOURCE_ALREADY_EXISTS"),
        (lambda: client.log_param(run, "p", "2"), "INVALID_PARAMETER_VALUE"),
        (lambda: client.search_runs([experiment], "nonsense ~ 3"), "INVALID_PARAMETER_VALUE"),
        (lambda: client.search_runs([experiment], order_by=["metrics.a UP"]), "INVALID_PARAMETER_VALUE"),
        (lambda: client.search_runs([experiment], page_token="x"), "INVALID_PARAMETER_VALUE"),
        (lambda: client.delete_tag(run, "nothing"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: client.get_registered_model(name), "RESOURCE_DOES_NOT_EXIST"),
    ):
        with pytest.raises(MlflowException) as caught:
            call()
        assert caught.value.error_code == code
    assert client.get_experiment_by_name("there is none") is None


def test_parameters_may_be_repeated_but_not_changed(client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    for _ in range(2):
        client.log_batch(run, params=[Param(f"p{i}", "v") for i in range(100)])
    with pytest.raises(MlflowException, match="Changing param values is not allowed"):
        client.log_batch(run, params=[Param("p7", "other")])
    client.log_param(run, "long", "x" * 9000)
    assert len(client.get_run(run).data.params["long"]) == 6000


def test_search_pages_orders_and_filters(client: MlflowClient, experiment: str) -> None:
    runs = []
    for number in range(12):
        run = client.create_run(experiment, tags={"even": str(number % 2 == 0)}, run_name=f"r{number}").info.run_id
        client.log_batch(run, [Metric("acc", number / 10, 1, 0)], [Param("n", str(number))])
        runs.append(run)
    page = client.search_runs([experiment], order_by=["metrics.acc DESC"], max_results=5)
    found = list(page)
    while page.token:
        page = client.search_runs([experiment], order_by=["metrics.acc DESC"], max_results=5, page_token=page.token)
        found += page
    assert [r.info.run_id for r in found] == runs[::-1]
    text = "metrics.acc >= 0.3 AND tags.even = 'True' AND params.n LIKE '_' AND attributes.run_name != 'r8'"
    assert {r.info.run_name for r in client.search_runs([experiment], text)} == {"r4", "r6"}
    ids = ", ".join(f"'{run}'" for run in runs[:2])
    assert len(client.search_runs([experiment], f"attributes.run_id IN ({ids})")) == 2


def test_experiments(client: MlflowClient, name: str) -> None:
    made = client.create_experiment(name, tags={"team": "a"})
    found = client.get_experiment_by_name(name)
    assert (found.experiment_id, found.tags, found.lifecycle_stage) == (made, {"team": "a"}, "active")
    client.set_experiment_tag(made, "team", "b")
    client.rename_experiment(made, f"{name}-2")
    assert client.get_experiment(made).name == f"{name}-2"
    hits = client.search_experiments(filter_string=f"name LIKE '{name}%' AND tags.team = 'b'")
    assert [e.experiment_id for e in hits] == [made]
    client.delete_experiment(made)
    assert client.search_experiments(filter_string=f"name LIKE '{name}%'") == []
    assert client.search_experiments(ViewType.DELETED_ONLY, filter_string=f"name LIKE '{name}%'") != []
    client.restore_experiment(made)
    assert client.get_experiment("0").name == "Default"


def test_a_long_history_comes_whole_and_a_sample_of_it_too(client: MlflowClient, lapis: Lapis, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    for start in range(0, 3000, 1000):
        client.log_batch(run, [Metric("loss", i / 7, i, i) for i in range(start, start + 1000)])
    history = client.get_metric_history(run, "loss")
    assert [m.step for m in history] == list(range(3000))
    assert history[-1].value == 2999 / 7

    def sample(**query: object) -> list[int]:
        answer = requests.get(
            f"{lapis.uri}/api/2.0/mlflow/metrics/get-history-bulk-interval",
            params={"run_ids": [run], "metric_key": "loss", **query},
            headers={"Authorization": f"Bearer {lapis.server.token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return [point["step"] for point in answer.json()["metrics"]]

    assert sample(max_results=4) == [0, 1000, 1999, 2999]
    assert sample(start_step=10, end_step=12) == [10, 11, 12]


def test_a_batch_that_is_too_large_is_refused(client: MlflowClient, lapis: Lapis, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    metrics = [{"key": "m", "value": 1.0, "timestamp": 1, "step": i} for i in range(1001)]
    status, body = lapis.server.request(
        "POST", "/mlflow/default/api/2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": metrics}
    )
    assert (status, body["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert client.get_metric_history(run, "m") == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'{"run_id": 3}', b'{"run_id": "x", "key": "m"}', b"\xff\xfe",
        b'{"run_id": "x", "key": "m", "value": "high", "timestamp": 1}',
        b'{"run_id": "x", "key": "../m", "value": 1, "timestamp": 1}',
        b'{"run_id": "x", "key": "m", "value": 1, "timestamp": -1}',
        b'{"run_id": "x", "key": "m", "value": 1, "timestamp": 1, "step": 1.5}',
    ],
)  # fmt: skip
def test_nonsense_is_refused_without_a_word_about_the_server(lapis: Lapis, body: bytes) -> None:
    path = "/mlflow/default/api/2.0/mlflow/runs/log-metric"
    status, answer = lapis.server.request("POST", path, body)
    assert status == 400
    assert answer["error_code"] == "INVALID_PARAMETER_VALUE"
    assert not any(word in answer["message"] for word in ("Traceback", str(lapis.server.home), "sqlite", ".py"))


def test_what_is_not_offered_says_so(lapis: Lapis) -> None:
    for path in ("api/2.0/mlflow/nothing", "api/9.9/mlflow/runs/get", "x"):
        status, answer = lapis.server.request("GET", f"/mlflow/default/{path}")
        assert (status, answer["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    status, answer = lapis.server.request("GET", "/mlflow/default/api/3.0/mlflow/gateway/endpoints/list")
    assert (status, answer["error_code"]) == (501, "NOT_IMPLEMENTED")
    for path in ("/mlflow", "/mlflow/", "/mlflow/default", "/mlflow/default/"):
        assert lapis.server.request("GET", path)[0] == 404
    status, answer = lapis.server.request("GET", "/mlflow/nowhere/api/2.0/mlflow/runs/get?run_id=x")
    assert (status, answer["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    status, answer = lapis.server.request("GET", "/mlflow/default/api/2.0/mlflow/runs/get?run_id=x", token=None)
    assert (status, answer["error_code"]) == (401, "UNAUTHENTICATED")
    assert lapis.server.request("GET", "/mlflow/default/health")[1] == b"OK"


def test_what_was_acknowledged_survives_a_killed_server(lapis_server: LapisServer) -> None:
    """Each answer comes after the commit: killed in the middle, the server has every point that it answered."""
    uri = f"{lapis_server.url}/mlflow/default/api/2.0/mlflow"
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {lapis_server.token}"
    run = session.post(f"{uri}/runs/create", json={"experiment_id": "0"}, timeout=30).json()["run"]["info"]["run_id"]
    acknowledged, deadline = 0, time.monotonic() + 60
    for step in range(200):
        point = {"run_id": run, "key": "m", "value": step, "timestamp": step, "step": step}
        assert session.post(f"{uri}/runs/log-metric", json=point, timeout=30).status_code == 200
        acknowledged += 1
        if step == 150:
            break
    lapis_server.kill9()
    lapis_server.start()
    assert time.monotonic() < deadline
    found = session.get(f"{uri}/metrics/get-history", params={"run_id": run, "metric_key": "m"}, timeout=30).json()
    assert len(found["metrics"]) == acknowledged
