"""Machines that are reached by SSH over networks that are far, lossy, thin, or guarded by a forgetful firewall."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.ssh import SshPool
from lapisml.ports.compute import JobPhase, Outcome
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import snapshot
from tests.support.pools import PoolRig, seen, spec, started
from tests.support.sshd import SshMachine, has
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run


@pytest.fixture
def far(new_machine: Any) -> Iterator[SshMachine]:
    """A machine 300 ms away, there and back; of ten packets one is lost, in each direction."""
    machine = new_machine()
    if not os.access("/dev/net/tun", os.W_OK):
        pytest.skip("/dev/net/tun can't be used here")
    try:
        carrier = machine.far(0.15, 0.1)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"a far network can't be made here: {error}")
    yield machine
    carrier.stdin.close()
    carrier.wait(10)


def as_usual(tmp_path: Path, machine: SshMachine) -> tuple[PoolRig, Bench]:
    """Attach a machine with the patience that servers have."""
    home = tmp_path / "usual"
    home.mkdir()
    rig = PoolRig(home, [machine], {"shared": ["/home", str(home)]}, Pace(quiet=15.0))
    return rig, Bench(rig.pool, home)


def logins(machine: SshMachine) -> int:
    return (machine.folder / "log").read_text().count("Accepted publickey")


def link_of(bench: Bench) -> Any:
    assert isinstance(bench.backend, SshPool)
    return bench.backend._members[0].backend.link


def test_far_and_lossy(far: SshMachine, tmp_path: Path) -> None:
    """The runner and the code get there, logs come back whole, a job can be ended."""
    rig, bench = as_usual(tmp_path, far)
    bench.wait(lambda: bench.backend.describe().state == "ready", 120, lambda: str(bench.backend.describe()))
    code = snapshot(bench.home / "snapshots", {"data.bin": os.urandom(200_000)})
    handle = bench.backend.submit(spec(bench, "seq 2000; wc -c <data.bin; exit 6", code=code))
    long = bench.backend.submit(spec(bench, "echo up; sleep 600"))
    assert bench.follow(handle, timeout=120).exit.exit_code == 6
    assert bench.log(handle).splitlines() == [*map(str, range(1, 2001)), "200000"]
    seen(bench, long, JobPhase.RUNNING, 60)
    bench.backend.cancel(long, 1)
    assert bench.follow(long, timeout=60).exit.outcome is Outcome.CANCELED
    rig.close()


def test_a_line_of_64_kbit(new_machine: Any, tmp_path: Path) -> None:
    """The runner alone takes longer than an attempt may stand still; nothing is begun twice, no link is cut."""
    machine = new_machine()
    if not has("tc"):
        pytest.skip("tc is not installed")
    machine.hurt(0, "64kbit")
    rig, bench = as_usual(tmp_path, machine)
    bench.wait(lambda: bench.backend.describe().state == "ready", 240, lambda: str(bench.backend.describe()))
    running = bench.backend.submit(spec(bench, "echo up; sleep 600"))
    code = snapshot(bench.home / "snapshots", {"big.bin": os.urandom(400_000)})
    wanted = spec(bench, "wc -c <big.bin; head -c 150000 /dev/urandom | base64", code=code)
    handing = threading.Thread(target=bench.backend.submit, args=(wanted,))
    handing.start()
    while handing.is_alive():
        assert bench.look(running).phase not in (JobPhase.ENDED, JobPhase.ABSENT)
        handing.join(1)
    handle = bench.backend.submit(wanted)
    assert bench.follow(handle, timeout=120).exit.exit_code == 0
    assert bench.log(handle).startswith("400000\n")
    assert len(bench.log(handle)) > 200_000
    assert logins(machine) == 1
    bench.backend.cancel(running, 1)
    bench.follow(running, timeout=60)
    rig.close()


def test_a_firewall_that_forgets_what_is_silent(new_machine: Any, tmp_path: Path) -> None:
    """Connections on which nothing is heard for ten seconds are dropped without a word; the link is not silent."""
    machine = new_machine()
    if not has("iptables"):
        pytest.skip("iptables is not installed")
    guard = (
        "echo 10 >/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established;"
        "echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose;"
        "iptables -A INPUT -m conntrack --ctstate INVALID -j DROP"
    )
    made = subprocess.run(
        ["ip", "netns", "exec", machine.space, "sh", "-ec", guard], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"no firewall that follows connections can be made here: {made.stderr.strip()}")
    rig, bench = as_usual(tmp_path, machine)
    handle = started(bench, "echo up; sleep 600")
    link = link_of(bench)
    until = time.monotonic() + 22
    bench.wait(lambda: time.monotonic() > until or not link.is_up, 30)
    assert link.is_up
    seen(bench, handle, JobPhase.RUNNING, 5)
    assert logins(machine) == 1
    bench.backend.cancel(handle, 1)
    bench.follow(handle)
    rig.close()
