"""Pools of machines that are reached by SSH, each with its own network and file system, on bad days."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.backends.compute.ssh import SshPool
from lapisml.backends.compute.ssh.hosts import places, read_hosts
from lapisml.core.errors import LapisError
from lapisml.ports.compute import EndReason, Handle, JobPhase, LaunchSpec, Observation, Outcome, Watch
from lapisml.ports.launch import DistributionSpec
from lapisml.testing.compute_bench import Bench
from tests.support.pools import HASTY, PoolRig
from tests.support.sshd import SshMachine, has

LOG = "user_logs/std_log.txt"

NewPool = Callable[..., tuple[PoolRig, Bench]]


@pytest.fixture
def new_pool(tmp_path: Path) -> Iterator[NewPool]:
    """Makes pools over machines; jobs' artifacts stay on the machine."""
    rigs: list[PoolRig] = []

    def make(*machines: SshMachine, **changes: Any) -> tuple[PoolRig, Bench]:
        home = tmp_path / f"home{len(rigs)}"
        home.mkdir()
        rig = PoolRig(home, machines, {"shared": ["/home", str(home)], **changes}, HASTY)
        rigs.append(rig)
        return rig, Bench(rig.pool, home)

    yield make
    for rig in rigs:
        rig.close()


def spec(bench: Bench, command: str, node: int = 0, **changes: Any) -> LaunchSpec:
    """A job whose artifacts are stored on its machine."""
    made = bench.spec(command, nodes=(node,), **changes)
    made.artifacts.location["path"] = f"/home/ada/artifacts/{made.job}"  # type: ignore[index]
    return made


def started(bench: Bench, command: str, node: int = 0) -> Handle:
    handle = bench.backend.submit(spec(bench, command, node))
    bench.follow(handle, lambda _course: "up" in bench.log(handle))
    return handle


def seen(bench: Bench, handle: Handle, phase: JobPhase, timeout: float = 30.0) -> Observation:
    found: list[Observation] = []

    def look() -> bool:
        found[:] = bench.backend.observe([Watch(handle)])
        return found[0].phase is phase

    bench.wait(look, timeout, lambda: str(found))
    return found[0]


def test_each_place_is_on_its_machine(new_machine: Any, new_pool: NewPool) -> None:
    """Places take turns between machines; logs, cancel and discard find the right one, after a new start too."""
    one, two = new_machine(), new_machine()
    _rig, bench = new_pool(one, two, slots=2)
    handles = [bench.backend.submit(spec(bench, "hostname; sleep 0.1", node)) for node in range(4)]
    for handle in handles:
        bench.follow(handle)
    names = [bench.log(handle).strip() for handle in handles]
    assert names == [one.space, two.space, one.space, two.space]
    bench.restart()
    long = started(bench, "echo up; sleep 600", 1)
    bench.restart()
    bench.backend.cancel(long, 1.0, "ada")
    assert bench.follow(long).exit.outcome is Outcome.CANCELED
    bench.backend.discard(long)
    assert bench.look(long).phase is JobPhase.ABSENT
    assert f"{long.job}" not in two.do("ls /home/ada/.lapis-node/0123456789ab/runs/default")


MEET = """
import os, socket, time
rank, place = int(os.environ["RANK"]), (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    listener = socket.create_server(("", place[1]))
    peer, _address = listener.accept()
    print(socket.gethostname(), "met", peer.recv(99).decode(), flush=True)
else:
    for _attempt in range(200):
        try:
            socket.create_connection(place, 5).sendall(socket.gethostname().encode())
            break
        except OSError:
            time.sleep(0.1)
"""


def two_nodes(bench: Bench, command: str) -> LaunchSpec:
    made = spec(bench, command, distribution=DistributionSpec("pytorch"), node_count=2)
    return replace(made, nodes=(0, 1))


