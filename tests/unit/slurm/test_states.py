"""What Slurm prints, read and told."""

from __future__ import annotations

import pytest

from lapisml.backends.compute.slurm import commands, places, script, states
from lapisml.backends.compute.slurm.states import JobState
from lapisml.ports.endings import SENTENCES, EndReason

QUEUE = """\
12|RUNNING|n1|2026-11-22T04:05:10|None|calm.0123
13_4|PENDING||N/A|Resources|a|b.4567
13_5|PENDING||2026-11-22T05:00:00|Priority|a.4567
slurm_load_jobs: something else
14|CANCELLED|n[1-2]|2026-11-22T04:05:10|None|x
|||||
"""


def test_the_queue_is_read() -> None:
    """Every job, whatever its name holds; lines that are none are passed over."""
    found = states.from_squeue(QUEUE)
    assert list(found) == ["12", "13_4", "13_5", "14"]
    assert found["13_4"] == JobState("13_4", "PENDING", "", "", "Resources", "a|b.4567")
    assert found["13_5"].waits
    assert found["14"].is_over
    assert not found["12"].is_over
    assert states.number_of("4567", found.values()) == "13"
    assert states.number_of("nobody", found.values()) is None


def test_the_accounting_is_read() -> None:
    """The last line of a job that was requeued counts, and who cancelled it is kept."""
    text = "12|NODE_FAIL|n1|Unknown|None|calm\n12|CANCELLED by 1000|n2|2026-11-22T04:05:10|None|calm\n"
    found = states.from_sacct(text)["12"]
    assert (found.state, found.reason, found.nodes) == ("CANCELLED", "by 1000", "n2")
    reason, words = states.ending_of(found)
    assert reason is EndReason.ENDED_BY_COMPUTE
    assert "by user 1000" in words["error"]


@pytest.mark.parametrize(
    ("state", "reason", "says"),
    [
        ("TIMEOUT", EndReason.ENDED_BY_COMPUTE, "time limit"),
        ("PREEMPTED", EndReason.ENDED_BY_COMPUTE, "preemption"),
        ("NODE_FAIL", EndReason.NODE_LOST, "n1"),
        ("BOOT_FAIL", EndReason.NODE_LOST, "could not be started"),
        ("OUT_OF_MEMORY", EndReason.OUT_OF_MEMORY, "resources.memory"),
        ("CANCELLED", EndReason.ENDED_BY_COMPUTE, "not through Lapis"),
        ("DEADLINE", EndReason.ENDED_BY_COMPUTE, "deadline"),
        ("COMPLETED", EndReason.ENDED_BY_COMPUTE, "no ending"),
        ("FAILED", EndReason.ENDED_BY_COMPUTE, "There is no Python"),
    ],
)
def test_every_ending_has_a_sentence(state: str, reason: EndReason, says: str) -> None:
    """Whatever Slurm calls it."""
    found, words = states.ending_of(JobState("7", state, "n1"), "There is no Python on n1.")
    assert found is reason
    sentence = SENTENCES[found].format(**words)
    assert says in sentence
    assert "7" in sentence


def test_every_state_that_is_over_has_an_ending() -> None:
    """None is forgotten."""
    for state in states.OVER:
        reason, words = states.ending_of(JobState("7", state))
        assert SENTENCES[reason].format(**words)


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("Priority", "higher priority"),
        ("Resources", "nodes to become free"),
        ("QOSMaxJobsPerUserLimit", "QOS"),
        ("AssocGrpCpuLimit", "account"),
        ("ReqNodeNotAvail, UnavailableNodes:n1", "UnavailableNodes:n1"),
        ("PartitionDown", "partition is down"),
        ("Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions", "down"),
        ("None", "not looked at it yet"),
        ("", "not looked at it yet"),
        ("SomethingNew", "SomethingNew"),
    ],
)
def test_reasons_are_told(reason: str, says: str) -> None:
    """Known ones in plain words, unknown ones as they are."""
    sentence = states.waiting_sentence(JobState("7", "PENDING", reason=reason))
    assert says in sentence
    assert sentence.endswith(".")


