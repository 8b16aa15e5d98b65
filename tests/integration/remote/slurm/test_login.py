"""Slurm behind a login host: a machine of its own that a real server reaches by SSH; its nodes reach no server."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.runner import tls
from tests.integration.jobs.client import Api
from tests.support import sshd
from tests.support.http import first_line
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything
from tests.support.slurm import SlurmRig, why_not
from tests.support.sshd import SshMachine
from tests.support.whole import only_in_a_whole_run

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}


@pytest.fixture(scope="module")
def login_host() -> Iterator[SshMachine]:
    """A machine with an SSH server: in a network of its own, or on loopback where that can't be made."""
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    folder = Path(tempfile.mkdtemp(prefix="lapis-ssh-"))
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        made = sshd.machine(folder / "login", spaces=not sshd.why_no_namespaces(), username="root")
        stack.callback(made.remove)
        yield made


@pytest.fixture(scope="module")
def rig(login_host: SshMachine) -> Iterator[SlurmRig]:
    """A cluster on this machine, which the login host reaches at this end of its only wire."""
    net, _dot, last = login_host.address.rpartition(".")
    rig = SlurmRig(cpus=8, address=f"{net}.{int(last) - 1}" if login_host.space else "127.0.0.1")
    try:
        yield rig.start()
    finally:
        rig.stop()


@pytest.fixture(scope="module")
def document(rig: SlurmRig, login_host: SshMachine) -> dict[str, Any]:
    """What attaches the cluster."""
    return {
        "name": "cluster",
        "type": "slurm",
        "root": str(rig.shared / "lapis"),
        "interpreter": sys.executable,
        "login": {
            "address": login_host.address,
            "port": login_host.port,
            "username": login_host.username,
            "ssh_private_key": login_host.key,
            "host_keys": [login_host.host_key],
        },
        "environment_variables": {"SLURM_CONF": rig.environment["SLURM_CONF"]},
        "partition": "work",
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, rig: SlurmRig, document: dict[str, Any]) -> Iterator[LapisServer]:
    """A server to which the cluster is attached; nothing listens but on its loopback."""
    server = LapisServer(tmp_path_factory.mktemp("login") / "home", SETTINGS).start()
    status, body = Api(server).call("PUT", "/computes/cluster", document)
    assert status == 200, body
    yield server
    server.stop()
    end_everything(Path(document["root"]))
    end_everything(server.home)


@pytest.fixture
def api(server: LapisServer) -> Api:
    return Api(server)


@only_in_a_whole_run
def test_the_compute_shows_nodes_and_no_secret(api: Api, rig: SlurmRig, login_host: SshMachine) -> None:
    _status, body = api.call("GET", "/computes/cluster")
    assert body["state"] == "ready", body
    assert sorted(node["name"] for node in body["nodes"]) == rig.names
    assert login_host.key.splitlines()[1] not in json.dumps(body)


def test_a_job_runs_on_a_node_and_its_traces_are_here(api: Api, server: LapisServer) -> None:
    """Code, metrics, outputs and logs take the way through the login host."""
    script = (
        'python -c "import os, json, urllib.request as u; '
        "r = u.Request(os.environ['MLFLOW_TRACKING_URI'] + '/api/2.0/mlflow/runs/log-metric', "
        "json.dumps({'run_id': os.environ['MLFLOW_RUN_ID'], 'key': 'loss', 'value': 0.5, 'timestamp': 1, 'step': 1})"
        ".encode(), {'Content-Type': 'application/json', "
        "'Authorization': 'Bearer ' + os.environ['MLFLOW_TRACKING_TOKEN']}); u.urlopen(r)\"; "
        "echo on a node; echo artifact > outputs/a.txt; exit 3"
    )
    name = api.submit(script, compute="azureml:cluster")
    job = api.wait(name, "Failed")
    assert "exit code 3" in job["status_reason"]
    assert api.printed(name) == b"on a node\n"
    _status, run = server.request("GET", f"/mlflow/default/api/2.0/mlflow/runs/get?run_id={name}")
    assert {metric["key"]: metric["value"] for metric in run["run"]["data"]["metrics"]}["loss"] == 0.5
    kept = [path for path in server.home.rglob("a.txt") if path.read_text() == "artifact\n"]
    assert kept