def test_a_job_of_two_machines(new_machine: Any, new_pool: NewPool) -> None:
    """Its parts meet; logs of both are the job's; a server that starts anew and knows nothing finds both."""
    one, two = new_machine(), new_machine()
    rig, bench = new_pool(one, two)
    handle = bench.backend.submit(two_nodes(bench, f"python3 -c {shlex.quote(MEET)}"))
    assert bench.follow(handle, timeout=60).exit.exit_code == 0
    logs = {log.path: bench.log(handle, log.path) for log in bench.backend.list_logs(handle)}
    assert any(f"{one.space} met {two.space}" in text for text in logs.values()), logs
    long = bench.backend.submit(two_nodes(bench, "sleep 600"))
    seen(bench, long, JobPhase.RUNNING)
    shutil.rmtree(rig.home / "remote")
    bench.restart()
    seen(bench, long, JobPhase.RUNNING)
    bench.backend.cancel(long, 1)
    assert bench.follow(long).exit.outcome is Outcome.CANCELED
    for machine in (one, two):
        assert "sleep 600" not in machine.processes()


def test_a_job_of_two_machines_ends_with_one_of_them(new_machine: Any, new_pool: NewPool) -> None:
    """The other's part is ended, too."""
    one, two = new_machine(), new_machine()
    _rig, bench = new_pool(one, two)
    handle = bench.backend.submit(two_nodes(bench, "sleep 600"))
    seen(bench, handle, JobPhase.RUNNING)
    two.kill()
    two.start()
    assert bench.follow(handle, timeout=60).exit.reason_code is EndReason.NODE_LOST
    bench.wait(lambda: "sleep 600" not in one.processes(), 20, lambda: str(one.processes()))


def test_the_server_and_the_pool_agree_on_places() -> None:
    pools = pytest.importorskip("lapisml.server.features.compute.pools")
    document = {"hosts": ["a", {"address": "b", "slots": 3}, "c"], "slots": 2, "ssh_settings": {"admin_username": "u"}}
    assert places(read_hosts(document)) == pools.slots_of(document) == [0, 1, 2, 0, 1, 2, 1]


def test_a_machine_that_is_away_holds_nobody_up(new_machine: Any, new_pool: NewPool) -> None:
    """Its jobs are unknown, with the reason; the others' are known, and so is how each machine is."""
    one, two = new_machine(), new_machine()
    _rig, bench = new_pool(one, two)
    handles = [started(bench, "echo up; sleep 600", node) for node in (0, 1)]
    two.cut()
    began = time.monotonic()
    found = bench.backend.observe([Watch(handle) for handle in handles])
    assert time.monotonic() - began < 8
    assert [one.phase for one in found] == [JobPhase.RUNNING, JobPhase.UNKNOWN]
    assert two.address in found[1].sentence
    away = seen(bench, handles[1], JobPhase.UNKNOWN)
    bench.wait(lambda: "can't be asked since" in bench.look(handles[1]).sentence, 25, lambda: str(away))
    standing = bench.backend.describe()
    assert [node.state for node in standing.nodes] == ["running", "unreachable"]
    assert standing.state == "ready"
    assert "1 of 2 machines can't be reached" in standing.sentence
    two.mend()
    seen(bench, handles[1], JobPhase.RUNNING)
    for handle in handles:
        bench.backend.cancel(handle, 1)
        bench.follow(handle)


@pytest.mark.parametrize("way", ["to", "back", "both"])
def test_a_cut_network_loses_nothing(new_machine: Any, new_pool: NewPool, way: str) -> None:
    """Cut one way or both, for as long as it takes to notice: the job goes on, and its ending is found."""
    machine = new_machine()
    _rig, bench = new_pool(machine)
    handle = started(bench, "echo up; sleep 3; echo over; exit 7")
    machine.cut(to=way != "back", back=way != "to")
    bench.wait(lambda: "can't be asked since" in bench.look(handle).sentence, 30, lambda: str(bench.look(handle)))
    machine.mend()
    course = bench.follow(handle, timeout=40)
    assert course.exit.exit_code == 7
    assert bench.log(handle) == "up\nover\n"
    agents = "pgrep -fc lapisml.backends.compute.node.agent || true"
    bench.wait(lambda: int(machine.do(agents)) <= 2, 60, lambda: machine.do("ps -ef"))


