"""Pools of machines that are reached by SSH, each with its own network and file system, on bad networks."""

from __future__ import annotations

import shlex
import shutil
import time
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.backends.compute.ssh import SshPool
from lapisml.backends.compute.ssh.hosts import places, read_hosts
from lapisml.ports.compute import EndReason, JobPhase, LaunchSpec, Outcome, Watch
from lapisml.ports.launch import DistributionSpec
from lapisml.testing.compute_bench import Bench
from tests.support.pools import NewPool, seen, spec, started
from tests.support.sshd import has
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run


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
