"""Jobs of several processes through a real server: taken in, followed, found again after the server was killed."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServerFactory
from tests.integration.jobs.client import Api
from tests.support.polling import eventually
from tests.support.server import LapisServer

TWO = {"type": "pytorch", "process_count_per_instance": 2}
LOG_METRICS = """
import os, mlflow
rank = int(os.environ["RANK"])
with mlflow.start_run():
    for step in range(50):
        mlflow.log_metric(f"loss_{rank}", step / 50, step=step)
    mlflow.log_metric("shared", rank, step=rank)
    mlflow.log_param(f"param_{rank}", rank)
"""


@pytest.fixture
def api(shared_server: LapisServer) -> Api:
    return Api(shared_server)


def rank_log(api: Api, name: str, rank: int) -> str:
    """Give what a rank has printed, without the lines that Lapis adds."""
    lines = api.log(name, f"user_logs/std_log_process_{rank}.txt").decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("[lapis]"))


def test_nodes_times_processes(api: Api) -> None:
    cluster = f"two-{uuid.uuid4().hex[:8]}"
    body = {"name": cluster, "type": "amlcompute", "max_instances": 2}
    assert api.call("PUT", f"/computes/{cluster}", body)[0] == 200
    resources = {"instance_count": 2}
    name = api.submit("echo $RANK/$WORLD_SIZE", distribution=TWO, compute=f"azureml:{cluster}", resources=resources)
    api.wait(name, "Completed")
    assert [rank_log(api, name, rank) for rank in range(4)] == ["0/4\n", "1/4\n", "2/4\n", "3/4\n"]
    assert api.printed(name) == b"0/4\n"


def test_the_reason_names_the_rank_and_its_last_lines(api: Api) -> None:
    command = "if [ $RANK = 1 ]; then echo the cause; exit 3; fi; sleep 600"
    job = api.wait(api.submit(command, distribution=TWO), "Failed")
    assert job["exit_code"] == 3
    assert "Rank 1 of 2 (node 0, local rank 1)" in job["status_reason"]
    assert "the cause" in job["status_reason"]


def test_every_rank_logs_into_the_one_run(api: Api, shared_server: LapisServer, tmp_path: Path) -> None:
    """Both speak to the job's relay at the same time; nothing of either is lost."""
    script = tmp_path / "log.py"
    script.write_text(LOG_METRICS)
    name = api.submit(f"{sys.executable} {script}", distribution=TWO)
    api.wait(name, "Completed", timeout=120)

    def history(key: str) -> list[dict[str, Any]]:
        path = f"/mlflow/default/api/2.0/mlflow/metrics/get-history?run_id={name}&metric_key={key}"
        return list(shared_server.request("GET", path)[1].get("metrics", []))

    assert [len(history(f"loss_{rank}")) for rank in (0, 1)] == [50, 50]
    assert sorted(point["value"] for point in history("shared")) == [0, 1]


def test_a_killed_server_finds_its_ranks_again(start_server: ServerFactory, tmp_path: Path) -> None:
    server = start_server()
    api, go = Api(server), tmp_path / "go"
    command = f"echo up; while ! [ -e {go} ]; do sleep 0.05; done; echo after $RANK"
    name = api.submit(command, distribution=TWO)
    api.wait(name, "Running")
    eventually(lambda: "up" in rank_log(api, name, 1), 20, what="rank 1 up")
    server.kill9()
    go.touch()
    server.start()
    job = Api(server).wait(name, "Completed")
    assert job["exit_code"] == 0
    assert [rank_log(Api(server), name, rank) for rank in (0, 1)] == ["up\nafter 0\n", "up\nafter 1\n"]


@pytest.mark.parametrize(
    "asked",
    [{"type": "ray", "head_node_additional_args": "'"}, {"type": "mpi", "process_count_per_instance": 1000}],
)
def test_what_this_machine_cannot_do_is_refused(api: Api, asked: dict[str, Any]) -> None:
    document = {"type": "command", "command": "true", "environment": {"image": "python"}, "distribution": asked}
    status, body = api.call("PUT", f"/jobs/refused_{uuid.uuid4().hex[:8]}", {"document": document})
    assert (status, body["error"]["code"]) == (422, "NotSupported")
    assert body["error"]["problems"][0]["path"].startswith("distribution")