def test_a_slow_and_lossy_network(new_machine: Any, new_pool: NewPool) -> None:
    machine = new_machine()
    if not (has("iptables") and has("tc")):
        pytest.skip("iptables or tc is not installed")
    machine.hurt(0.03, "8mbit")
    _rig, bench = new_pool(machine)
    handles = [bench.backend.submit(spec(bench, f"seq {number} 2000; exit {number}")) for number in range(4)]
    for number, handle in enumerate(handles):
        assert bench.follow(handle, timeout=60).exit.exit_code == number
        assert bench.log(handle).splitlines() == [str(line) for line in range(number, 2001)]


def test_a_machine_that_was_restarted(new_machine: Any, new_pool: NewPool) -> None:
    """Another boot id and no status: the job ended with its machine; what had ended before keeps its ending."""
    machine = new_machine(home_size="")
    _rig, bench = new_pool(machine)
    over = bench.backend.submit(spec(bench, "exit 5"))
    assert bench.follow(over).exit.exit_code == 5
    handle = started(bench, "echo up; sleep 600")
    machine.kill()
    assert seen(bench, handle, JobPhase.UNKNOWN).exit is None
    machine.start()
    assert bench.follow(handle, timeout=60).exit.reason_code is EndReason.MACHINE_RESTARTED
    assert bench.look(over).exit is not None
    assert bench.log(handle).startswith("up\n")


def test_a_machine_that_was_set_up_anew(new_machine: Any, new_pool: NewPool) -> None:
    """It is back, with an empty disk: evidence that the job is gone."""
    machine = new_machine()
    _rig, bench = new_pool(machine)
    handle = started(bench, "echo up; sleep 600")
    machine.kill()
    machine.start()
    course = bench.follow(handle, timeout=60)
    assert course.exit.reason_code is EndReason.NODE_LOST
    assert "set up anew" in course.exit.reason
    ending = bench.look(handle).exit
    bench.restart()
    assert bench.look(handle).exit == ending
    assert bench.backend.list_logs(handle) == []
    bench.backend.cancel(handle)
    bench.backend.discard(handle)


def test_a_machine_with_another_host_key_gets_nothing(new_machine: Any, new_pool: NewPool) -> None:
    machine = new_machine()
    rig, bench = new_pool(machine)
    handle = started(bench, "echo up; sleep 600")
    before = machine.host_key
    machine.kill()
    machine.new_host_key()
    rig.changes["host_keys"] = [before]
    machine.start()
    bench.wait(lambda: "WARNING: THE HOST KEY" in bench.look(handle).sentence, 30, lambda: str(bench.look(handle)))
    with pytest.raises(LapisError, match="WARNING: THE HOST KEY"):
        bench.backend.submit(spec(bench, "true"))
    assert "WARNING" in bench.backend.describe().sentence


def test_a_machine_with_a_new_address(new_machine: Any, new_pool: NewPool) -> None:
    """The document says where it is now; it is known by its folder, and its jobs with it."""
    one, two = new_machine(), new_machine()
    _rig, bench = new_pool(one, two)
    handle = started(bench, "echo up; sleep 600", 1)
    two.move()
    bench.restart()
    seen(bench, handle, JobPhase.RUNNING)
    bench.backend.cancel(handle, 1)
    assert bench.follow(handle).exit.outcome is Outcome.CANCELED


def test_a_machine_that_was_taken_out_of_the_document(new_machine: Any, new_pool: NewPool) -> None:
    """That is how a person says that it will not come back: the job ends with that reason, and for ever."""
    one, two = new_machine(), new_machine()
    rig, bench = new_pool(one, two)
    handle = started(bench, "echo up; sleep 600", 1)
    two.kill()
    seen(bench, handle, JobPhase.UNKNOWN)
    rig.machines = [one]
    one.cut()
    bench.restart()
    assert bench.look(handle).phase is JobPhase.UNKNOWN
    one.mend()
    found = seen(bench, handle, JobPhase.ENDED, 40)
    assert found.exit is not None
    assert found.exit.reason_code is EndReason.NODE_LOST
    assert f"Node {two.address} is gone" in found.exit.reason
    assert "taken out of the document of compute 'lab'" in found.exit.reason
    rig.machines = [one, two]
    bench.restart()
    assert bench.look(handle).exit == found.exit


