"""Jobs through Slurm keep what the compute port promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "lapisml.testing.compute", "lapisml.testing.compute_bench", "lapisml.testing.compute_faults"
)

from lapisml.ports.compute import Outcome  # noqa: E402
from lapisml.testing.compute import ComputeBackendSuite  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from lapisml.testing.compute_faults import SupervisorFaultSuite  # noqa: E402
from tests.support.slurm import SlurmRig, why_not  # noqa: E402
from tests.support.slurm_site import SlurmSite  # noqa: E402
from tests.support.whole import only_in_a_whole_run  # noqa: E402

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), only_in_a_whole_run]


@pytest.fixture(scope="module")
def rig() -> Iterator[SlurmRig]:
    """A cluster of two nodes."""
    rig = SlurmRig(cpus=16)
    try:
        yield rig.start()
    finally:
        rig.stop()


@pytest.fixture
def bench(rig: SlurmRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Jobs below a fresh folder of the shared storage; whatever runs there is ended afterwards."""
    site = SlurmSite(rig, tmp_path, monkeypatch)
    yield site.bench()
    site.close()


class TestSlurm(ComputeBackendSuite, SupervisorFaultSuite):
    pass


def test_two_nodes_are_one_job(bench: Bench) -> None:
    """Each runs its share, knows the others, and all is told as one."""
    handle = bench.submit(
        'echo "rank $NODE_RANK of $AZUREML_NODE_COUNT, master $MASTER_ADDR:$MASTER_PORT"', node_count=2
    )
    course = bench.follow(handle, timeout=60)
    assert course.exit.outcome is Outcome.COMPLETED
    logs = [log.path for log in bench.backend.list_logs(handle)]
    said = {line for path in logs if "process" in path for line in bench.log(handle, path).splitlines()}
    assert {line.split(",")[0] for line in said} == {"rank 0 of 2", "rank 1 of 2"}
    assert len({line.split("master ")[1] for line in said}) == 1
