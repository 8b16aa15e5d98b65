"""Machines of a pool that are restarted, moved, set up anew, taken out: what counts as the loss of one."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.core.errors import LapisError
from lapisml.ports.compute import EndReason, JobPhase, LaunchSpec, Outcome
from tests.support.pools import NewPool, seen, spec, started
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run


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
