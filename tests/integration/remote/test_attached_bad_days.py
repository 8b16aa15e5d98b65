"""Bad days of attached computes, through a real server: one that hangs, agents that die, detaching at work."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from tests.integration.jobs.client import Api
from tests.integration.remote.conftest import NewMachine
from tests.support import sshd
from tests.support.polling import eventually
from tests.support.processes import is_alive
from tests.support.server import LapisServer, end_everything
from tests.support.sshd import SshMachine
from tests.support.whole import only_in_a_whole_run

SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}
Attach = Callable[..., tuple[SshMachine, Path]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """A server of its own."""
    server = LapisServer(tmp_path_factory.mktemp("server") / "home", SETTINGS).start()
    yield server
    server.stop()
    end_everything(server.home)


@pytest.fixture
def api(server: LapisServer) -> Api:
    return Api(server)


@pytest.fixture
def attach(api: Api, tmp_path: Path) -> Iterator[Attach]:
    """``attach(name)`` starts an SSH server on loopback, attaches it, and gives it with its folder for jobs."""
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    made: dict[str, tuple[SshMachine, Path]] = {}

    def start(name: str, slots: int = 2) -> tuple[SshMachine, Path]:
        machine, root = sshd.machine(tmp_path / name, spaces=False), tmp_path / f"{name}-node"
        made[name] = machine, root
        document = sshd.document(machine, root=str(root), interpreter=sys.executable, slots=slots, name=name)
        status, body = api.call("PUT", f"/computes/{name}", document)
        assert status == 200, body
        return made[name]

    yield start
    for name, (machine, root) in made.items():
        _wake(machine)
        api.call("DELETE", f"/computes/{name}?force=true")
        machine.remove()
        end_everything(root)


def _halt(machine: SshMachine) -> list[int]:
    """Have a machine hang: what is sent there arrives, connections are taken, and nobody answers."""
    assert machine.program is not None
    pids = [machine.program.pid, *_sessions(machine)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    return pids


def _wake(machine: SshMachine) -> None:
    assert machine.program is not None
    for pid in [*_sessions(machine), machine.program.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _sessions(machine: SshMachine) -> list[int]:
    """Return what its SSH server has started: connections, and the agents behind them."""
    return machine._children()


def _agents(machine: SshMachine) -> list[int]:
    found = []
    for pid in _sessions(machine):
        with suppress(OSError):
            found += [pid] if b"python" in Path(f"/proc/{pid}/cmdline").read_bytes() else []
    return found


def _gated(folder: Path, name: str, *files: str) -> str:
    """A command that says that it is up, and ends when its gate is there."""
    begun = f"echo {name} >> {folder}/ran"
    return f"{begun}; echo up; until [ -e {folder}/go.{name} ]; do sleep 0.05; done; echo end"


def test_a_compute_that_hangs_holds_up_nobody_else(api: Api, attach: Attach, tmp_path: Path) -> None:
    """Its own job waits with it, whatever it is; all else is handed over, runs and ends while it hangs."""
    stuck, _root = attach("stuck")
    attach("lab")
    held = api.submit(_gated(tmp_path, "held"), compute="stuck")
    api.wait(held, "Running")
    _halt(stuck)
    waiting = api.submit("echo late", compute="stuck")
    others = [api.submit("echo up", compute=where) for where in ("local", "lab", "local", "lab")]
    for name in others:
        api.wait(name, "Completed")
        assert api.printed(name) == b"up\n"
    assert api.job(waiting)["status"] in ("Queued", "Preparing")
    assert api.job(held)["status"] in ("Running", "NotResponding")
    (tmp_path / "go.held").touch()
    assert api.job(held)["status"] in ("Running", "NotResponding"), "nobody can know how it ended"
    _wake(stuck)
    api.wait(held, "Completed")
    api.wait(waiting, "Completed")
    assert (tmp_path / "ran").read_text() == "held\n"
    assert api.printed(held) == b"up\nend\n"


@only_in_a_whole_run
def test_a_compute_that_hangs_for_long_says_so(api: Api, attach: Attach, tmp_path: Path) -> None:
    stuck, _root = attach("silent")
    held = api.submit(_gated(tmp_path, "held"), compute="silent")
    api.wait(held, "Running")
    _halt(stuck)
    told = eventually(lambda: (job := api.job(held))["status"] == "NotResponding" and job, 90)
    assert told["status_reason"]
    assert api.call("GET", "/computes/silent")[1]["state"] == "unreachable"
    others = [api.submit("true", compute="local") for _ in range(3)]
    assert {api.wait(name)["status"] for name in others} == {"Completed"}
    _wake(stuck)
    api.wait(held, "Running")
    (tmp_path / "go.held").touch()
    api.wait(held, "Completed")


@only_in_a_whole_run
def test_killed_agents_are_replaced_and_their_jobs_found(api: Api, attach: Attach, tmp_path: Path) -> None:
    machine, _root = attach("killed")
    names = [api.submit(_gated(tmp_path, word), compute="killed") for word in ("one", "two")]
    for name in names:
        api.wait(name, "Running")
    for _again in range(3):
        before = eventually(lambda: _agents(machine), 30, what="an agent")
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda before=before: set(_agents(machine)) - set(before), 30, what="another agent")
        assert {api.job(name)["status"] for name in names} <= {"Running", "NotResponding"}
    (tmp_path / "go.one").touch()
    api.wait(names[0], "Completed")
    for pid in _agents(machine):
        os.kill(pid, signal.SIGKILL)
    (tmp_path / "go.two").touch()
    api.wait(names[1], "Completed")
    assert sorted((tmp_path / "ran").read_text().split()) == ["one", "two"]
    assert [api.printed(name) for name in names] == [b"up\nend\n"] * 2


def test_detaching_by_force_while_jobs_keep_coming(api: Api, attach: Attach, tmp_path: Path) -> None:
    """Jobs run, begin, wait and are submitted when it happens: those that it was given end, the others still wait."""
    _machine, root = attach("busy", slots=4)
    taken: list[str] = []
    refused: list[int] = []
    command = f"echo $$ >> {tmp_path}/pids; echo up; sleep 600"

    def submit(number: int) -> None:
        document = {"type": "command", "command": command, "environment": {"image": "python"}, "compute": "busy"}
        status, body = api.call("PUT", f"/jobs/busy_{number}", {"document": document})
        if status in (200, 201):
            taken.append(f"busy_{number}")
        else:
            refused.append(status)
            assert "busy" in str(body)

    def submit_until_refused() -> None:
        number = 100
        while not refused and number < 1000:
            submit(number)
            number += 1

    for number in range(12):
        submit(number)
    eventually(lambda: sum(api.job(name)["status"] == "Running" for name in taken) == 4, 60, what="four that run")
    submitting = threading.Thread(target=submit_until_refused)
    submitting.start()
    eventually(lambda: len(taken) > 15, 30, what="more jobs")
    assert api.call("DELETE", "/computes/busy")[0] == 409
    status, body = api.call("DELETE", "/computes/busy?force=true")
    assert status == 204, body
    submitting.join(60)
    assert refused, "a compute that is not there takes no job"
    records = [api.job(name) for name in taken]
    told = Counter((job["status"], job["status_code"]) for job in records)
    assert set(told) == {("Canceled", "ComputeDetached"), ("Queued", "ComputeGone")}
    assert told["Canceled", "ComputeDetached"] == 4, "those that had a place"
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    eventually(lambda: not any(is_alive(pid) for pid in pids), 60, what="the end of every command")
    assert len(pids) == 4
    assert api.call("GET", "/computes/busy")[0] == 404
    for name in (job["name"] for job in records if job["status"] == "Queued"):
        api.call("POST", f"/jobs/{name}/cancel")
        api.wait(name, "Canceled")
    end_everything(root)


@only_in_a_whole_run
def test_a_part_whose_machine_is_cut_off_keeps_its_job_from_ending(
    api: Api, new_machine: NewMachine, tmp_path: Path
) -> None:
    """The first part has ended with success: that says nothing of the other, which is away, and comes back."""
    machines = [new_machine(username="root") for _ in range(2)]
    document = sshd.document(*machines, root="/home/ada/node", interpreter=sys.executable, name="pair")
    assert api.call("PUT", "/computes/pair", document)[0] == 200
    command = (
        "echo rank $NODE_RANK >> /home/ada/ran; until [ -e /home/ada/go ]; do sleep 0.1; done; "
        "echo rank $NODE_RANK ended; echo $NODE_RANK > outputs/rank$NODE_RANK.txt"
    )
    name = api.submit(command, compute="pair", resources={"instance_count": 2})
    api.wait(name, "Running")
    eventually(lambda: all((machine.home / "ran").exists() for machine in machines), 60, what="both parts")
    led = {(machine.home / "ran").read_text(): machine for machine in machines}
    leader, follower = led["rank 0\n"], led["rank 1\n"]
    follower.cut()
    (leader.home / "go").touch()
    eventually(lambda: api.log(name, "user_logs/std_log_process_0.txt").count(b"ended") == 1, 60)
    told = eventually(lambda: (job := api.job(name))["status"] == "NotResponding" and job, 120)
    assert follower.address in told["status_reason"]
    follower.mend()
    api.wait(name, "Finalizing", timeout=90)  # as its first part is
    (follower.home / "go").touch()
    api.wait(name, "Completed")
    assert [(machine.home / "ran").read_text() for machine in (leader, follower)] == ["rank 0\n", "rank 1\n"]
    for rank in range(2):
        assert api.log(name, f"user_logs/std_log_process_{rank}.txt").count(b"ended") == 1
    assert api.call("DELETE", "/computes/pair")[0] == 204
