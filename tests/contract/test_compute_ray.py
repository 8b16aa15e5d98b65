"""Jobs on a Ray cluster, through the front there, keep what the compute port promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "lapisml.testing.compute", "lapisml.testing.compute_bench", "lapisml.testing.compute_faults"
)

from lapisml.testing.compute import ComputeBackendSuite  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from lapisml.testing.compute_faults import SupervisorFaultSuite  # noqa: E402
from tests.support.ray_cluster import RayCluster, RayRig  # noqa: E402
from tests.support.whole import only_in_a_whole_run  # noqa: E402

pytestmark = only_in_a_whole_run


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """A cluster of one node, whose environment has what no job may see."""
    variables = {"AWS_SECRET_ACCESS_KEY": "canary-1", "LAPIS_TOKEN": "canary-2", "TZ": "Europe/Paris"}
    made = RayCluster(variables=variables, umask=0o027)
    try:
        yield made.start(cpus=16)
    finally:
        made.stop()


@pytest.fixture
def bench(tmp_path: Path, cluster: RayCluster) -> Iterator[Bench]:
    """Jobs on the cluster's only node; the front stays from test to test."""
    rig = RayRig(cluster, tmp_path, server=cluster.folder / "server")
    yield Bench(rig.backend, tmp_path, rig.root("n0"))
    rig.close()
    rig.end_jobs()


class TestRay(ComputeBackendSuite, SupervisorFaultSuite):
    def test_a_folder_without_supervisor_is_repaired(self, bench: Bench) -> None:
        """A folder that the front has no record of is found by submitting; looking there finds nothing."""
        spec = bench.spec("exit 2")
        assert bench.follow(bench.backend.submit(spec)).exit.exit_code == 2
