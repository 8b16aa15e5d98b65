"""Many jobs on a Slurm cluster: sweeps as arrays, one question for all, and a queue that takes no more."""

from __future__ import annotations

import json
from pathlib import Path

from lapisml.backends.compute.slurm.jobs import SlurmJobs
from lapisml.backends.compute.slurm.options import SlurmOptions
from lapisml.ports.compute import Outcome, Watch
from lapisml.testing.compute_bench import Bench
from tests.support.slurm import SlurmRig
from tests.support.slurm_site import SlurmSite
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run


def new_rig() -> SlurmRig:
    """Make a cluster whose queue has room for few jobs."""
    return SlurmRig(cpus=16, settings={"MaxJobCount": "12", "MinJobAge": "2"})


def test_trials_of_one_sweep_become_one_array(site: SlurmSite) -> None:
    """All in one sbatch; each is a job of its own with its own end."""
    bench = site.bench()
    handles = [bench.submit(f"exit {number}", parent="sweep") for number in range(6)]
    assert [bench.follow(handle, timeout=60).exit.exit_code for handle in handles] == list(range(6))
    members = [
        json.loads((bench.jobs / "runs" / handle.workspace / handle.job / "slurm.json").read_text())
        for handle in handles
    ]
    assert len({member["batch"] for member in members}) == 1
    assert sorted(member["index"] for member in members) == list(range(6))


def test_slurm_is_asked_once_about_all_jobs(site: SlurmSite) -> None:
    """Whatever their number."""
    jobs = SlurmJobs(site.root, SlurmOptions(poll_s=30))
    bench = Bench(lambda: jobs, site.home, site.root)
    handles = [bench.submit("sleep 600", parent="sweep") for _ in range(6)]
    watches = [Watch(handle) for handle in handles]
    bench.wait(lambda: all((bench.jobs / "slurm" / mark.name / "number.json").exists() for mark in _batches(bench)))
    before = jobs.questions
    assert len(jobs.observe(watches)) == 6
    assert len(jobs.observe(watches)) == 6
    assert jobs.questions - before <= 1
    jobs.close()


def test_a_full_queue_loses_and_doubles_nothing(site: SlurmSite) -> None:
    """What Slurm can't take stays with us, with its words, and goes there when there is room."""
    bench = site.bench()
    handles = [bench.submit(f"echo ran >> {bench.home}/{number}; sleep 1") for number in range(18)]
    for number, handle in enumerate(handles):
        assert bench.follow(handle, timeout=110).exit.outcome is Outcome.COMPLETED
        assert (bench.home / str(number)).read_text() == "ran\n"


def _batches(bench: Bench) -> list[Path]:
    return list(bench.jobs.glob("slurm/*"))
