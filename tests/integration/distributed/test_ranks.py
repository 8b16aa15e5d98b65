"""Jobs of several processes: what their ranks see, and how they end together. No framework is needed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from lapisml.ports.compute import EndReason, Handle, Outcome
from lapisml.ports.launch import DistributionSpec
from lapisml.runner import layout, processes
from lapisml.testing.compute_bench import Bench

TWO = DistributionSpec("pytorch", 2)
WITHOUT_MPI = {"PATH": "/nowhere"}
FOREVER = "echo up; while :; do sleep 0.1; done"


def rank_log(bench: Bench, handle: Handle, rank: int) -> str:
    """Give what a rank has printed."""
    return bench.log(handle, f"user_logs/std_log_process_{rank}.txt")


def both_up(bench: Bench, command: str, **changes: object) -> Handle:
    """Start two ranks and return when each has said `up`."""
    handle = bench.submit(command, distribution=TWO, **changes)
    bench.wait(lambda: all("up" in rank_log(bench, handle, rank) for rank in (0, 1)))
    return handle


def recorded(bench: Bench, handle: Handle, role: str) -> int:
    """Give the pid of a job's supervisor, wrapper or launcher (``child``)."""
    folder = bench.home / "runs" / handle.workspace / handle.job
    return int(json.loads((folder / layout.PROCESS).read_text())[role]["pid"])


def pids(bench: Bench, handle: Handle) -> list[int]:
    """Give the pids that the ranks have printed as ``pid=…``."""
    logs = [rank_log(bench, handle, rank) for rank in (0, 1)]
    return [int(word[4:]) for log in logs for word in log.split() if word.startswith("pid=")]


def all_gone(found: list[int]) -> bool:
    """Say whether none of the processes is there any more."""
    return not any(processes.identity(pid) for pid in found)


def test_every_rank_runs_with_its_own_environment_and_log(bench: Bench) -> None:
    words = "$RANK $LOCAL_RANK $NODE_RANK $WORLD_SIZE $AZUREML_CR_NODE_RANK $AZUREML_NODE_COUNT $MASTER_ADDR"
    handle = bench.submit(f"echo {words}; echo port $MASTER_PORT", distribution=TWO, node_count=2)
    course = bench.follow(handle)
    assert course.exit.outcome is Outcome.COMPLETED
    logs = [rank_log(bench, handle, rank).splitlines() for rank in range(4)]
    assert [lines[0] for lines in logs] == [
        "0 0 0 4 0 2 127.0.0.1",
        "1 1 0 4 0 2 127.0.0.1",
        "2 0 1 4 1 2 127.0.0.1",
        "3 1 1 4 1 2 127.0.0.1",
    ]
    assert len({lines[1] for lines in logs}) == 1
    assert bench.log(handle) == rank_log(bench, handle, 0)


def test_tensorflow_tasks_find_their_cluster(bench: Bench) -> None:
    handle = bench.submit("echo $TF_CONFIG", distribution=DistributionSpec("tensorflow", workers=2))
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    configs = [json.loads(rank_log(bench, handle, rank)) for rank in (0, 1)]
    assert configs[0]["cluster"] == configs[1]["cluster"]
    assert [config["task"] for config in configs] == [{"type": "worker", "index": 0}, {"type": "worker", "index": 1}]


def test_parameter_servers_end_when_the_workers_have_succeeded(bench: Bench) -> None:
    serve = 'case $TF_CONFIG in *\'"type": "ps"\'*) while :; do sleep 0.1; done;; *) echo worked;; esac'
    handle = bench.submit(serve, distribution=DistributionSpec("tensorflow", workers=2, parameter_servers=1))
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED


def test_mpi_without_a_runtime_is_plain_processes_and_a_warning(bench: Bench) -> None:
    words = " ".join(f"$OMPI_COMM_WORLD_{name}" for name in ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE"))
    handle = bench.submit(
        f"echo {words}",
        distribution=DistributionSpec("mpi", 1),
        node_count=2,
        environment_variables=WITHOUT_MPI,
    )
    course = bench.follow(handle)
    assert [rank_log(bench, handle, rank) for rank in (0, 1)] == ["0 2 0 1\n", "1 2 0 1\n"]
    assert any("mpirun" in str(entry.detail.get("warning")) for entry in course.journal)


def test_the_users_variables_win(bench: Bench) -> None:
    handle = bench.submit("echo $MASTER_PORT", distribution=TWO, environment_variables={"MASTER_PORT": "29500"})
    bench.follow(handle)
    assert rank_log(bench, handle, 1) == "29500\n"


def test_a_failing_rank_ends_the_others_and_is_named(bench: Bench) -> None:
    command = f"if [ $RANK = 1 ]; then echo up; echo the cause >&2; exit 3; fi; {FOREVER}"
    course = bench.run(command, distribution=TWO)
    assert (course.exit.outcome, course.exit.reason_code, course.exit.exit_code) == (
        Outcome.FAILED,
        EndReason.EXIT_CODE,
        3,
    )
    assert course.exit.reason == "Rank 1 of 2 (node 0, local rank 1): The command ended with exit code 3."
    assert course.exit.log_tail.splitlines()[-2:] == ["up", "the cause"]


def test_the_others_are_asked_before_they_are_killed(bench: Bench) -> None:
    """A rank that cleans up has the time for it; one that ignores the request has the grace period."""
    polite = "trap 'echo cleaned; exit 0' TERM"
    rest = f"if [ $RANK = 0 ]; then {polite}; else trap '' TERM; fi; echo up; echo pid=$$; {FOREVER}"
    command = f"if [ $RANK = 2 ]; then while ! [ -e go ]; do sleep 0.05; done; exit 4; fi; {rest}"
    handle = bench.submit(command, distribution=DistributionSpec("pytorch", 3), grace_s=0.5)
    bench.wait(lambda: len(pids(bench, handle)) == 2)
    (bench.home / "runs" / handle.workspace / handle.job / layout.WORK / "go").touch()
    course = bench.follow(handle)
    assert "Rank 2 of 3" in course.exit.reason
    assert "cleaned" in rank_log(bench, handle, 0)
    assert all_gone(pids(bench, handle))


def test_children_of_a_failed_rank_end_too(bench: Bench) -> None:
    command = f"if [ $RANK = 1 ]; then setsid sleep 600 & echo pid=$! up; exit 5; fi; {FOREVER}"
    handle = bench.submit(command, distribution=TWO)
    assert bench.follow(handle).exit.exit_code == 5
    assert all_gone(pids(bench, handle))


def test_cancel_ends_every_rank_and_what_it_started(bench: Bench) -> None:
    handle = both_up(bench, f"sleep 600 & echo pid=$! pid=$$; {FOREVER}")
    bench.backend.cancel(handle, grace_s=1, by="ada")
    course = bench.follow(handle)
    assert (course.exit.outcome, course.exit.reason) == (Outcome.CANCELED, "Canceled by ada.")
    assert len(pids(bench, handle)) == 4
    assert all_gone(pids(bench, handle))


def test_a_rank_is_asked_once_when_a_job_is_cancelled(bench: Bench) -> None:
    """The first rank to end is no failure that would end the others a second time."""
    trap = "trap 'echo asked; n=$((n+1))' TERM; if [ $RANK = 0 ]; then trap 'exit 1' TERM; fi"
    handle = both_up(bench, f"{trap}; {FOREVER}")
    bench.backend.cancel(handle, grace_s=1)
    assert bench.follow(handle).exit.reason_code is EndReason.CANCELED
    assert rank_log(bench, handle, 1).count("asked") == 1


def test_the_time_limit_ends_every_rank(bench: Bench) -> None:
    handle = both_up(bench, f"echo pid=$$; trap '' TERM; {FOREVER}", timeout_s=1.0, grace_s=0.2)
    course = bench.follow(handle)
    assert course.exit.reason_code is EndReason.TIMEOUT
    assert all_gone(pids(bench, handle))


def test_a_killed_rank_ends_the_job(bench: Bench) -> None:
    handle = both_up(bench, f"echo pid=$$; {FOREVER}")
    os.kill(pids(bench, handle)[1], signal.SIGKILL)
    course = bench.follow(handle)
    assert (course.exit.outcome, course.exit.reason_code, course.exit.signal) == (Outcome.FAILED, EndReason.KILLED, 9)
    assert course.exit.reason.startswith("Rank 1 of 2 (node 0, local rank 1): The command was killed (SIGKILL)")
    assert all_gone(pids(bench, handle))


def test_a_killed_launcher_ends_the_job(bench: Bench) -> None:
    """It is the command as far as the wrapper is concerned: its status is kept, its ranks are ended."""
    handle = both_up(bench, f"echo pid=$$; {FOREVER}")
    os.kill(recorded(bench, handle, "child"), signal.SIGKILL)
    course = bench.follow(handle)
    assert (course.exit.outcome, course.exit.reason_code) == (Outcome.FAILED, EndReason.KILLED)
    assert all_gone(pids(bench, handle))


@pytest.mark.parametrize("roles", [("supervisor",), ("wrapper",)])
def test_ranks_outlive_a_killed_supervisor_or_wrapper(bench: Bench, roles: tuple[str, ...]) -> None:
    wait = "while ! [ -e {0} ]; do sleep 0.05; done"
    first = f"if [ $RANK = 0 ]; then {wait.format('go')}; echo after; touch said; exit 0; fi"
    handle = both_up(bench, f"echo up; {first}; {wait.format('said')}; exit 1")
    for role in roles:
        os.kill(recorded(bench, handle, role), signal.SIGKILL)
    bench.restart()
    bench.look(handle)
    (Path(bench.home) / "runs" / handle.workspace / handle.job / layout.WORK / "go").touch()
    course = bench.follow(handle)
    assert (course.exit.reason_code, course.exit.exit_code) == (EndReason.EXIT_CODE, 1)
    assert "Rank 1 of 2" in course.exit.reason
    assert rank_log(bench, handle, 0).startswith("up\nafter\n")


def test_the_rank_that_failed_is_known_whoever_is_killed_afterwards(bench: Bench) -> None:
    """Its status is on disk before the other ranks are asked to end."""
    command = f"if [ $RANK = 1 ]; then echo up; sleep 0.2; exit 6; fi; trap '' TERM; {FOREVER}"
    handle = both_up(bench, command, grace_s=600.0)
    folder = bench.home / "runs" / handle.workspace / handle.job
    bench.wait((folder / layout.RANKS).exists)
    os.kill(recorded(bench, handle, "child"), signal.SIGKILL)
    course = bench.follow(handle)
    assert (course.exit.reason_code, course.exit.exit_code) == (EndReason.EXIT_CODE, 6)
    assert "Rank 1 of 2" in course.exit.reason


def test_the_logs_of_all_ranks_become_artifacts(bench: Bench) -> None:
    spec = bench.spec("echo rank $RANK", distribution=TWO)
    bench.follow(bench.backend.submit(spec))
    texts = [bench.artifact(spec, f"user_logs/std_log_process_{rank}.txt").read_text() for rank in (0, 1)]
    assert texts == ["rank 0\n", "rank 1\n"]
    assert bench.artifact(spec, layout.STD_LOG).read_text() == "rank 0\n"
