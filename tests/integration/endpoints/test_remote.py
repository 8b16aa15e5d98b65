"""Deployments on a compute of other machines: where replicas run, what becomes of them, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Capabilities
from lapisml.server.features.endpoints.wire import deployment_body
from tests.integration.endpoints.remote_site import PROBE, Site, nodes_of, running
from tests.integration.endpoints.world import serving_world
from tests.support.machines import Machines, pids_of, power_off
from tests.support.nodes import NodeRig

SERVING = Capabilities(local_paths=False, serving=True)


def folders(tmp_path: Path) -> list[Path]:
    """Make the folders of three machines."""
    made = [tmp_path / name for name in ("alpha", "beta", "gamma")]
    for home in made:
        home.mkdir()
    return made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server over three machines."""
    homes = folders(tmp_path)
    yield from running(Site(tmp_path, lambda _home: Machines(homes)))
    for one in homes:
        power_off(one)


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Site]:
    """The same, with an agent on each of them, as on machines that are reached from elsewhere."""
    homes = folders(tmp_path)

    def made(home: Path) -> Machines:
        return Machines(homes, lambda root: NodeRig(home, root).backend(capabilities=SERVING))

    yield from running(Site(tmp_path, made))
    for one in homes:
        power_off(one)


@pytest.fixture(params=["site", "agents"])
def any_site(request: pytest.FixtureRequest) -> Site:
    """One of both."""
    found: Site = request.getfixturevalue(request.param)
    return found


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
    body = deployment_body("default", site.serving.view())
    assert body["replicas"] == {"ready": 4, "wanted": 4}
    assert body["properties"]["lapis.machines"] == "alpha: 2 of 2 ready; beta: 1 of 1 ready; gamma: 1 of 1 ready"
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
