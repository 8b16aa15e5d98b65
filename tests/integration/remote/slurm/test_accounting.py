"""A cluster with accounting: what ends jobs there, what they wait for, and what it refuses, each told in words."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from lapisml.ports.compute import EndReason, Handle, JobPhase, Observation, Outcome, ResourceSpec, Watch
from lapisml.runner import layout
from lapisml.testing.compute_bench import Bench
from tests.support.polling import eventually
from tests.support.slurm_accounting import NARROW, AccountedRig, why_not
from tests.support.slurm_site import SlurmSite, folder_of, number_of, says
from tests.support.whole import only_in_a_whole_run

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), only_in_a_whole_run]

STUBBORN = "trap '' TERM; echo up; echo ran >> {}/ran; while :; do sleep 0.1; done"


def new_rig() -> AccountedRig:
    """Make a cluster with accounts; one of its partitions is for nobody here."""
    partitions = (
        "PartitionName=work Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
        "PartitionName=theirs Nodes=ALL MaxTime=INFINITE State=UP AllowQos=urgent",
        "PartitionName=closed Nodes=ALL MaxTime=INFINITE State=UP DisableRootJobs=YES",
    )
    return AccountedRig(cpus=2, partitions=partitions)


def with_keys(site: SlurmSite, bench: Bench, **keys: Any) -> None:
    """Have the compute's document say something else."""
    site.node.document.update(keys)
    bench.restart()


def ends(bench: Bench, handle: Handle, reason: EndReason, words: str) -> None:
    exit_ = bench.follow(handle, timeout=60).exit
    assert (exit_.outcome, exit_.reason_code) == (Outcome.FAILED, reason), exit_
    assert words in exit_.reason


