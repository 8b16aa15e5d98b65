"""A node that its cluster gave up: what ran there stands still before, and is killed when the node is back."""

from __future__ import annotations

import os
import signal
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

THERE = ResourceSpec(cpus=0.5, instance_type="second")
WRITES = "echo up; while :; do date +%s%N >> {line}; sleep 0.05; done"
SOON = {
    "RAY_health_check_initial_delay_ms": "500",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}


@pytest.fixture
def cluster() -> Iterator[RayCluster]:
    """A head that calls a silent node dead after some seconds, and another node."""
    made = RayCluster(variables=SOON)
    try:
        made.start(cpus=1)
        made.join("n1", cpus=2, resources={"second": 1})
        yield made
    finally:
        made.stop()


@pytest.fixture
def rig(tmp_path: Path, cluster: RayCluster) -> Iterator[RayRig]:
    """The server's side."""
    made = RayRig(cluster, tmp_path, server=cluster.folder / "server", patience_s=15.0)
    yield made
    made.close()
    made.end_jobs()


def _ray_of(cluster: RayCluster, node: str) -> list[int]:
    """Return Ray's own processes of a node, its keeper among them, without those of jobs and of the fence."""
    marks = (b"lapisml.", b"sleep", b"bash", b"date")
    found = []
    for pid in {cluster.nodes[node].raylet, *cluster.processes_of(node)}:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
        name = Path(f"/proc/{pid}/comm").read_text()
        if not any(mark in line for mark in marks) and not name.startswith("lapis-"):
            found.append(pid)
    return found


def _grows(line: Path) -> bool:
    """Say whether something is written within ten times what lies between two lines."""
    before = line.stat().st_size
    try:
        eventually(lambda: line.stat().st_size != before, timeout=0.5)
    except AssertionError:
        return False
    return True


def test_what_was_called_lost_writes_no_more(rig: RayRig, cluster: RayCluster) -> None:
    """A node falls silent: its job stands still before it is called lost, and is gone when the node is back."""
    bench, line = Bench(rig.backend, rig.shared), rig.shared / "line"
    bench.follow(bench.submit("true", resources=THERE), timeout=90)
    handle = bench.running(WRITES.format(line=line), resources=THERE)
    replica = bench.running("echo up; sleep 600", resources=THERE)
    cut = _ray_of(cluster, "n1")
    for pid in cut:
        os.kill(pid, signal.SIGSTOP)
    assert _grows(line)
    course = bench.follow(handle, timeout=120)
    assert course.exit.reason_code is EndReason.NODE_LOST
    assert "n1 is gone" in course.exit.reason
    assert not _grows(line)
    assert bench.follow(replica, timeout=30).exit.reason_code is EndReason.NODE_LOST
    held = [p for p in cluster.processes_of("n1") if b"while :" in Path(f"/proc/{p}/cmdline").read_bytes()]
    assert held  # it only stands still: nobody could tell it anything
    for pid in cut:
        cluster.end(pid)
    cluster.nodes.pop("n1")
    cluster.join("n1", cpus=2, resources={"second": 1})
    eventually(lambda: not [p for p in held if Path(f"/proc/{p}").exists()], timeout=60)
    assert not _grows(line)
    assert bench.follow(bench.submit("exit 3", resources=THERE), timeout=60).exit.exit_code == 3
    bench.backend.discard(handle)


def test_what_was_not_called_lost_goes_on(rig: RayRig, cluster: RayCluster) -> None:
    """A node's keeper falls silent for a while, and its node is not given up: the job only stood still."""
    bench, line = Bench(rig.backend, rig.shared), rig.shared / "line"
    bench.follow(bench.submit("true", resources=THERE), timeout=90)
    handle = bench.running(WRITES.format(line=line), resources=THERE)
    keepers = cluster.processes("ray::Keeper")
    for pid in keepers:
        os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: _state(cluster) == "T", timeout=60)
        assert not _grows(line)
    finally:
        for pid in keepers:
            os.kill(pid, signal.SIGCONT)
    stood = line.stat().st_size
    eventually(lambda: line.stat().st_size > stood, timeout=30)
    eventually(lambda: bench.look(handle).phase is JobPhase.RUNNING, timeout=60)
    bench.backend.cancel(handle, grace_s=0)
    bench.follow(handle, timeout=60)


def _state(cluster: RayCluster) -> str:
    """Return the state of the writing job's process, as ``/proc`` has it."""
    for pid in cluster.processes("while :"):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""
