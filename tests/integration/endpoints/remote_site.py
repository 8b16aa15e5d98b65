"""A server's endpoints over a compute of other machines, and a gateway that is a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lapisml.backends.serving import LocalGateway
from lapisml.core.errors import not_found
from lapisml.gateway.settings import GatewaySettings
from lapisml.ports import serving
from lapisml.ports.compute import ComputeBackend
from lapisml.ports.serving import RevisionRecord
from lapisml.server.features.workspaces.service import Workspace
from tests.integration.endpoints.conftest import ECHO
from tests.integration.endpoints.world import Serving, serving_world
from tests.support.load import Load
from tests.support.processes import free_port
from tests.support.server import end_everything

PROBE = {"initial_delay": 60, "period": 1, "timeout": 2, "failure_threshold": 5}


class Site:
    """A server's endpoints over a real gateway and a compute of several machines.

    Args:
        tmp_path: folder for everything.
        machines: makes the compute, given the home folder.
    """

    def __init__(self, tmp_path: Path, machines: Callable[[Path], Any]) -> None:
        self.home = tmp_path / "home"
        self.machines = machines(self.home)
        settings = GatewaySettings(self.home / "serving", port=free_port())
        self.gateway = LocalGateway(settings, self.home / "logs" / "gateway.log")
        self.url = f"sqlite:///{tmp_path / 'test.db'}"
        self.serving: Serving
        self._at = time.monotonic()

    def attached(self, _workspace: Workspace, name: str) -> ComputeBackend | None:
        """Find the one compute that there is."""
        if name in ("local", "serverless"):
            return None
        if name != "lab":
            raise not_found("compute", name)
        return self.machines

    def look(self, until: Callable[[], Any], timeout: float = 60.0) -> Any:
        """Look at everything again and again until something is so; the clock goes as fast as it does."""
        ends = time.monotonic() + timeout
        while not (found := until()):
            assert time.monotonic() < ends, (self.serving.view(), self.record())
            now = time.monotonic()
            self.serving.world.clock.advance(int((now - self._at) * 1000) + 1)
            self._at = now
            self.serving.round()
            time.sleep(0.02)
        return found

    def record(self) -> RevisionRecord | None:
        """Give what the gateway is told of the revision that serves."""
        view = self.serving.view()
        path = self.serving.places.record(view.record.serving or view.record.revision)
        return serving.read(RevisionRecord, path)

    def deploy(self, **more: Any) -> None:
        """Make endpoint and deployment, and wait until it serves."""
        self.serving.put_endpoint(compute="azureml:lab")
        self.serving.extra["code"] = self.serving.world.upload({"score.py": ECHO.encode()}, "code", "code").uri
        keys = {"instance_count": 2, "readiness_probe": PROBE, "liveness_probe": PROBE, **more}
        self.serving.put(request_settings={"request_timeout_ms": 5000, "max_queue_wait_ms": 30000}, **keys)
        self.look(lambda: self.serving.state() in ("Succeeded", "Failed"))
        assert self.serving.state() == "Succeeded", self.serving.view()
        self.serving.put_endpoint(compute="azureml:lab", traffic={"blue": 100})

    def ready(self, count: int) -> None:
        """Wait until so many replicas are ready."""
        self.look(lambda: (r := self.record()) is not None and sum(one.ready for one in r.replicas) == count)

    def load(self) -> Load:
        """Give clients that ask all the time."""
        record = self.gateway.wait()
        assert record is not None
        keys = self.serving.part.endpoints.keys(self.serving.world.ws, "e")
        workspace = self.serving.world.ws.name
        return Load(f"{record.url}/{workspace}/e/score", keys["primaryKey"], [1, 2])

    def more(self, load: Load, count: int = 50) -> None:
        """Wait until so many further requests were answered."""
        wanted = load.good + count
        self.look(lambda: load.good >= wanted)


def running(made: Site) -> Iterator[Site]:
    """Run a server over machines, and end both, and the gateway, afterwards."""
    with serving_world(made.home, made.url, attached=made.attached, real=made.gateway) as world:
        made.serving = world
        yield made
        made.gateway.end()
        end_everything(made.home)
        made.machines.close()


def nodes_of(record: RevisionRecord | None) -> list[str]:
    """Name the machines that keep replicas which are ready."""
    assert record is not None
    names = {share.name: share.node for share in record.shares}
    return sorted(names[one.share] for one in record.replicas if one.ready)