@pytest.fixture
def counted(tmp_path: Path, site: SlurmSite, rig: AccountedRig, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have commands of Slurm write down each call of theirs; `site` has set the search path before."""
    folder, log = tmp_path / "counting", tmp_path / "calls"
    folder.mkdir()
    for name in ("squeue", "sacct"):
        (folder / name).write_text(f'#!/bin/sh\necho {name} >> {log}\nexec /usr/bin/{name} "$@"\n')
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{rig.environment['PATH']}")
    return log


def kill_all_of(bench: Bench, handle: Handle) -> None:
    """Kill a job's command, and all that watches it on its node."""
    known = json.loads((folder_of(bench, handle) / layout.PROCESS).read_text())
    supervisor = known["supervisor"]["pid"]
    keeper = int(Path(f"/proc/{supervisor}/stat").read_text().rpartition(")")[2].split()[1])
    for pid in (keeper, supervisor, known["wrapper"]["pid"], known["child"]["pid"]):
        os.kill(pid, signal.SIGKILL)


def test_jobs_that_the_controller_forgot_are_asked_for_in_one_sacct(
    counted: Path, rig: AccountedRig, site: SlurmSite
) -> None:
    """Their runners were killed: the accounting tells how they ended, whatever their number in one call."""
    bench = site.bench()
    command = "echo up; exec sleep 600"
    handles = [bench.running(command, resources=ResourceSpec(cpus=1)) for _ in range(4)]
    numbers = {number_of(bench, handle) for handle in handles}
    bench.backend.close()
    for handle in handles:
        kill_all_of(bench, handle)
    eventually(lambda: not numbers & set(rig.run("squeue", "-h", "-a", "-t", "all", "-o", "%i").split()), 60)
    counted.unlink(missing_ok=True)
    bench.restart()
    endings = {handle: found.exit for handle, found in _followed(bench, handles).items()}
    for exit_ in endings.values():
        assert exit_ is not None
        assert exit_.reason_code is EndReason.ENDED_BY_COMPUTE
        assert "Slurm calls it FAILED" in exit_.reason
    calls = counted.read_text().split()
    assert calls.count("sacct") == 1, calls


def _followed(bench: Bench, handles: list[Handle]) -> dict[Handle, Observation]:
    """Look at jobs, all in one call, until all have ended."""
    seen: dict[Handle, Observation] = {}

    def over() -> bool:
        seen.update(zip(handles, bench.backend.observe([Watch(handle) for handle in handles]), strict=True))
        return all(found.exit is not None for found in seen.values())

    bench.wait(over, 60, lambda: str(seen))
    return seen


def test_slurms_time_limit_is_named(rig: AccountedRig, bench: Bench) -> None:
    handle = bench.running("echo up; exec sleep 600")
    rig.run("scontrol", "update", f"JobId={number_of(bench, handle)}", "EndTime=now+2")
    ends(bench, handle, EndReason.ENDED_BY_COMPUTE, "time limit in Slurm was reached")


def test_a_time_limit_that_the_job_does_not_heed_is_named(rig: AccountedRig, bench: Bench) -> None:
    handle = bench.running(STUBBORN.format(bench.home))
    rig.run("scontrol", "update", f"JobId={number_of(bench, handle)}", "EndTime=now+2")
    ends(bench, handle, EndReason.ENDED_BY_COMPUTE, "time limit in Slurm was reached")


@pytest.mark.parametrize("command", ["echo up; echo ran >> {}/ran; exec sleep 600", STUBBORN])
@pytest.mark.parametrize("qos", ["weak", "normal"])
def test_a_preempted_job_ends_and_never_runs_twice(
    rig: AccountedRig, site: SlurmSite, bench: Bench, qos: str, command: str
) -> None:
    """Whether Slurm ends it or puts it back into its queue: its command had begun."""
    with_keys(site, bench, qos=qos)
    handle = bench.running(command.format(bench.home), node_count=2, resources=ResourceSpec(cpus=2))
    rig.run("sbatch", "--qos=urgent", "--nodes=2", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 3")
    ends(bench, handle, EndReason.ENDED_BY_COMPUTE, "preempt")
    eventually(lambda: not rig.run("squeue", "-h").strip(), 60, what="an empty queue")
    assert set((bench.home / "ran").read_text().split("\n")) == {"ran", ""}
    assert len((bench.home / "ran").read_text().split()) == 2


def test_a_preempted_job_that_had_not_begun_runs_once(rig: AccountedRig, site: SlurmSite, bench: Bench) -> None:
    """Its preparation is cut off, and made again when the nodes are free."""
    gate, python = site.home / "gate", site.home / "python"
    python.write_text(f'#!/bin/sh\nwhile ! test -e {gate}; do sleep 0.1; done\nexec /usr/bin/python3 "$@"\n')
    python.chmod(0o755)
    site.tuning["interpreter"] = str(python)
    bench.restart()
    handle = bench.submit(f"echo ran >> {bench.home}/ran", resources=ResourceSpec(cpus=2))
    says(bench, handle, "has not spoken", JobPhase.SUBMITTED)
    number = number_of(bench, handle)
    rig.run("sbatch", "--qos=urgent", "--nodes=2", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 1")
    says(bench, handle, "Slurm's queue has it", JobPhase.SUBMITTED)
    gate.touch()
    eventually(lambda: number not in rig.run("squeue", "-h", "-t", "RUNNING", "-o", "%i").split(), 30)
    rig.release(number)
    assert bench.follow(handle, timeout=90).exit.outcome is Outcome.COMPLETED
    assert (bench.home / "ran").read_text() == "ran\n"


def test_a_held_job_says_who_lets_it_go(rig: AccountedRig, bench: Bench) -> None:
    holder = bench.running("echo up; sleep 600", node_count=2, resources=ResourceSpec(cpus=2))
    handle = bench.submit("true")
    says(bench, handle, "Slurm's queue has it as job", JobPhase.SUBMITTED)
    number = number_of(bench, handle)
    rig.run("scontrol", "uhold", number)
    says(bench, handle, "`scontrol release` lets it go (JobHeldUser)", JobPhase.SUBMITTED)
    rig.run("scontrol", "release", number)
    rig.run("scontrol", "hold", number)
    says(bench, handle, "an administrator holds it", JobPhase.SUBMITTED)
    rig.run("scontrol", "release", number)
    bench.backend.cancel(holder, grace_s=1)
    assert bench.follow(handle, timeout=60).exit.outcome is Outcome.COMPLETED


def test_a_partition_that_does_not_take_it_is_a_wait_in_words(site: SlurmSite, bench: Bench) -> None:
    """Slurm keeps it in its queue: somebody may change the partition."""
    with_keys(site, bench, partition="theirs", qos="normal")
    handle = bench.submit("true")
    says(bench, handle, "not permitted to use this partition (theirs allows urgent not normal)", JobPhase.SUBMITTED)
    bench.backend.cancel(handle)
    assert bench.follow(handle).exit.outcome is Outcome.CANCELED


def test_a_dependency_is_told(rig: AccountedRig, bench: Bench) -> None:
    holder = bench.running("echo up; sleep 600", node_count=2, resources=ResourceSpec(cpus=2))
    handle = bench.submit("true")
    says(bench, handle, "Slurm's queue has it as job", JobPhase.SUBMITTED)
    before, number = number_of(bench, holder), number_of(bench, handle)
    rig.run("scontrol", "update", f"JobId={number}", f"Dependency=afternotok:{before}")
    says(bench, handle, "it waits for another job (Dependency)", JobPhase.SUBMITTED)
    bench.backend.cancel(holder, grace_s=1)
    says(bench, handle, "(DependencyNeverSatisfied)", JobPhase.SUBMITTED)
    bench.backend.cancel(handle)
    assert bench.follow(handle).exit.outcome is Outcome.CANCELED


def test_an_account_that_is_full_lets_jobs_wait(site: SlurmSite, bench: Bench) -> None:
    """What it has no room for stays with us, in Slurm's words, and each runs once."""
    with_keys(site, bench, account=NARROW)
    first = [bench.running("echo up; while ! test -e ../go; do sleep 0.1; done") for _ in range(2)]
    third = bench.submit(f"echo ran >> {bench.home}/third")
    says(bench, third, "submit limit", JobPhase.SUBMITTED)
    for handle in first:
        (folder_of(bench, handle) / "go").touch()
    assert bench.follow(third, timeout=90).exit.outcome is Outcome.COMPLETED
    assert (bench.home / "third").read_text() == "ran\n"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"account": "nobody"}, "Invalid account"),
        ({"qos": "golden"}, "Invalid qos"),
        ({"partition": "closed"}, "invalid user"),
        ({"constraint": "a100"}, "feature"),
        ({"partition": "work", "sbatch_options": {"nodelist": "n77"}}, "node"),
        ({"sbatch_options": {"reservation": "mine"}}, "reservation"),
        ({"sbatch_options": {"licenses": "matlab"}}, "license"),
    ],
)
def test_what_slurm_refuses_ends_the_job_in_its_words(
    site: SlurmSite, bench: Bench, keys: dict[str, Any], words: str
) -> None:
    with_keys(site, bench, **keys)
    handle = bench.submit(f"touch {bench.home}/ran")
    exit_ = bench.follow(handle).exit
    assert (exit_.outcome, exit_.reason_code) == (Outcome.FAILED, EndReason.REFUSED)
    assert words.lower() in exit_.reason.lower()
    assert not (bench.home / "ran").exists()


