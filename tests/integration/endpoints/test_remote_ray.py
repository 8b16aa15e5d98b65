"""Deployments on the nodes of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.endpoints.remote_site import Site, nodes_of, running
from tests.support.ray_cluster import RayCluster, RayRig
from tests.support.whole import only_in_a_whole_run

pytestmark = [pytest.mark.slow, only_in_a_whole_run]


@pytest.fixture
def cluster() -> Iterator[RayCluster]:
    """Two nodes beside the head, which runs no jobs."""
    made = RayCluster()
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
    """Replicas on two nodes; what the other could answer is answered, and the lost ones are made anew."""
    site.deploy(model=None)
    site.look(lambda: len(set(nodes_of(site.record()))) == 2)
    with site.load() as load:
        site.more(load)
        for pid in [cluster.nodes["n2"].raylet, *cluster.processes_of("n2")]:
            cluster.end(pid)
        site.more(load, 200)
        cluster.nodes.pop("n2")
        cluster.join("n2", cpus=2)
        site.ready(2)
        site.more(load)
    assert not load.faults, load.faults[:3]
