"""Clusters (``amlcompute``) whose jobs run on machines of others, through a real server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.jobs.client import Api
from tests.support import slurm, sshd
from tests.support.polling import eventually
from tests.support.ray_cluster import RayCluster
from tests.support.server import LapisServer, end_everything
from tests.support.whole import only_in_a_whole_run

CLUSTER = {"type": "amlcompute", "max_instances": 1}


@contextmanager
def serving(folder: Path, document: dict[str, Any], **settings: str) -> Iterator[Api]:
    """A server whose clusters run on the compute of a document."""
    given = {"LAPIS_ENVIRONMENT_RESOLUTION": "host", "LAPIS_CLUSTER_BACKEND": "behind", **settings}
    server = LapisServer(folder / "home", given).start()
    api = Api(server)
    try:
        status, body = api.call("PUT", "/computes/behind", {**document, "name": "behind"})
        assert status == 200, body
        yield api
    finally:
        for job in api.call("GET", "/jobs")[1]["value"]:
            api.call("POST", f"/jobs/{job['name']}/cancel")
        server.stop()
        end_everything(server.home)


def put(api: Api, name: str, **keys: Any) -> tuple[int, Any]:
    return api.call("PUT", f"/computes/{name}", {**CLUSTER, **keys})


def one_at_a_time(api: Api, name: str) -> str:
    """Run a job on a cluster of one node while another waits; return what the first printed."""
    first = api.submit("pwd; while ! [ -e go ]; do sleep 0.05; done", compute=name)
    api.wait(first, "Running")
    second = api.submit("echo second", compute=name)
    eventually(lambda: "in line for" in api.job(second)["status_reason"], 20, what="the second job to wait in line")
    nodes = api.call("GET", f"/computes/{name}/nodes")[1]["value"]
    assert len(nodes) >= 1
    api.call("POST", f"/jobs/{first}/cancel")
    api.wait(first, "Canceled")
    api.wait(second, "Completed")
    return api.printed(first).decode()


def test_machines_reached_by_ssh(tmp_path: Path) -> None:
    pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    machine = sshd.machine(tmp_path / "machines" / "m", spaces=False)
    root, address = tmp_path / "node", machine.address
    sizes = {"Standard_NC6": {"hosts": [address]}}
    document = sshd.document(machine, root=str(root), interpreter=sys.executable, slots=2, sizes=sizes)
    try:
        with serving(tmp_path, document) as api:
            status, body = put(api, "large", max_instances=3)
            assert (status, body["error"]["code"]) == (422, "NotSupported"), body
            assert "has places for 2 job(s)" in body["error"]["problems"][0]["message"], body
            assert put(api, "idle", idle_time_before_scale_down=120)[0] == 422
            assert put(api, "strange", size="Standard_D2")[0] == 422
            status, body = put(api, "cpu", size="STANDARD_NC6")
            assert status == 200, body
            assert one_at_a_time(api, "cpu").startswith(str(root))
            assert api.call("PATCH", "/computes/cpu", {"max_instances": 3})[0] == 422
            status, body = api.call("DELETE", "/computes/behind")
            assert status == 204, body
            name = api.submit("true", compute="cpu")
            eventually(lambda: "is not attached" in api.job(name)["status_reason"], 20, what="the reason to wait")
    finally:
        end_everything(root)
        machine.remove()


@only_in_a_whole_run
def test_a_slurm_cluster(tmp_path: Path) -> None:
    if slurm.why_not():
        pytest.skip(slurm.why_not())
    rig = slurm.SlurmRig(nodes=2)
    try:
        rig.start()
        document = {
            "type": "slurm",
            "root": f"{rig.shared}/lapis",
            "interpreter": sys.executable,
            "sizes": {"Standard_D2": {"cpus": 1, "instance_type": "work"}, "Standard_NC6": {"instance_type": "none"}},
        }
        with serving(tmp_path, document, **rig.environment) as api:
            assert put(api, "kept", min_instances=1)[0] == 422
            assert put(api, "cpu", size="Standard_D2")[0] == 200
            assert one_at_a_time(api, "cpu").startswith(f"{rig.shared}/lapis")
            assert put(api, "gpu", size="Standard_NC6")[0] == 200
            job = api.wait(api.submit("true", compute="gpu"), "Failed")
            assert "none" in job["status_reason"], job["status_reason"]
    finally:
        rig.stop()


@only_in_a_whole_run
def test_a_ray_cluster(tmp_path: Path) -> None:
    cluster = RayCluster().start(resources={"bigmem": 1})
    try:
        sizes = {"Standard_M8": {"cpus": 1, "instance_type": "bigmem"}, "Standard_NC6": {"gpus": 1}}
        document = {"type": "ray", "address": cluster.address, "root": str(tmp_path / "node"), "sizes": sizes}

        with serving(tmp_path, document, LAPIS_ENVIRONMENT_RESOLUTION="compatible") as api:
            assert put(api, "kept", min_instances=1)[0] == 422
            status, body = put(api, "mem", size="standard_m8", idle_time_before_scale_down=5)
            assert status == 200, body
            assert one_at_a_time(api, "mem").startswith(str(tmp_path / "node"))
            assert put(api, "gpu", size="Standard_NC6")[0] == 200
            name = api.submit("true", compute="gpu")

            def says_why() -> bool:
                reason = api.job(name)["status_reason"]
                assert "1 GPU" in reason, reason
                return True

            eventually(says_why, 60)
    finally:
        cluster.stop()
