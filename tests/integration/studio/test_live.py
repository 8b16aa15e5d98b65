"""The stream of changes of a real server: what a page hears of, whoever did it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ServerFactory
from tests.support.live import LiveReader
from tests.support.polling import eventually
from tests.support.server import LapisServer

WORKSPACE = "/api/v1/workspaces/default"
MLFLOW = "/mlflow/default/api/2.0/mlflow"
JOB = {
    "type": "command", "command": "echo done", "environment": "azureml:AzureML-sklearn-1.5@latest", "compute": "local",
}  # fmt: skip


@pytest.fixture
def live(shared_server: LapisServer) -> Iterator[LiveReader]:
    reader = LiveReader(shared_server)
    yield reader
    reader.close()


def _post(server: LapisServer, call: str, body: dict[str, object]) -> dict[str, object]:
    status, answer = server.request("POST", f"{MLFLOW}/{call}", body)
    assert status == 200, answer
    assert isinstance(answer, dict)
    return answer


def test_the_stream_is_one_of_events_that_nobody_keeps(live: LiveReader) -> None:
    assert live.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert live.headers["cache-control"] == "no-store"


def test_changes_by_request_are_told_with_their_names(
    live: LiveReader, shared_server: LapisServer, tmp_path: Path
) -> None:
    name = "live-store"
    document = {"name": name, "type": "local", "path": str(tmp_path)}
    status, answer = shared_server.request("PUT", f"{WORKSPACE}/datastores/{name}", document)
    assert status == 200, answer
    live.heard(f"datastores/{name}")
    shared_server.request("DELETE", f"{WORKSPACE}/datastores/none-of-this-name")
    shared_server.request("GET", f"{WORKSPACE}/models")
    status, _ = shared_server.request("DELETE", f"{WORKSPACE}/datastores/{name}")
    assert status == 204
    eventually(lambda: live.topics.count(f"datastores/{name}") == 2)
    assert not [topic for topic in live.topics if "none-of" in topic or topic.startswith("models")]


def test_what_runs_log_is_told_with_the_runs_id(live: LiveReader, shared_server: LapisServer) -> None:
    made = _post(shared_server, "runs/create", {"experiment_id": "0"})
    run = made["run"]["info"]["run_id"]  # type: ignore[index]
    live.heard(f"runs/{run}")
    before = len(live.topics)
    begin = time.monotonic()
    for step in range(200):
        _post(
            shared_server, "runs/log-metric", {"run_id": run, "key": "loss", "value": 1.0, "timestamp": 1, "step": step}
        )
    took = time.monotonic() - begin
    eventually(lambda: f"runs/{run}" in live.topics[before:])
    assert live.messages <= 5 + 4 * (took + 1)


def test_a_job_is_told_of_from_its_submission_to_its_end(live: LiveReader, shared_server: LapisServer) -> None:
    name = "live-job"
    document = {**JOB, "environment": {"conda_file": {"name": "none", "dependencies": []}, "image": "x"}}
    status, answer = shared_server.request("PUT", f"{WORKSPACE}/jobs/{name}", {"document": document})
    assert status == 200, answer
    live.heard(f"jobs/{name}")

    def is_over() -> bool:
        return shared_server.request("GET", f"{WORKSPACE}/jobs/{name}")[1]["status"] in ("Completed", "Failed")

    eventually(is_over, 60)
    heard = len(live.topics)
    eventually(lambda: f"jobs/{name}" in live.topics, what="the end")
    live.heard("models")  # a job that is over may have registered one
    assert heard
    assert f"runs/{name}" in live.topics


def test_another_workspace_hears_nothing(live: LiveReader, shared_server: LapisServer) -> None:
    shared_server.request("PUT", "/api/v1/workspaces/live-other", {})
    other = LiveReader(shared_server, "live-other")
    _post(shared_server, "experiments/create", {"name": f"live-{time.time_ns()}"})
    live.heard("experiments")
    assert other.topics == []
    other.close()


def test_an_unknown_workspace_is_not_followed(shared_server: LapisServer) -> None:
    reader = LiveReader(shared_server, "live-none")
    assert (reader.status, reader.refusal()["error"]["code"]) == (404, "NotFound")


def test_a_page_that_goes_away_frees_its_place(start_server: ServerFactory) -> None:
    server = start_server()
    for _ in range(5):
        readers = [LiveReader(server) for _ in range(50)]
        assert {reader.status for reader in readers} == {200}
        for reader in readers:
            reader.close()
    crowd = [LiveReader(server) for _ in range(200)]

    def is_full() -> bool:
        reader = LiveReader(server)
        refused = reader.status == 409 and "200 pages" in reader.refusal()["error"]["message"]
        reader.close()
        return refused

    eventually(is_full, 20)
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 1.0, "open pages kept the server from ending"
    eventually(lambda: all(reader.is_over for reader in crowd if reader.status == 200))
