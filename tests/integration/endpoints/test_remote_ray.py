"""Deployments on the nodes of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("lapisml.testing.compute_bench")

from lapisml.ports.compute import ResourceSpec  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from tests.integration.endpoints.remote_site import Site, nodes_of, running  # noqa: E402
from tests.support.fetched import serving_environment  # noqa: E402
from tests.support.ray_cluster import RayCluster, RayRig  # noqa: E402
from tests.support.whole import only_in_a_whole_run  # noqa: E402

pytestmark = [pytest.mark.slow, only_in_a_whole_run]


@pytest.fixture
def cluster() -> Iterator[RayCluster]:
    """Two nodes beside the head, which runs no jobs."""
    made = RayCluster(environment=serving_environment())
    try:
        made.start(cpus=0)
        made.join("n1", cpus=2)
        made.join("n2", cpus=2)
        yield made
    finally:
        made.stop()


@pytest.fixture
def site(tmp_path: Path, cluster: RayCluster) -> Iterator[Site]:
    """A server to which the cluster is attached."""

    def attached(home: Path) -> object:
        home.mkdir(exist_ok=True)
        return RayRig(cluster, home, server=home, patience_s=5.0).backend()

    yield from running(Site(tmp_path, attached))


def test_a_node_that_dies_fails_no_request(site: Site, cluster: RayCluster) -> None:
    """Each share on a node of its own; what the other could answer is answered; nodes that come later are used."""
    site.deploy(model=None)
    assert nodes_of(site.record()) == ["n1", "n2"]  # the head has no CPU to give
    with site.load() as load:
        site.more(load)
        cluster.kill_machine("n2")
        site.more(load, 200)
        site.look(lambda: nodes_of(site.record()) == ["n1", "n1"])
        site.more(load)
        cluster.join("n2", cpus=2)
        site.look(lambda: nodes_of(site.record()) == ["n1", "n2"])
        site.more(load)
    print(f"{load.good} requests answered, {len(load.faults)} failed")
    assert not load.faults, load.faults[:3]


def test_a_node_without_room_holds_nothing_up(site: Site) -> None:
    """A share that waits for its node is there when there is room; till then the other has its replicas."""
    bench = Bench(lambda: site.machines, site.home)
    busy = bench.running("echo up; sleep 600", resources=ResourceSpec(cpus=2), machine="n2")
    site.deploy(model=None)
    site.look(lambda: nodes_of(site.record()) == ["n1", "n1"])
    assert "Waits for 1 CPU on node n2" in (site.record().reason if site.record() else "")
    site.machines.cancel(busy, grace_s=0)
    site.look(lambda: nodes_of(site.record()) == ["n1", "n2"])