def test_nodes_are_read() -> None:
    """A node of two partitions is one node; what is wrong with it is said."""
    text = (
        "n1|idle|4|2000|0.14|(null)|1500|none\nn1|idle|4|2000|0.14|(null)|1500|none\n"
        "n2|down*|64|512000|N/A|gpu:a100:8(S:0-1)|N/A|Not responding\n"
        "n3|drained|4|2000|1.0|gpu:2|100|kernel | update\nn4|mixed|4|2000+|1.0|gpu:t4:1,gpu:h100:2|1|none\n"
    )
    n1, n2, n3, n4 = [node.standing() for node in places.nodes(text)]
    assert (n1.state, n1.cpus, n1.memory_mb, n1.load, n1.sentence) == ("idle", 4, 2000, 0.14, "")
    assert (n2.state, n2.gpus, n2.load) == ("unreachable", 8, None)
    assert "Not responding" in n2.sentence
    assert (n3.state, n3.gpus) == ("down", 2)
    assert "kernel | update" in n3.sentence
    assert (n4.state, n4.gpus, n4.gpu_kind) == ("running", 3, "t4, h100")
    assert (n1.memory_free_mb, n2.memory_free_mb, n2.gpu_kind, n3.gpu_kind) == (1500, None, "a100", "")


def test_partitions_are_read() -> None:
    """Lines of one partition are one partition."""
    cpu, gpu = places.partitions(
        "cpu|up|infinite|(null)|(null)\ncpu|up|infinite|big,fast|(null)\ngpu|down|1-00:00:00|a|gpu:4\n"
    )
    assert (cpu.name, cpu.is_up, cpu.longest_minutes, cpu.features, cpu.gpus) == (
        "cpu",
        True,
        None,
        {"big", "fast"},
        False,
    )
    assert (gpu.is_up, gpu.longest_minutes, gpu.gpus) == (False, 1440, True)
    assert places.largest_array("X = 1\nMaxArraySize            = 1001\n") == 1001
    assert places.largest_array("") is None


def test_what_sbatch_prints_is_read() -> None:
    """With a cluster's name, and after what a plugin of the site says."""
    assert script.number_of("123\n") == "123"
    assert script.number_of("welcome\n123;rig\n") == "123"
    assert script.number_of("nothing") is None
    assert list(script.wish(1.5, 2048, 2, 90)) == ["--cpus-per-task=2", "--mem=2048M", "--gres=gpu:2", "--time=90"]
    assert list(script.wish(None, None, 0, None)) == []


def test_no_secret_reaches_slurms_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """What sbatch has in its environment the job has in its own."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("LAPIS_TOKEN", "canary")
    monkeypatch.setenv("SBATCH_PARTITION", "canary")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "canary")
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm/slurm.conf")
    found = commands.environment()
    assert "canary" not in found.values()
    assert found["SLURM_CONF"] == "/etc/slurm/slurm.conf"
    assert "canary" not in commands.run(["env"])


@pytest.mark.parametrize(
    ("said", "passing"),
    [
        ("sbatch: error: Batch job submission failed: Invalid partition name specified", False),
        ("sbatch: error: Batch job submission failed: Invalid account or account/partition combination", False),
        ("sbatch: error: Batch job submission failed: Requested node configuration is not available", False),
        ("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", True),
        ("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", True),
        ("sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying", True),
        ("sbatch: error: AssocMaxSubmitJobLimit", True),
        ("sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Job violates accounting/QOS policy", True),
    ],
)
def test_a_refusal_is_told_from_trouble_that_passes(said: str, passing: bool) -> None:
    """Only what may be otherwise later is tried again."""
    with pytest.raises(commands.SlurmError) as caught:
        commands.run(["sh", "-c", 'printf "%s\\n" "$1" >&2; exit 1', "sh", said])
    assert caught.value.passing is passing
    assert "sbatch: error" not in str(caught.value)


def test_a_command_that_hangs_or_is_missing_is_trouble_that_passes() -> None:
    """Neither ends a job."""
    with pytest.raises(commands.SlurmError, match="temporarily") as caught:
        commands.run(["sh", "-c", "echo 'sbatch: error: Slurm temporarily unable' >&2; sleep 60"], deadline_s=0.2)
    assert caught.value.passing
    with pytest.raises(commands.SlurmError, match="login host") as caught:
        commands.run(["no-such-command-of-slurm"])
    assert caught.value.passing


def test_a_daemon_that_ends_jobs_for_their_memory_says_so_in_their_output() -> None:
    """Slurm calls the job FAILED then."""
    tail = "slurmstepd-n1: error: StepId=1.batch exceeded memory limit (78536704 > 62914560), being killed"
    reason, words = states.ending_of(JobState("1", "FAILED", "n1"), tail)
    assert reason is EndReason.OUT_OF_MEMORY
    assert "exceeded memory limit" in words["evidence"]
