"""Slurm's daemons are killed, and machines start anew, in the midst of jobs."""

from __future__ import annotations

import json

from lapisml.ports.compute import EndReason, Handle, JobPhase, Outcome, ResourceSpec
from lapisml.testing.compute_bench import Bench
from tests.support.polling import eventually
from tests.support.slurm import SlurmRig
from tests.support.slurm_site import SlurmSite, folder_of, says
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run


def new_rig() -> SlurmRig:
    """Make a cluster that soon misses a node."""
    return SlurmRig(cpus=2, settings={"SlurmdTimeout": "5"})


def node_of(bench: Bench, handle: Handle) -> str:
    return str(json.loads((folder_of(bench, handle) / "slurm_claim.json").read_text())["node"])


def batch_of(bench: Bench, handle: Handle) -> str:
    """Return the mark of a job's batch; empty while it is in none."""
    path = folder_of(bench, handle) / "slurm.json"
    return str(json.loads(path.read_text())["batch"]) if path.exists() else ""


def lost(bench: Bench, handle: Handle, node: str) -> None:
    exit_ = bench.follow(handle, timeout=90).exit
    assert (exit_.outcome, exit_.reason_code) == (Outcome.FAILED, EndReason.NODE_LOST), exit_
    assert node in exit_.reason


def test_a_killed_controller_that_comes_back_loses_nothing(rig: SlurmRig, bench: Bench) -> None:
    """Killed at once, over and over, with jobs that run and jobs that wait: each runs once, to its own end."""
    wait = "while ! test -e ../go; do sleep 0.05; done"
    running = [bench.running(f"echo up; echo r >> {bench.home}/r{n}; {wait}; exit {n}") for n in range(4)]
    waiting = [bench.submit(f"echo r >> {bench.home}/w{n}", resources=ResourceSpec(cpus=2)) for n in range(4)]
    for handle in waiting:
        says(bench, handle, "Slurm's queue has it as job", JobPhase.SUBMITTED)
    rig.saved()
    for _turn in range(3):
        rig.kill_controller(at_once=True)
        says(bench, running[0], "Slurm does not answer", JobPhase.UNKNOWN)
        rig.start_controller()
        for handle in running:
            bench.wait(lambda handle=handle: bench.look(handle).phase is JobPhase.RUNNING)  # type: ignore[misc]
    for handle in running:
        (folder_of(bench, handle) / "go").touch()
    assert [bench.follow(handle, timeout=60).exit.exit_code for handle in running] == [0, 1, 2, 3]
    for handle in waiting:
        assert bench.follow(handle, timeout=90).exit.outcome is Outcome.COMPLETED
    names = [f"{kind}{number}" for kind in "rw" for number in range(4)]
    assert [(bench.home / name).read_text() for name in names] == ["r\n"] * 8


def test_a_job_that_the_controller_forgot_before_it_ran_is_handed_over_again(rig: SlurmRig, bench: Bench) -> None:
    """The controller is killed before it has written down what it took: the job waits still, and runs once."""
    holders = [bench.running("echo up; sleep 600", resources=ResourceSpec(cpus=2)) for _ in range(2)]
    rig.saved()
    handle = bench.submit(f"echo ran >> {bench.home}/ran")
    says(bench, handle, "Slurm's queue has it as job", JobPhase.SUBMITTED)
    before = batch_of(bench, handle)
    rig.kill_controller(at_once=True)
    rig.start_controller()
    eventually(
        lambda: bench.look(handle) and batch_of(bench, handle) not in ("", before), 30, what="a batch of its own, anew"
    )
    says(bench, handle, "Slurm's queue has it as job", JobPhase.SUBMITTED)
    for holder in holders:
        bench.backend.cancel(holder, grace_s=1)
    assert bench.follow(handle, timeout=90).exit.outcome is Outcome.COMPLETED
    assert (bench.home / "ran").read_text() == "ran\n"


def test_a_node_that_vanishes_is_noticed_by_slurm_alone(rig: SlurmRig, bench: Bench, site: SlurmSite) -> None:
    """Its power is gone and nobody tells: after SlurmdTimeout its job ends, whether Slurm would requeue it or not."""
    for requeue in (True, False):
        site.node.document["requeue"] = requeue
        bench.restart()
        handle = bench.running("echo up; sleep 600")
        node = node_of(bench, handle)
        try:
            rig.kill_node(node)
            lost(bench, handle, node)
        finally:
            rig.bring_back(node)


def test_a_killed_slurmd_alone_ends_nothing(rig: SlurmRig, bench: Bench) -> None:
    """The job goes on, and the daemon that comes back finds it."""
    handle = bench.running("echo up; while ! test -e ../go; do sleep 0.05; done; exit 5")
    node = node_of(bench, handle)
    rig.kill_node(node, jobs=False)
    rig.start_node(node)
    (folder_of(bench, handle) / "go").touch()
    assert bench.follow(handle, timeout=60).exit.exit_code == 5
    rig.bring_back(node)


def test_a_node_that_starts_anew_ends_its_job_with_that_reason(rig: SlurmRig, bench: Bench) -> None:
    """It is back before anybody missed it."""
    handle = bench.running("echo up; sleep 600")
    node = node_of(bench, handle)
    rig.kill_node(node)
    rig.start_node(node, rebooted=True)
    try:
        lost(bench, handle, node)
        assert bench.run("true", timeout=60).exit.outcome is Outcome.COMPLETED
    finally:
        rig.bring_back(node)
