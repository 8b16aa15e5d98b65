"""What becomes of jobs when something of a Slurm cluster fails, or somebody else lays hands on them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import EndReason, JobPhase, Outcome
from lapisml.runner import layout
from lapisml.testing.compute_bench import Bench
from tests.support.server import end_everything
from tests.support.slurm import SlurmRig
from tests.support.slurm_site import SlurmSite, folder_of, number_of, says
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run


def test_a_controller_that_is_away_ends_nothing(rig: SlurmRig, bench: Bench) -> None:
    """What runs goes on and its end is seen; nothing is called lost; what is handed over meanwhile runs once later."""
    short = bench.running("echo up; while ! test -e ../go; do sleep 0.05; done; exit 3")
    long = bench.running(f"echo up; echo ran >> {bench.home}/long; while ! test -e ../go; do sleep 0.05; done")
    rig.kill_controller()
    says(bench, short, "Slurm does not answer", JobPhase.UNKNOWN)
    later = bench.submit(f"echo ran >> {bench.home}/later")
    says(bench, later, "asked again", JobPhase.SUBMITTED)
    (folder_of(bench, short) / "go").touch()
    assert bench.follow(short).exit.exit_code == 3
    bench.restart()
    says(bench, long, "Slurm does not answer", JobPhase.UNKNOWN)
    rig.start_controller()
    (folder_of(bench, long) / "go").touch()
    assert bench.follow(long, timeout=60).exit.outcome is Outcome.COMPLETED
    assert bench.follow(later, timeout=60).exit.outcome is Outcome.COMPLETED
    assert (bench.home / "long").read_text() == "ran\n"
    assert (bench.home / "later").read_text() == "ran\n"


def test_a_partition_that_does_not_exist_is_refused_with_those_that_do(bench: Bench, site: SlurmSite) -> None:
    """At the hand-over, before anything was made."""
    site.node.document["partition"] = "nowhere"
    spec = bench.spec("true")
    with pytest.raises(LapisError) as caught:
        bench.restart().submit(spec)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    assert "'nowhere'" in caught.value.message
    assert "work" in caught.value.message
    assert not (bench.jobs / "runs" / spec.workspace / spec.job).exists()


def test_what_only_sbatch_finds_out_ends_the_job_in_its_words(bench: Bench, site: SlurmSite) -> None:
    """A constraint that no node has: the job is refused, not left waiting."""
    site.node.document["constraint"] = "teleport"
    bench.restart()
    course = bench.run("true")
    assert course.exit.reason_code is EndReason.REFUSED
    assert "Invalid feature" in course.exit.reason


def test_a_job_waits_with_the_reason_and_can_be_cancelled_there(bench: Bench) -> None:
    """It never ran, and Slurm has it no more."""
    from lapisml.ports.compute import ResourceSpec

    holders = [bench.running("echo up; sleep 600", resources=ResourceSpec(cpus=2)) for _ in range(2)]
    handle = bench.submit(f"touch {bench.home}/ran", resources=ResourceSpec(cpus=2))
    says(bench, handle, "Slurm's queue has it as job", JobPhase.SUBMITTED)
    bench.backend.cancel(handle, by="ada")
    course = bench.follow(handle)
    assert (course.exit.outcome, course.exit.reason_code) == (Outcome.CANCELED, EndReason.CANCELED)
    assert "ada" in course.exit.reason
    for holder in holders:
        bench.backend.cancel(holder, grace_s=1)
        assert bench.follow(holder).exit.outcome is Outcome.CANCELED
    assert not (bench.home / "ran").exists()


def test_a_crash_between_sbatch_and_its_record_hands_nothing_over_twice(rig: SlurmRig, bench: Bench) -> None:
    """The job is found again in Slurm by its mark."""
    handle = bench.running(f"echo up; echo ran >> {bench.home}/ran; while ! test -e ../go; do sleep 0.05; done")
    number = number_of(bench, handle)
    for path in bench.jobs.glob("slurm/*/number.json"):
        path.unlink()
    bench.restart()
    bench.wait(lambda: bench.look(handle).phase is JobPhase.RUNNING)
    assert number_of(bench, handle) == number
    (folder_of(bench, handle) / "go").touch()
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    assert (bench.home / "ran").read_text() == "ran\n"
    assert rig.run("squeue", "-h", "-t", "all", "-o", "%j").count(handle.job) == 1


def test_a_job_that_slurm_has_twice_runs_once(rig: SlurmRig, bench: Bench) -> None:
    """The second to come finds that the first has claimed it."""
    handle = bench.running(f"echo up; echo ran >> {bench.home}/ran; sleep 2")
    script = next(bench.jobs.glob("slurm/*/script.sh"))
    rig.run("sbatch", "-o", str(bench.home / "twin"), "--wait", str(script))
    assert "runs it already" in (bench.home / "twin").read_text()
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    assert (bench.home / "ran").read_text() == "ran\n"


def test_somebody_else_cancels_a_job_in_slurm(rig: SlurmRig, bench: Bench) -> None:
    """It ends as ended by the compute, in words, whether it ran or waited; its logs are kept."""
    handle = bench.running("echo up; exec sleep 600")
    rig.run("scancel", number_of(bench, handle))
    course = bench.follow(handle)
    assert (course.exit.outcome, course.exit.reason_code) == (Outcome.FAILED, EndReason.ENDED_BY_COMPUTE)
    assert "not through Lapis" in course.exit.reason
    spec = json.loads((folder_of(bench, handle) / "spec.json").read_text())
    assert Path(spec["artifacts"]["location"]["path"], layout.STD_LOG).read_text().startswith("up\n")


def test_a_job_that_does_not_listen_is_ended_by_slurm_in_words(rig: SlurmRig, bench: Bench) -> None:
    """Killed with all that watched it: the login host writes the ending."""
    handle = bench.running("trap '' TERM; echo up; while :; do sleep 0.1; done")
    rig.run("scancel", number_of(bench, handle))
    course = bench.follow(handle, timeout=60)
    assert course.exit.reason_code is EndReason.ENDED_BY_COMPUTE
    assert course.exit.exit_code is None
    assert "not through Lapis" in course.exit.reason


def test_a_requeue_before_the_command_began_goes_on_once(rig: SlurmRig, bench: Bench, site: SlurmSite) -> None:
    """The job begins elsewhere, and its command runs once."""
    gate, python = site.home / "gate", site.home / "python"
    python.write_text(f'#!/bin/sh\nwhile ! test -e {gate}; do sleep 0.1; done\nexec {shutil.which("python3")} "$@"\n')
    python.chmod(0o755)
    site.tuning["interpreter"] = str(python)
    bench.restart()
    handle = bench.submit(f"echo ran >> {bench.home}/ran")
    says(bench, handle, "has not spoken", JobPhase.SUBMITTED)
    rig.run("scontrol", "requeue", number_of(bench, handle))
    gate.touch()
    rig.release(number_of(bench, handle))
    assert bench.follow(handle, timeout=60).exit.outcome is Outcome.COMPLETED
    assert (bench.home / "ran").read_text() == "ran\n"


def test_a_requeue_after_the_command_began_ends_the_job(rig: SlurmRig, bench: Bench) -> None:
    """A command never runs twice; the retry policy decides what then."""
    handle = bench.running(f"trap '' TERM; echo up; echo ran >> {bench.home}/ran; while :; do sleep 0.1; done")
    rig.run("scontrol", "requeue", number_of(bench, handle))
    course = bench.follow(handle, timeout=60)
    assert course.exit.reason_code is EndReason.ENDED_BY_COMPUTE
    assert "queue" in course.exit.reason
    assert (bench.home / "ran").read_text() == "ran\n"


def test_a_killed_supervisor_is_replaced_on_its_node(bench: Bench) -> None:
    """The command never notices."""
    import os
    import signal

    handle = bench.running("echo up; sleep 1; exit 7")
    known = json.loads((folder_of(bench, handle) / layout.PROCESS).read_text())
    os.kill(known["supervisor"]["pid"], signal.SIGKILL)
    assert bench.follow(handle).exit.exit_code == 7


def test_a_node_that_is_gone_ends_its_job_with_that_reason(rig: SlurmRig, bench: Bench) -> None:
    """Its power fails: Slurm notices, and the login host writes the ending; a job beside it goes on."""
    handle = bench.running("echo up; sleep 600")
    node = json.loads((folder_of(bench, handle) / "slurm_claim.json").read_text())["node"]
    try:
        rig.kill_node(node)
        rig.set_node(node, "DOWN", "its power failed")
        course = bench.follow(handle, timeout=60)
        assert (course.exit.outcome, course.exit.reason_code) == (Outcome.FAILED, EndReason.NODE_LOST)
        assert node in course.exit.reason
        assert [n.state for n in bench.backend.describe().nodes if n.name == node] == ["down"]
        assert bench.run("true", timeout=60).exit.outcome is Outcome.COMPLETED
    finally:
        rig.bring_back(node)


@pytest.mark.parametrize("job", ["a;touch x", "$(touch x)", "../../x", "a\nb", "--uid=0", "a b", "%u"])
def test_a_job_with_a_malicious_name_is_refused(bench: Bench, job: str) -> None:
    """It never becomes a folder, let alone an argument."""
    with pytest.raises(LapisError) as caught:
        bench.backend.submit(replace(bench.spec("true"), job=job))
    assert caught.value.code is ErrorCode.NOT_SUPPORTED


def test_a_folder_with_a_name_full_of_traps_works(rig: SlurmRig, bench: Bench, site: SlurmSite) -> None:
    """Blanks, quotes, percent signs and what a shell would run are a path like any other."""
    root = rig.shared / f"""a b'"%u;$(touch {site.home}/never)`id`"""
    site.node.document["root"] = str(root)
    site.node.root = bench.jobs = root
    bench.restart()
    assert bench.run("echo hello").exit.outcome is Outcome.COMPLETED
    assert not (site.home / "never").exists()
    assert next(root.glob("slurm/*/out.0")).read_text() == ""
    end_everything(root)


@pytest.mark.slow
def test_slurms_own_time_limit_is_named(bench: Bench, site: SlurmSite) -> None:
    """A minute is the shortest that Slurm knows."""
    site.node.document["time_limit_minutes"] = 1
    bench.restart()
    course = bench.run("echo up; exec sleep 600", timeout=180)
    assert course.exit.reason_code is EndReason.ENDED_BY_COMPUTE
    assert "time limit" in course.exit.reason