@only_in_a_whole_run
def test_a_cancel_reaches_jobs_that_run_and_that_wait(api: Api, rig: SlurmRig) -> None:
    names = [api.submit("echo up; sleep 600", compute="cluster") for _ in range(2)]
    for name in names:
        api.wait(name, "Running")
    for node in rig.names:
        rig.set_node(node, "DRAIN")
    try:
        waiting = api.submit("true", compute="cluster")
        eventually(lambda: "Slurm's queue has it as job" in api.job(waiting)["status_reason"], 30)
        for name in (waiting, *names):
            api.call("POST", f"/jobs/{name}/cancel")
        for name in (waiting, *names):
            api.wait(name, "Canceled")
    finally:
        for node in rig.names:
            rig.set_node(node, "RESUME")


@only_in_a_whole_run
def test_a_sweep_is_one_array_and_each_trial_has_its_end(
    api: Api, server: LapisServer, document: dict[str, Any]
) -> None:
    sweep = {
        "type": "sweep",
        "trial": {"command": "echo trial ${{search_space.x}}", "environment": {"image": "python"}},
        "search_space": {"x": {"type": "choice", "values": [1, 2, 3, 4, 5, 6]}},
        "sampling_algorithm": "grid",
        "objective": {"primary_metric": "loss", "goal": "minimize"},
        "limits": {"max_total_trials": 6, "max_concurrent_trials": 6},
        "compute": "cluster",
    }
    status, body = api.call("PUT", "/jobs/six_trials", {"document": sweep})
    assert status in (200, 201), body
    eventually(lambda: api.job("six_trials")["status"] in ("Completed", "Failed"), 120, what="the sweep's end")
    batches = [json.loads(path.read_text()) for path in Path(document["root"]).glob("slurm/*/batch.json")]
    trials = [batch["jobs"] for batch in batches if any("six_trials" in job for job in batch["jobs"])]
    assert sum(map(len, trials)) == 6, trials
    assert len(trials) <= 2, trials


@only_in_a_whole_run
def test_a_killed_server_and_a_cut_wire_lose_nothing(
    api: Api, server: LapisServer, login_host: SshMachine, document: dict[str, Any]
) -> None:
    """The job goes on and is found again; what it wrote meanwhile is all there."""
    name = api.submit("echo up; while ! [ -e go ]; do sleep 0.05; done; echo end", compute="cluster")
    api.wait(name, "Running")
    server.kill9()
    if login_host.space:
        login_host.kill()
        login_host.start()
    server.start()
    eventually(lambda: b"up" in api.log(name), 60, what="the log, read through the new server")
    (Path(document["root"]) / "runs" / "default" / name / "work" / "go").touch()
    api.wait(name, "Completed")
    assert api.printed(name) == b"up\nend\n"


@only_in_a_whole_run
def test_nobody_but_the_jobs_comes_in_at_the_agent(
    server: LapisServer, login_host: SshMachine, document: dict[str, Any]
) -> None:
    """It listens where the nodes reach it, and nowhere else; without the folder's certificate nothing answers."""
    known = json.loads((Path(document["root"]) / "run" / "server.json").read_text())
    host, port = known["url"].removeprefix("https://").split(":")
    assert host == login_host.address
    if login_host.space:
        listening = login_host.do(f"ss -Hltn 'sport = :{port}'").split()
        assert f"{host}:{port}" in listening
        assert not {f"0.0.0.0:{port}", f"*:{port}"} & set(listening)
    door = Path(known["tls_client"])
    assert door.stat().st_mode & 0o077 == 0
    assert first_line(host, int(port), None) == ""
    assert first_line(host, int(port), tls.context(str(door))) == ""
    assert first_line(host, int(port), tls.context(str(door), str(door))).startswith("HTTP/1.1 401")


@only_in_a_whole_run
def test_a_login_host_that_is_not_who_it_was_is_refused(api: Api, document: dict[str, Any], rig: SlurmRig) -> None:
    """With its own key pinned to another the compute is away, and says why."""
    other = {
        **document["login"],
        "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"],
    }
    status, body = api.call(
        "PUT", "/computes/other", {**document, "name": "other", "root": str(rig.shared / "other"), "login": other}
    )
    assert status == 200, body
    assert body["state"] == "unreachable"
    assert "key" in body["state_sentence"]
    assert api.call("DELETE", "/computes/other")[0] == 204


@only_in_a_whole_run
def test_detaching_with_force_ends_the_jobs(api: Api, document: dict[str, Any]) -> None:
    name = api.submit("echo up; sleep 600", compute="cluster")
    api.wait(name, "Running")
    status, refused = api.call("DELETE", "/computes/cluster")
    assert status == 409, refused
    api.call("DELETE", "/computes/cluster?force=true")
    api.wait(name, "Canceled")
    eventually(lambda: api.call("DELETE", "/computes/cluster")[0] in (204, 404), 30)
