"""A disk that is full on a machine that is reached by SSH: who says so, what still works, and that it heals."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import EndReason, ExitStatus, Handle, JobPhase, Outcome
from lapisml.ports.launch import CodeSpec, EnvironmentSpec
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import snapshot
from tests.support.pools import NewPool, seen, spec, started
from tests.support.sshd import SshMachine
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run

_MB = 1_000_000


@pytest.fixture
def small(new_machine: Any, new_pool: NewPool) -> tuple[SshMachine, Bench]:
    """A machine whose disk has 30 MiB, and on which a job has run."""
    machine = new_machine(home_size="30m")
    _rig, bench = new_pool(machine)
    bench.follow(bench.backend.submit(spec(bench, "true")))
    return machine, bench


def leave(machine: SshMachine, size: int) -> None:
    """Fill its disk but for so many bytes."""
    machine.do("rm -f /home/fill")
    free = int(machine.do("df -B1 --output=avail /home").split()[-1])
    machine.do(f"head -c {max(0, free - size)} /dev/zero >/home/fill 2>/dev/null || true")


def code_of(bench: Bench, size: int) -> CodeSpec:
    return snapshot(bench.home / "snapshots", {"big.bin": os.urandom(size)})


def ended(bench: Bench, handle: Handle) -> ExitStatus:
    return bench.follow(handle, timeout=60).exit


def heals(machine: SshMachine, bench: Bench) -> None:
    machine.do("rm -f /home/fill")
    assert ended(bench, bench.backend.submit(spec(bench, "echo x > outputs/x; exit 4"))).exit_code == 4


def test_code_that_does_not_fit_waits_for_room(small: tuple[SshMachine, Bench]) -> None:
    machine, bench = small
    wanted = spec(bench, "wc -c <big.bin", code=code_of(bench, 40 * _MB))
    with pytest.raises(LapisError, match="No space is left") as caught:
        bench.backend.submit(wanted)
    assert caught.value.code is ErrorCode.STORAGE_FULL
    assert machine.address in caught.value.message
    machine.do("mount -o remount,size=200m /home")
    handle = bench.backend.submit(wanted)
    assert ended(bench, handle).exit_code == 0
    assert bench.log(handle).strip() == str(40 * _MB)


def test_code_that_can_not_be_unpacked(small: tuple[SshMachine, Bench]) -> None:
    machine, bench = small
    leave(machine, 13 * _MB)
    over = ended(bench, bench.backend.submit(spec(bench, "true", code=code_of(bench, 10 * _MB))))
    assert over.reason_code is EndReason.DISK_FULL, over
    assert f"The disk of {machine.space} that holds the job's folder is full" in over.reason
    assert "while the code was unpacked" in over.reason
    heals(machine, bench)


def test_a_log_that_fills_the_disk(small: tuple[SshMachine, Bench]) -> None:
    machine, bench = small
    handle = bench.backend.submit(spec(bench, "set -o pipefail; head -c 100000000 /dev/zero | tr '\\0' x"))
    over = ended(bench, handle)
    assert over.reason_code is EndReason.DISK_FULL, over
    assert f"The disk of {machine.space}" in over.reason
    assert bench.log(handle).startswith("xxxx")
    bench.backend.discard(handle)
    heals(machine, bench)


def test_outputs_that_do_not_fit(small: tuple[SshMachine, Bench]) -> None:
    machine, bench = small
    machine.do("rm -rf /home/ada/artifacts; install -d -o 20001 /home/ada/artifacts")
    machine.do("mount -t tmpfs -o size=2m,uid=20001 tmpfs /home/ada/artifacts")
    handle = bench.backend.submit(spec(bench, "head -c 9000000 /dev/urandom > outputs/model.bin"))
    over = ended(bench, handle)
    assert over.reason_code is EndReason.DISK_FULL, over
    assert f"The disk of {machine.space} that holds 'artifacts' is full" in over.reason
    bench.backend.discard(handle)
    machine.do("umount /home/ada/artifacts")
    heals(machine, bench)


def test_what_runs_is_seen_and_ended_on_a_disk_without_a_byte(small: tuple[SshMachine, Bench]) -> None:
    """By a server that starts meanwhile, too: its agent finds no room for a word of its own."""
    machine, bench = small
    handles = [started(bench, "echo up; sleep 600") for _ in range(2)]
    leave(machine, 0)
    machine.do("head -c 1000000 /dev/zero >>/home/fill 2>/dev/null || true")
    bench.restart()
    for handle in handles:
        seen(bench, handle, JobPhase.RUNNING)
        assert bench.log(handle) == "up\n"
    assert [node.state for node in bench.backend.describe().nodes] == ["running"]
    with pytest.raises(LapisError) as caught:
        bench.backend.submit(spec(bench, "true"))
    assert caught.value.code is ErrorCode.STORAGE_FULL
    bench.backend.cancel(handles[0], 1, "ada")
    assert ended(bench, handles[0]).outcome is Outcome.CANCELED
    heals(machine, bench)
    bench.backend.cancel(handles[1], 1)
    assert ended(bench, handles[1]).outcome is Outcome.CANCELED


def test_a_build_context_that_does_not_fit(small: tuple[SshMachine, Bench]) -> None:
    machine, bench = small
    leave(machine, 12 * _MB)
    context = bench.home / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\n")
    (context / "big.bin").write_bytes(os.urandom(9 * _MB))

    definition = {"name": "e", "build": {"folder": str(context), "dockerfile": "Dockerfile"}}
    environment = EnvironmentSpec(definition, "nowhere_to_be_found:Builder", str(bench.home / "envs"), "k")
    with pytest.raises(LapisError, match=r"(?i)no space (is )?left") as caught:
        bench.backend.submit(replace(spec(bench, "true"), environment=environment))
    assert caught.value.code is ErrorCode.STORAGE_FULL
    assert machine.address in caught.value.message
