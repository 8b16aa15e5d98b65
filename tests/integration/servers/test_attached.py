"""Jobs of an attached compute have no home: when the server that follows them dies, another one does."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from tests.integration.jobs.client import Api
from tests.support import sshd
from tests.support.cluster import Cluster
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything
from tests.support.sshd import SshMachine
from tests.support.whole import only_in_a_whole_run

pytestmark = [pytest.mark.postgres, only_in_a_whole_run]

_METRIC = (
    "python3 -c \"import os, json, sys, urllib.request as u; r = u.Request(os.environ['MLFLOW_TRACKING_URI'] "
    "+ '/api/2.0/mlflow/runs/log-metric', json.dumps({'run_id': os.environ['MLFLOW_RUN_ID'], 'key': sys.argv[1], "
    "'value': 0.5, 'timestamp': 1, 'step': 1}).encode(), {'Content-Type': 'application/json', "
    "'Authorization': 'Bearer ' + os.environ['MLFLOW_TRACKING_TOKEN']}); u.urlopen(r)\""
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[SshMachine]:
    """An SSH server of this machine."""
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    made = sshd.machine(tmp_path / "machine", spaces=False)
    yield made
    made.remove()


@pytest.fixture
def api(cluster: Cluster, machine: SshMachine, tmp_path: Path) -> Iterator[Api]:
    """The installation, with that machine attached as ``lab``."""
    root = tmp_path / "node"
    document = sshd.document(machine, root=str(root), interpreter=sys.executable, slots=4)
    api = Api(cluster.client)
    status, body = api.call("PUT", "/computes/lab", document)
    assert status == 200, body
    yield api
    end_everything(root)


def _holder(cluster: Cluster) -> LapisServer:
    """Give the server that holds the lease on the compute."""

    def look() -> LapisServer | None:
        with psycopg.connect(cluster.env["LAPIS_DATABASE_URL"].replace("+psycopg", "")) as connection:
            rows = connection.execute("select owner from leases where resource like 'compute:%:lab'").fetchall()
        owners = [str(row[0]) for row in rows]
        found = [server for server in cluster.servers if any(f"/{server.pid}/" in owner for owner in owners)]
        return found[0] if found else None

    return eventually(look, 30, what="a server that follows lab's jobs")


def test_jobs_of_an_attached_compute_are_taken_over(cluster: Cluster, api: Api, tmp_path: Path) -> None:
    """Each server dies in turn: running jobs are followed by the other, with metrics, log and end; new ones run."""
    gated = (
        f"echo ran >> {tmp_path}/ran.$0; echo up; {_METRIC} before; "
        f"until [ -e {tmp_path}/go.$0 ]; do sleep 0.05; done; {_METRIC} after; echo end; exit 3"
    )
    commands = [f"sh -c {shlex.quote(gated)} {number}" for number in range(2)]
    names = [api.submit(command, compute="lab") for command in commands]
    for name in names:
        api.wait(name, "Running")
    for number, name in enumerate(names):
        dead = _holder(cluster)
        dead.kill9()
        (tmp_path / f"go.{number}").touch()
        job = api.wait(name, "Failed", timeout=120)
        assert "exit code 3" in job["status_reason"]
        assert api.printed(name) == b"up\nend\n"
        assert (tmp_path / f"ran.{number}").read_text() == "ran\n"
        _status, run = cluster.client.request("GET", f"/mlflow/default/api/2.0/mlflow/runs/get?run_id={name}")
        assert {metric["key"] for metric in run["run"]["data"]["metrics"]} >= {"before", "after"}
        late = api.submit("echo late", compute="lab")
        api.wait(late, "Completed", timeout=120)
        assert _holder(cluster).pid != dead.pid
        dead.start()
