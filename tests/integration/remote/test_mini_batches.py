"""Mini-batch jobs over the machines of an SSH pool, the nodes of Ray and of Slurm; machines that go meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.ports.compute import Handle, JobPhase, Outcome
from lapisml.ports.launch import InputSpec, LaunchSpec, OutputSpec, ParallelSpec
from lapisml.runner import durable, layout, processes
from lapisml.testing.compute_bench import Bench
from tests.support.pools import NewPool, spec
from tests.support.ray_cluster import RayCluster, RayRig
from tests.support.server import end_everything
from tests.support.slurm import SlurmRig, why_not
from tests.support.slurm_site import SlurmSite
from tests.support.sshd import SshMachine
from tests.support.whole import only_in_a_whole_run
from tests.unit.parallel.conftest import snapshot

pytestmark = [pytest.mark.slow, only_in_a_whole_run]

FILES = 60
NAMES = [f"f{number:02}" for number in range(FILES)]
HOST = "lapisml.runner.parallel.host"
SLOW = """
import os, time

def run(files):
    print("at work", flush=True)
    time.sleep(0.2)
    return [open(file).read() + " " + os.environ["AZUREML_CR_NODE_RANK"] for file in files]
"""
STUCK = SLOW.replace("time.sleep(0.2)", "time.sleep(0.2 if os.environ['AZUREML_CR_NODE_RANK'] == '0' else 600)")


def mini_batches(made: LaunchSpec, bench: Bench, script: str, root: str) -> LaunchSpec:
    """Make a specification one of a mini-batch job over two nodes."""

    def place(name: str) -> dict[str, Any]:
        return {"protocol": "file", "path": f"{root}/{name}", "options": {}, "root": None}

    asked = ParallelSpec("score.py", "data", append_row_to="scored", timeout_s=900.0, secret="s" * 64)
    return replace(
        made,
        parallel=asked,
        code=snapshot(bench, script),
        inputs={"data": InputSpec("uri_folder", "azureml:data", place("data"))},
        outputs={"scored": OutputSpec("uri_file", "azureml:scored", place("scored"))},
        node_count=2,
    )


def on_machines(bench: Bench, machines: tuple[SshMachine, SshMachine], script: str) -> Handle:
    """Hand a job over to two machines, each of which has the files."""
    for machine in machines:
        files = " ".join(NAMES)
        machine.do(f"mkdir /home/ada/data; cd /home/ada/data; for f in {files}; do printf $f > $f; done")
        machine.do("chown -R ada /home/ada/data")
    made = replace(spec(bench, ""), nodes=(0, 1))
    return bench.backend.submit(mini_batches(made, bench, script, "/home/ada"))


def at_work(bench: Bench, handle: Handle) -> bool:
    """Say whether a worker of the second machine has printed something."""
    return "at work" in bench.log(handle, "user_logs/std_log_process_001.txt")


def checked(text: str) -> set[str]:
    """See that every file is there once, in order; return which nodes had some."""
    lines = [line.split() for line in text.splitlines()]
    assert [words[0] for words in lines] == NAMES
    return {words[1] for words in lines}


def test_two_machines_share_the_work(new_machine: Any, new_pool: NewPool) -> None:
    machines = new_machine(), new_machine()
    _rig, bench = new_pool(*machines)
    handle = on_machines(bench, machines, SLOW)
    course = bench.follow(handle, timeout=120)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert checked(machines[0].do("cat /home/ada/scored")) == {"0", "1"}
    assert at_work(bench, handle)
    bench.backend.discard(handle)
    assert bench.look(handle).phase is JobPhase.ABSENT


def test_a_machine_that_is_cut_off_is_done_without(new_machine: Any, new_pool: NewPool) -> None:
    """Nobody hears of it any more, neither the server nor the driver; the job ends, and what ran there ends itself."""
    machines = new_machine(), new_machine()
    _rig, bench = new_pool(*machines)
    handle = on_machines(bench, machines, STUCK)
    bench.wait(lambda: at_work(bench, handle), 60)
    machines[1].isolate()
    course = bench.follow(handle, timeout=180)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert checked(machines[0].do("cat /home/ada/scored")) == {"0"}
    assert "Node 1 is gone (nothing was heard of it for 30 s)" in bench.log(handle)
    bench.wait(lambda: not [line for line in machines[1].processes() if HOST in line], 120)


def test_a_machine_that_loses_power_is_done_without(new_machine: Any, new_pool: NewPool) -> None:
    machines = new_machine(), new_machine()
    _rig, bench = new_pool(*machines)
    handle = on_machines(bench, machines, STUCK)
    bench.wait(lambda: at_work(bench, handle), 60)
    machines[1].kill()
    machines[1].start()
    course = bench.follow(handle, timeout=180)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert checked(machines[0].do("cat /home/ada/scored")) == {"0"}


@pytest.fixture
def cluster() -> Iterator[RayCluster]:
    """Two nodes beside the head, which runs no jobs."""
    made = RayCluster()
    try:
        made.start(cpus=0)
        made.join("n1", cpus=1)
        made.join("n2", cpus=1)
        yield made
    finally:
        made.stop()


@pytest.fixture
def rig(tmp_path: Path, cluster: RayCluster) -> Iterator[RayRig]:
    """The server's side."""
    made = RayRig(cluster, tmp_path, server=cluster.folder / "server")
    yield made
    made.close()
    made.end_jobs()


