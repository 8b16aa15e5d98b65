"""Deployments on a compute of other machines: where replicas run, what becomes of them, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.serving import LocalGateway
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.gateway.settings import GatewaySettings
from lapisml.ports import serving
from lapisml.ports.compute import Capabilities, ComputeBackend
from lapisml.ports.serving import RevisionRecord
from lapisml.server.features.workspaces.service import Workspace
from tests.integration.endpoints.conftest import ECHO
from tests.integration.endpoints.world import Serving, serving_world
from tests.support.load import Load
from tests.support.machines import Machines, pids_of, power_off
from tests.support.nodes import NodeRig
from tests.support.processes import free_port
from tests.support.server import end_everything

SERVING = Capabilities(local_paths=False, serving=True)
PROBE = {"initial_delay": 60, "period": 1, "timeout": 2, "failure_threshold": 5}


class Site:
    """A server's endpoints over a real gateway and three machines, two of which are enough."""

    def __init__(self, tmp_path: Path, *, agents: bool) -> None:
        homes = [tmp_path / name for name in ("alpha", "beta", "gamma")]
        for home in homes:
            home.mkdir()
        self.home = tmp_path / "home"
        self.rigs = [NodeRig(self.home, home) for home in homes] if agents else []
        by_root = {rig.root: rig for rig in self.rigs}
        self.machines = Machines(homes, (lambda home: by_root[home].backend(capabilities=SERVING)) if agents else None)
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


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server over three machines."""
    yield from running(Site(tmp_path, agents=False))


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Site]:
    """The same, with an agent on each of them, as on machines that are reached from elsewhere."""
    yield from running(Site(tmp_path, agents=True))


@pytest.fixture(params=["site", "agents"])
def any_site(request: pytest.FixtureRequest) -> Site:
    """One of both."""
    found: Site = request.getfixturevalue(request.param)
    return found


def running(made: Site) -> Iterator[Site]:
    """Run a server over machines, and end everything afterwards."""
    with serving_world(made.home, made.url, attached=made.attached, real=made.gateway) as world:
        made.serving = world
        yield made
        made.gateway.end()
        end_everything(made.home)
        for home in made.machines.homes:
            power_off(home)
        made.machines.close()


def nodes_of(record: RevisionRecord | None) -> list[str]:
    """Name the machines that keep replicas which are ready."""
    assert record is not None
    names = {share.name: share.node for share in record.shares}
    return sorted(names[one.share] for one in record.replicas if one.ready)


def test_a_life_on_two_machines(any_site: Site) -> None:
    site = any_site
    site.deploy()
    assert nodes_of(site.record()) == ["alpha", "beta"]
    written = site.serving.places.record(site.serving.view().record.revision).stat()
    site.serving.round(3)
    assert site.serving.places.record(site.serving.view().record.revision).stat() == written  # no news, no new file
    for spec in site.machines.handed_over:
        assert spec.serving is not None
        assert spec.serving.scale == {"type": "default", "instances": 1}
    with site.load() as load:
        site.more(load)
        site.serving.put(
            instance_count=4,
            readiness_probe=PROBE,
            liveness_probe=PROBE,
            request_settings={"request_timeout_ms": 5000, "max_queue_wait_ms": 30000},
        )
        site.ready(4)
        assert len(site.machines.handed_over) >= 2
        site.more(load)
    assert not load.faults
    logs = site.serving.part.logs.tail(site.serving.world.ws, site.serving.view().serving, 5, "inference-server")
    assert "==> alpha: user_logs/std_log.txt <==" in logs
    assert "==> beta: user_logs/replica_0.txt <==" in logs
    site.serving.part.endpoints.delete(site.serving.world.ws, "e")
    site.look(lambda: not site.serving.part.endpoints.all_of(site.serving.world.ws))
    site.look(lambda: not site.machines.folders())
    assert not [path for path in site.serving.places.replicas.iterdir() if path.suffix in (".pem", ".json")]


def test_a_machine_that_dies_under_load_fails_nothing_and_comes_back(any_site: Site) -> None:
    site = any_site
    site.deploy()
    with site.load() as load:
        site.more(load)
        power_off(site.machines.homes[0])
        site.more(load, 100)
        site.ready(2)
        site.more(load)
    assert not load.faults
    assert site.serving.state() == "Succeeded"


def test_a_machine_that_is_away_for_long_is_replaced_by_another(site: Site) -> None:
    site.deploy()
    with site.load() as load:
        site.more(load)
        site.machines.away = {0}
        power_off(site.machines.homes[0])
        site.look(lambda: nodes_of(site.record()) == ["beta"])
        site.more(load)
        site.serving.world.clock.advance(30_000)
        site.look(lambda: nodes_of(site.record()) == ["beta", "gamma"])
        site.more(load)
        site.machines.away = set()
        site.look(lambda: not [name for name in site.machines.folders() if "--n0--" in name])
        assert nodes_of(site.record()) == ["beta", "gamma"]
        site.more(load)
    assert not load.faults


def test_a_server_that_comes_back_finds_its_shares_again(site: Site) -> None:
    site.deploy()
    before = site.record()
    with site.load() as load:
        site.more(load)
        pids = sorted(one.pid for one in before.replicas)
        site.serving.part.worker.leased.release()
        with serving_world(
            site.home, site.url, owner="two", attached=site.attached, real=site.gateway, again=True
        ) as second:
            site.serving = second
            site.machines.away = {0}
            site.serving.round(3)
            assert {one.port for one in site.record().shares} == {one.port for one in before.shares}
            site.machines.away = set()
            site.ready(2)
            assert sorted(one.pid for one in site.record().replicas) == pids
            site.more(load)
    assert not load.faults


def test_what_is_deleted_while_a_machine_is_away_ends_when_it_is_back(site: Site) -> None:
    site.deploy()
    site.machines.away = {1}
    site.serving.part.endpoints.delete(site.serving.world.ws, "e")
    site.look(lambda: "beta can't be reached" in (site.serving.view().waits_for or ""))
    assert site.serving.state() == "Deleting"
    assert pids_of(site.machines.homes[1])
    site.machines.away = set()
    site.look(lambda: not site.serving.part.endpoints.all_of(site.serving.world.ws))
    assert site.machines.folders() == []


def test_a_script_that_can_not_be_loaded_fails_with_the_machine_s_name(site: Site) -> None:
    site.serving.put_endpoint(compute="azureml:lab")
    bad = site.serving.world.upload(
        {"score.py": b"def init(): raise ValueError('no weights')\ndef run(data): ...\n"}, "code", "code"
    )
    site.serving.extra["code"] = bad.uri
    site.serving.put(instance_count=2)
    site.look(lambda: site.serving.state() == "Failed")
    assert "On alpha: " in str(site.serving.view().error) or "On beta: " in str(site.serving.view().error)
    assert "no weights" in str(site.serving.view().error)
    site.look(lambda: not site.machines.folders())


def test_what_is_refused(site: Site) -> None:
    with pytest.raises(LapisError) as unknown:
        site.serving.put_endpoint(compute="azureml:labb")
    assert unknown.value.code is ErrorCode.REFERENCE_NOT_FOUND
    site.machines.capabilities = Capabilities(serving=False)
    with pytest.raises(LapisError, match="can't run there") as refused:
        site.serving.put_endpoint(compute="azureml:lab")
    assert "runs jobs that end" in str(refused.value.problems[0])
    site.machines.capabilities = Capabilities()
    site.serving.put_endpoint(compute="azureml:lab")
    collector = {"collections": {"model_inputs": {"enabled": True}}}
    with pytest.raises(LapisError, match="can't collect data there"):
        site.serving.put(data_collector=collector)