def test_a_job_whose_folder_was_removed(new_machine: Any, new_pool: NewPool) -> None:
    """It is not begun a second time."""
    machine = new_machine()
    _rig, bench = new_pool(machine)
    handle = started(bench, "echo up; sleep 2")
    bench.follow(handle)
    machine.do("rm -r /home/ada/.lapis-node/0123456789ab/runs/default")
    bench.restart()
    assert bench.look(handle).exit is not None
    assert bench.look(handle).exit.reason_code is EndReason.NODE_LOST  # type: ignore[union-attr]


def test_a_server_that_does_not_know_where_a_job_is_finds_it(new_machine: Any, new_pool: NewPool) -> None:
    """It asks every machine; while one is away and none has the job, nothing is said."""
    one, two = new_machine(), new_machine()
    rig, bench = new_pool(one, two)
    handle = started(bench, "echo up; sleep 600", 1)
    shutil.rmtree(rig.home / "remote")
    bench.restart()
    assert bench.look(handle).phase is JobPhase.RUNNING
    shutil.rmtree(rig.home / "remote")
    bench.restart()
    two.cut()
    assert bench.look(handle).phase is JobPhase.UNKNOWN
    two.mend()
    seen(bench, handle, JobPhase.RUNNING)
    bench.backend.cancel(handle, 1)
    assert bench.follow(handle).exit.outcome is Outcome.CANCELED


def test_a_hand_over_that_was_cut_off_is_completed_where_it_began(new_machine: Any, new_pool: NewPool) -> None:
    """Also when the second attempt is given another place."""
    one, two = new_machine(), new_machine()
    _rig, bench = new_pool(one, two)
    first = spec(bench, "hostname", 1)
    handle = bench.backend.submit(first)
    bench.restart()
    again = LaunchSpec.from_json({**first.to_json(), "nodes": [0]})
    assert bench.backend.submit(again) == handle
    bench.follow(handle)
    assert bench.log(handle).strip() == two.space


def test_a_disk_that_is_full_when_a_job_comes(new_machine: Any, new_pool: NewPool) -> None:
    machine = new_machine(home_size="30m")
    _rig, bench = new_pool(machine)
    bench.follow(bench.backend.submit(spec(bench, "true")))
    machine.do("dd if=/dev/zero of=/home/fill bs=64k 2>/dev/null || true")
    with pytest.raises(LapisError) as caught:
        bench.backend.submit(spec(bench, "true"))
    assert caught.value.code == "StorageFull"
    machine.do("rm /home/fill")
    assert bench.follow(bench.backend.submit(spec(bench, "exit 4"))).exit.exit_code == 4


def test_nothing_secret_is_on_a_command_line_or_told(new_machine: Any, new_pool: NewPool) -> None:
    machine = new_machine()
    rig, bench = new_pool(machine)
    handle = started(bench, "echo up; sleep 600")
    lines = "\n".join(machine.processes())
    assert "lapis" in lines
    secret = machine.key.splitlines()[2]
    assert secret not in lines
    assert secret not in repr(rig.made) + repr(vars(rig.made[0]))
    bench.backend.cancel(handle, 1)
    bench.follow(handle)


def test_making_a_pool_connects_to_nothing(new_machine: Any, new_pool: NewPool) -> None:
    machine = new_machine()
    before = (machine.folder / "log").read_text().count("Connection from")
    _rig, bench = new_pool(machine)
    assert isinstance(bench.backend, SshPool)
    assert bench.backend.capabilities.local_paths is False
    assert (machine.folder / "log").read_text().count("Connection from") == before
