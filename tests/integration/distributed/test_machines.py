"""Jobs of two machines, each with a home and an address of its own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import EndReason, Handle, JobPhase, Outcome
from lapisml.ports.launch import DistributionSpec, LaunchSpec
from lapisml.runner import layout, processes
from lapisml.testing.compute_bench import Bench
from tests.support.parted_machines import Machines
from tests.support.server import end_everything

PYTORCH = DistributionSpec("pytorch", 1)
FOREVER = "echo up; while :; do sleep 0.1; done"
MEET = """
import os, socket, time
rank, address = int(os.environ["RANK"]), (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    with socket.create_server(address) as server:
        other, _ = server.accept()
        print("sum", rank + int(other.recv(16)))
else:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(address) as link:
                link.sendall(str(rank).encode())
            break
        except OSError:
            time.sleep(0.02)
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A pool of two machines; whatever runs there is ended afterwards."""
    yield Bench(lambda: Machines(tmp_path), tmp_path)
    for home in tmp_path.glob("node*"):
        end_everything(home)


def rank_log(bench: Bench, handle: Handle, rank: int) -> str:
    """Give what a rank has printed."""
    return bench.log(handle, f"user_logs/std_log_process_{rank}.txt")


def up(bench: Bench, spec: LaunchSpec) -> Handle:
    """Hand a job over and return when both ranks have said `up`."""
    handle = bench.backend.submit(spec)
    bench.wait(lambda: all("up" in rank_log(bench, handle, rank) for rank in (0, 1)))
    return handle


def folder(bench: Bench, handle: Handle, part: int) -> Path:
    """Give the folder of a part."""
    return bench.home / f"node{part}" / "runs" / handle.workspace / (handle.job + (f"+{part}" if part else ""))


def test_each_machine_starts_its_own_ranks(bench: Bench) -> None:
    words = "$RANK $LOCAL_RANK $NODE_RANK $GROUP_RANK $WORLD_SIZE $AZUREML_NODE_COUNT $MASTER_ADDR $AZ_BATCH_HOST_LIST"
    handle = bench.submit(
        f"echo {words} $GLOO_SOCKET_IFNAME", distribution=DistributionSpec("pytorch", 2), node_count=2
    )
    course = bench.follow(handle)
    assert course.exit.outcome is Outcome.COMPLETED
    assert course.phases == ["preparing", "starting", "running", "finalizing", "ended"]
    assert [rank_log(bench, handle, rank).split() for rank in range(4)] == [
        ["0", "0", "0", "0", "4", "2", "127.0.0.1", "127.0.0.1,127.0.0.2", "lo"],
        ["1", "1", "0", "0", "4", "2", "127.0.0.1", "127.0.0.1,127.0.0.2", "lo"],
        ["2", "0", "1", "1", "4", "2", "127.0.0.1", "127.0.0.1,127.0.0.2", "lo"],
        ["3", "1", "1", "1", "4", "2", "127.0.0.1", "127.0.0.1,127.0.0.2", "lo"],
    ]
    assert bench.log(handle) == rank_log(bench, handle, 0)


def test_ranks_meet_over_machines(bench: Bench) -> None:
    handle = bench.submit(f"python3 -c '{MEET}'", distribution=PYTORCH, node_count=2)
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    assert rank_log(bench, handle, 0) == "sum 1\n"


def test_a_tensorflow_cluster_names_every_machine(bench: Bench) -> None:
    spread = DistributionSpec("tensorflow", workers=3)
    handle = bench.submit("echo $TF_CONFIG", distribution=spread, node_count=2)
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    configs = [json.loads(rank_log(bench, handle, rank)) for rank in range(3)]
    hosts = [address.partition(":")[0] for address in configs[0]["cluster"]["worker"]]
    assert hosts == ["127.0.0.1", "127.0.0.2", "127.0.0.1"]
    assert all(config["cluster"] == configs[0]["cluster"] for config in configs)
    assert len(set(configs[0]["cluster"]["worker"])) == 3


def test_parameter_servers_are_refused(bench: Bench) -> None:
    spread = DistributionSpec("tensorflow", workers=2, parameter_servers=1)
    course = bench.run("true", distribution=spread, node_count=2)
    assert course.exit.reason_code is EndReason.COMMAND
    assert "parameter servers" in course.exit.reason


def test_mpi_ranks_are_plain_processes_and_it_says_so_once(bench: Bench) -> None:
    handle = bench.submit(
        "echo $OMPI_COMM_WORLD_RANK $OMPI_COMM_WORLD_LOCAL_RANK", distribution=DistributionSpec("mpi", 1), node_count=2
    )
    course = bench.follow(handle)
    assert [rank_log(bench, handle, rank) for rank in (0, 1)] == ["0 0\n", "1 0\n"]
    assert sum("mpirun" in str(entry.detail.get("warning")) for entry in course.journal) == 1


def test_without_distribution_the_command_runs_on_every_machine(bench: Bench) -> None:
    handle = bench.submit("echo $NODE_RANK $AZUREML_CR_NODE_RANK $MASTER_ADDR", node_count=2)
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    assert [rank_log(bench, handle, rank) for rank in (0, 1)] == ["0 0 127.0.0.1\n", "1 1 127.0.0.1\n"]


def test_a_rank_that_fails_elsewhere_is_named_and_ends_the_others(bench: Bench) -> None:
    failing = "echo up; while ! [ -e go ]; do sleep 0.05; done; echo the cause; exit 3"
    spec = bench.spec(
        f"if [ $RANK = 1 ]; then {failing}; fi; {FOREVER}",
        distribution=PYTORCH,
        node_count=2,
    )
    handle = up(bench, spec)
    (folder(bench, handle, 1) / layout.WORK / "go").touch()
    course = bench.follow(handle)
    assert course.exit.reason == "Rank 1 of 2 (node 1, local rank 0): The command ended with exit code 3."
    assert (course.exit.outcome, course.exit.exit_code) == (Outcome.FAILED, 3)
    assert course.exit.log_tail.splitlines()[-1] == "the cause"
    assert "because node 1 failed: Rank 1 of 2" in bench.log(handle)


def test_a_machine_that_cannot_prepare_ends_the_others_at_once(bench: Bench) -> None:
    backend = bench.backend
    assert isinstance(backend, Machines)
    spec = bench.spec(FOREVER, distribution=PYTORCH, node_count=2, inputs={"x": bench.input("only_here")})
    bench.stored("only_here").parent.mkdir(parents=True, exist_ok=True)
    bench.stored("only_here").write_text("x")
    hosts, ports = ["127.0.0.1", "127.0.0.2"], [40_000, 40_100]
    from lapisml.backends.compute.node.parted import part_specs

    specs = part_specs(spec, hosts, ports)
    broken = {"x": replace(spec.inputs["x"], location=bench.location("nowhere"))}
    backend._counts[spec.job] = 2
    handle = backend._parted.submit(spec, backend.nodes, [specs[0], replace(specs[1], inputs=broken)])
    course = bench.follow(handle)
    assert course.exit.reason_code is EndReason.INPUT
    assert course.exit.reason.startswith("Node 1: Input 'x' could not be prepared")


def test_cancel_ends_every_machine(bench: Bench) -> None:
    handle = up(bench, bench.spec(f"echo pid=$$; {FOREVER}", distribution=PYTORCH, node_count=2))
    found = [int(rank_log(bench, handle, rank).split("pid=")[1].split()[0]) for rank in (0, 1)]
    bench.backend.cancel(handle, grace_s=1, by="ada")
    course = bench.follow(handle)
    assert (course.exit.outcome, course.exit.reason) == (Outcome.CANCELED, "Canceled by ada.")
    assert not any(processes.identity(pid) for pid in found)


def test_one_machines_strays_are_ended_without_the_others(bench: Bench) -> None:
    """Both run on one machine here: the supervisor of one must not take the other's processes for its own."""
    command = f"if [ $RANK = 0 ]; then {FOREVER}; fi; echo up; while ! [ -e go ]; do sleep 0.05; done"
    handle = up(bench, bench.spec(command, distribution=PYTORCH, node_count=2))
    wrapper = json.loads((folder(bench, handle, 1) / layout.PROCESS).read_text())["wrapper"]["pid"]
    os.kill(wrapper, signal.SIGKILL)
    (folder(bench, handle, 1) / layout.WORK / "go").touch()
    bench.wait((folder(bench, handle, 1) / layout.EXIT).exists)
    launcher = json.loads((folder(bench, handle, 0) / layout.PROCESS).read_text())["child"]
    assert processes.is_alive(launcher)


def test_a_crash_between_the_parts_is_repaired(bench: Bench) -> None:
    spec = bench.spec("echo ran", distribution=PYTORCH, node_count=2)
    backend = bench.backend
    assert isinstance(backend, Machines)
    first = backend.nodes[0]

    def refuse(_spec: LaunchSpec) -> Handle:
        raise LapisError(ErrorCode.SERVER_UNREACHABLE, "the machine is away")

    first.submit = refuse  # type: ignore[method-assign]
    with pytest.raises(LapisError, match="away"):
        backend.submit(spec)
    handle = Handle(spec.workspace, spec.job, spec.submit_key)
    bench.restart()
    assert bench.look(handle).phase is JobPhase.ABSENT
    assert bench.backend.submit(spec) == handle
    assert bench.backend.submit(spec) == handle
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    assert [rank_log(bench, handle, rank) for rank in (0, 1)] == ["ran\n", "ran\n"]


def test_artifacts_and_outputs_of_all_machines_are_stored(bench: Bench) -> None:
    """Each part's files; of two of one name the first part's, whoever ends first."""
    command = (
        "for f in same own_$NODE_RANK; do echo $NODE_RANK > outputs/$f; echo $NODE_RANK > ${{outputs.o}}/$f; done; "
        "if [ $NODE_RANK = 1 ]; then sleep 0.5; fi"
    )
    spec = bench.spec(command, node_count=2, outputs={"o": bench.output("o", mode="upload")})
    handle = bench.backend.submit(spec)
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    for place in (bench.artifact(spec, "outputs"), bench.stored("o")):
        assert {p.name: p.read_text() for p in place.iterdir()} == {"same": "0\n", "own_0": "0\n", "own_1": "1\n"}
    logs = sorted(path.name for path in bench.artifact(spec, "user_logs").iterdir())
    assert logs == ["std_log.txt", "std_log_process_0.txt", "std_log_process_1.txt"]


def test_a_job_of_two_machines_is_seen_again_by_another_server(bench: Bench) -> None:
    handle = up(bench, bench.spec(FOREVER, distribution=PYTORCH, node_count=2))
    bench.restart()
    assert bench.look(handle).phase is JobPhase.RUNNING
    bench.backend.cancel(handle)
    assert bench.follow(handle).exit.outcome is Outcome.CANCELED
    bench.backend.discard(handle)
    assert not folder(bench, handle, 0).exists()
    assert not folder(bench, handle, 1).exists()