def test_more_than_a_node_has_is_refused(bench: Bench) -> None:
    ends(bench, bench.submit("true", resources=ResourceSpec(memory_mb=10**6)), EndReason.REFUSED, "sbatch")


def test_accounting_that_is_away_ends_nothing(rig: AccountedRig, site: SlurmSite, bench: Bench) -> None:
    """Jobs go on; one that ended and that the controller forgot is unknown until the accounting is back."""
    site.tuning["lost_after_s"] = 0.5
    bench.restart()
    long = bench.running("echo up; while ! test -e ../go; do sleep 0.1; done")
    killed = bench.running(STUBBORN.format(bench.home))
    number = number_of(bench, killed)
    bench.backend.close()
    rig.run("scancel", number)
    eventually(lambda: number not in rig.run("squeue", "-h", "-a", "-t", "all", "-o", "%i").split(), 60)
    known = folder_of(bench, killed) / "exit.json"
    eventually(lambda: rig.run("sacct", "-n", "-X", "-j", number, "-o", "State").strip().startswith("CANCELLED"), 30)
    rig.kill_accounting()
    bench.restart()
    try:
        if not known.exists():
            says(bench, killed, "its accounting does not answer", JobPhase.UNKNOWN)
        assert bench.look(long).phase is JobPhase.RUNNING
    finally:
        rig.start_accounting()
    ends(bench, killed, EndReason.ENDED_BY_COMPUTE, "not through Lapis")
    (folder_of(bench, long) / "go").touch()
    assert bench.follow(long, timeout=60).exit.outcome is Outcome.COMPLETED


def test_jobs_of_the_same_number_are_told_apart(rig: AccountedRig, bench: Bench) -> None:
    """Numbers that a controller gives a second time are no jobs of ours."""
    handle = bench.running("echo up; sleep 600")
    other = rig.run("sbatch", "--parsable", "-o", "/dev/null", "--wrap", "sleep 600").strip()
    member = json.loads((folder_of(bench, handle) / "slurm.json").read_text())
    own = number_of(bench, handle)
    record = bench.jobs / "slurm" / member["batch"] / "number.json"
    record.write_text(json.dumps(other))
    bench.restart()
    says(bench, handle, f"does not know job {other}", JobPhase.UNKNOWN)
    record.write_text(json.dumps(own))
    bench.restart()
    bench.wait(lambda: bench.look(handle).phase is JobPhase.RUNNING)