def on_nodes(bench: Bench, script: str) -> Handle:
    """Hand a job over to the two nodes, which see the server's files."""
    folder = bench.stored("data")
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_text(name)
    return bench.backend.submit(mini_batches(bench.spec(""), bench, script, str(bench.home / "storage")))


def test_two_nodes_of_a_ray_cluster_share_the_work(rig: RayRig) -> None:
    bench = Bench(rig.backend, rig.shared)
    handle = on_nodes(bench, SLOW)
    course = bench.follow(handle, timeout=240)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert checked(bench.stored("scored").read_text()) == {"0", "1"}


def test_a_ray_node_that_dies_is_done_without(rig: RayRig, cluster: RayCluster) -> None:
    bench = Bench(rig.backend, rig.shared)
    handle = on_nodes(bench, STUCK)
    bench.wait(lambda: at_work(bench, handle), 240, lambda: str(bench.look(handle)))
    name = next(name for name, node in cluster.nodes.items() if list(node.home.rglob(f"{handle.job}+1")))
    cluster.kill_machine(name)
    course = bench.follow(handle, timeout=240)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert checked(bench.stored("scored").read_text()) == {"0"}


@pytest.fixture
def slurm() -> Iterator[SlurmRig]:
    """A Slurm cluster of two nodes."""
    if why_not():
        pytest.skip(why_not())
    made = SlurmRig(cpus=2)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def site(slurm: SlurmRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmSite]:
    """A compute over it."""
    made = SlurmSite(slurm, tmp_path, monkeypatch)
    yield made
    made.close()
    end_everything(made.root)


def test_two_nodes_of_slurm_share_the_work(site: SlurmSite) -> None:
    bench = Bench(site.backend, site.home, site.root)
    handle = on_nodes(bench, SLOW)
    course = bench.follow(handle, timeout=240)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert checked(bench.stored("scored").read_text()) == {"0", "1"}


def test_a_slurm_node_that_dies_is_done_without(slurm: SlurmRig, site: SlurmSite) -> None:
    """Slurm itself leaves the job to the nodes that are left."""
    bench = Bench(site.backend, site.home, site.root)
    handle = on_nodes(bench, STUCK)
    bench.wait(lambda: at_work(bench, handle), 120, lambda: str(bench.look(handle)))
    part = bench.jobs / "runs" / handle.workspace / f"{handle.job}+1"
    host = int(durable.read_json(str(part / layout.PROCESS))["child"]["pid"])
    below = processes.descendants(host)  # they don't bear the marks by which Slurm's processes are known
    slurm.kill_node("n2")
    processes.send([host, *below], signal.SIGKILL)
    slurm.set_node("n2", "down")
    course = bench.follow(handle, timeout=240)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert checked(bench.stored("scored").read_text()) == {"0"}
