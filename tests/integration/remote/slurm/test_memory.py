"""A job that takes more memory than it asked for, on nodes whose daemons end it for that."""

from __future__ import annotations

from lapisml.ports.compute import EndReason, Outcome, ResourceSpec
from lapisml.testing.compute_bench import Bench
from tests.support.slurm import SlurmRig
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run

_GREEDY = 'echo up; exec python3 -c "import time; taken = bytearray(900 << 20); time.sleep(600)"'


def new_rig() -> SlurmRig:
    """Make a cluster that looks at jobs' memory every second."""
    watching = {"JobAcctGatherType": "jobacct_gather/linux", "JobAcctGatherFrequency": "1"}
    return SlurmRig(cpus=2, settings={**watching, "JobAcctGatherParams": "OverMemoryKill"})


def test_a_job_that_takes_too_much_memory_ends_for_that(bench: Bench) -> None:
    exit_ = bench.run(_GREEDY, timeout=90, resources=ResourceSpec(memory_mb=500)).exit
    assert (exit_.outcome, exit_.reason_code) == (Outcome.FAILED, EndReason.OUT_OF_MEMORY), exit_
    assert "memory" in exit_.reason
