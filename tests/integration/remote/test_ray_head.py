"""The head of a Ray cluster is started anew: nobody helps, and every job's end is true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("lapisml.testing.compute_bench")

from lapisml.ports.compute import EndReason, JobPhase, ResourceSpec  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from tests.support.polling import eventually  # noqa: E402
from tests.support.ray_cluster import RayCluster, RayRig  # noqa: E402
from tests.support.whole import only_in_a_whole_run  # noqa: E402

pytestmark = [pytest.mark.slow, only_in_a_whole_run]

ON_HEAD = ResourceSpec(cpus=0.5, instance_type="first")
ON_N1 = ResourceSpec(cpus=0.5, instance_type="second")


@pytest.fixture
def cluster() -> Iterator[RayCluster]:
    """A head and another node."""
    made = RayCluster()
    try:
        made.start(cpus=1, resources={"first": 1})
        made.join("n1", cpus=1, resources={"second": 1})
        yield made
    finally:
        made.stop()


@pytest.fixture
def bench(tmp_path: Path, cluster: RayCluster) -> Iterator[Bench]:
    """Hands jobs to the cluster."""
    rig = RayRig(cluster, tmp_path, server=cluster.folder / "server", patience_s=30.0)
    yield Bench(rig.backend, rig.shared)
    rig.close()
    rig.end_jobs()


def test_the_head_dies_and_is_started_again(bench: Bench, cluster: RayCluster) -> None:
    """The head's machine dies and all that Ray knew with it; then head and node are started again, in that order."""
    kept = bench.running(f"echo up; while [ ! -e {bench.home}/go ]; do sleep 0.1; done; exit 3", resources=ON_N1)
    died = bench.running("echo up; sleep 600", resources=ON_HEAD)
    waits = bench.submit("exit 4", resources=ResourceSpec(cpus=1, instance_type="second"))
    bench.follow(waits, lambda course: "Waits for" in course.last.sentence)
    cluster.kill_machine("n0")
    seen = eventually(lambda: (o := bench.look(kept)).phase is JobPhase.UNKNOWN and o, timeout=60)
    assert cluster.address in seen.sentence
    assert bench.look(waits).exit is None
    cluster.kill_node("n1")  # Ray there gives up after a minute by itself; its jobs run on
    cluster.start(cpus=1, resources={"first": 1})
    cluster.join("n1", cpus=1, resources={"second": 1})
    course = bench.follow(died, timeout=120)
    assert course.exit.reason_code in (EndReason.SUPERVISOR_LOST, EndReason.NODE_LOST), course.exit
    bench.follow(kept, lambda course: course.last.phase is JobPhase.RUNNING, timeout=60)
    (bench.home / "go").touch()
    assert bench.follow(kept, timeout=60).exit.exit_code == 3
    assert bench.follow(waits, timeout=60).exit.exit_code == 4
    assert bench.backend.describe().state == "ready"


def test_the_head_dies_and_a_node_does_not_come_back(bench: Bench, cluster: RayCluster) -> None:
    """What was there is lost, and says so; the compute goes on with what there is."""
    lost = bench.running("echo up; sleep 600", resources=ON_N1)
    cluster.kill_machine("n0")
    cluster.kill_machine("n1")
    cluster.start(cpus=1, resources={"first": 1})
    course = bench.follow(lost, timeout=120)
    assert course.exit.reason_code is EndReason.NODE_LOST
    assert "n1 is gone" in course.exit.reason
    assert bench.follow(bench.submit("exit 4", resources=ON_HEAD), timeout=60).exit.exit_code == 4
