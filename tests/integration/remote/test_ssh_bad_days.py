"""SSH servers with narrow limits or restarted, users side by side, servers that move, machines with nothing but uv."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.backends.compute.ssh import SshTransport
from lapisml.ports.compute import Outcome
from lapisml.testing.compute_bench import Bench
from tests.integration.remote.test_ssh_connecting import refused, tried, way
from tests.support import sshd
from tests.support.pools import BRISK, NewPool, PoolRig, spec, started
from tests.support.server import end_everything
from tests.support.sshd import SshMachine
from tests.support.whole import only_in_a_whole_run

pytestmark = only_in_a_whole_run


def test_a_server_that_allows_one_session(new_machine: Any, new_pool: NewPool) -> None:
    """One connection with one session is all that is asked for; several computes may share such a machine."""
    machine = new_machine(further="MaxSessions 1\nMaxStartups 1:100:1\nLoginGraceTime 20")
    rig, bench = new_pool(machine)
    other = rig.pool(name="lab2", document={**sshd.document(machine), "root": "~/.lapis-node/other"})
    bench.wait(lambda: other.describe().state == "ready", 40, lambda: str(other.describe()))
    assert bench.follow(bench.backend.submit(spec(bench, "exit 4"))).exit.exit_code == 4


def test_a_server_that_runs_no_command(new_machine: Any) -> None:
    machine = new_machine(further="MaxSessions 0")
    error = refused(machine)
    assert "runs no command" in error.message
    assert "MaxSessions" in str(error.hint)


def test_a_server_that_runs_another_command(new_machine: Any) -> None:
    machine = new_machine(further="ForceCommand echo this account is for git only")
    assert "this account is for git only" in refused(machine).message


def test_a_restarted_ssh_server_ends_no_job(tmp_path: Path) -> None:
    """The agent goes with its connection; the job does not, and another agent finds it."""
    if sshd.SSHD is None:
        pytest.skip(sshd.NO_SSHD)
    machine = sshd.machine(tmp_path / "machines" / "m", spaces=False)
    home = tmp_path / "home"
    home.mkdir()
    facts = {"root": str(tmp_path / "node"), "shared": [str(home)], "interpreter": sys.executable}
    rig = PoolRig(home, [machine], facts, BRISK)
    bench = Bench(rig.pool, home, tmp_path / "node")
    try:
        handle = bench.running("echo up; while ! [ -e go ]; do sleep 0.05; done; echo over; exit 5")
        machine.kill()
        bench.wait(lambda: bench.look(handle).phase.value == "unknown", 30, lambda: str(bench.look(handle)))
        assert "Nothing listens on port" in bench.look(handle).sentence or "broke" in bench.look(handle).sentence
        (tmp_path / "node" / "runs" / "default" / handle.job / "work" / "go").touch()
        machine.start()
        assert bench.follow(handle, timeout=40).exit.exit_code == 5
        assert bench.log(handle) == "up\nover\n"
    finally:
        rig.close()
        machine.remove()
        end_everything(tmp_path / "node")


def test_what_lies_there_is_its_users_alone(new_machine: Any, new_pool: NewPool) -> None:
    """Also below a folder that a person made, with the rights that folders usually have."""
    machine = new_machine()
    machine.do("chmod 755 /home/ada; install -d -o ada -m 755 /home/ada/jobs")
    rig, bench = new_pool(machine, root="/home/ada/jobs")
    handle = started(bench, "echo up; echo secret > outputs/mine; sleep 600")
    found = machine.do("find /home/ada/jobs -mindepth 1 -maxdepth 1 -printf '%m %f\\n'").split("\n")
    assert {line.split()[0] for line in found if line} == {"700"}, found
    looks = "su -s /bin/sh nobody -c 'cat /home/ada/jobs/*/* /home/ada/jobs/runs/default/*/work/outputs/mine' 2>&1"
    told = machine.do(f"{looks} || true")
    assert "Permission denied" in told
    assert "secret" not in told
    bench.backend.cancel(handle, 1)
    bench.follow(handle)
    rig.close()


@pytest.mark.parametrize("rights", ["-o nobody -m 755", "-o ada -m 777"])
def test_a_folder_that_others_can_write_to_is_not_used(new_machine: Any, rights: str) -> None:
    """What lies there is run: nobody else may put anything there."""
    machine = new_machine()
    machine.do(f"install -d {rights} /home/shared")
    assert "others than its user can write to it" in refused(machine, root="/home/shared").message


def test_a_server_with_a_new_address_while_jobs_run(new_machine: Any, new_pool: NewPool, tmp_path: Path) -> None:
    """The document says where it is now (`server_url:`); what the machine wrote down follows, and back again."""
    machine = new_machine()
    rig, bench = new_pool(machine)
    handle = started(bench, "echo up; sleep 600")
    record = "cat /home/ada/.lapis-node/0123456789ab/run/server.json"
    assert "127.0.0.1" in machine.do(record)
    for url in ("https://lapis.example:8787", "https://other.example"):
        rig.changes["server_url"] = url
        bench.restart()
        bench.wait(lambda: bench.look(handle).phase.value == "running", 20)
        assert f'"{url}"' in machine.do(record)
    del rig.changes["server_url"]
    bench.restart()
    bench.wait(lambda: bench.look(handle).phase.value == "running", 20)
    assert "http://127.0.0.1:" in machine.do(record)
    bench.backend.cancel(handle, 1)
    assert bench.follow(handle).exit.outcome is Outcome.CANCELED


def _uv() -> str | None:
    """Return uv's own program: what pip installs is that."""
    known = [shutil.which("uv"), str(Path(sys.executable).with_name("uv"))]
    return next((os.path.realpath(path) for path in known if path and Path(path).exists()), None)


def test_nothing_but_uv(new_machine: Any, new_pool: NewPool) -> None:
    """A machine with a Python that only uv knows of: the job runs on it."""
    uv = _uv()
    if uv is None:
        pytest.skip("uv is not installed")
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve().parents[1]
    machine = new_machine()
    version = ".".join(map(str, sys.version_info[:3]))
    kept = f"/home/ada/.local/share/uv/python/cpython-{version}-linux-x86_64-gnu"
    machine.do(
        f"install -d -o ada /home/ada/.local/bin {kept}; cp {uv} /home/ada/.local/bin/uv; mount --bind {base} {kept};"
        "chown -R ada /home/ada/.local/bin /home/ada/.local/share;"
        "mkdir -p /run/bin /run/all; mount --bind /usr/bin /run/all; cd /run/all;"
        "for n in *; do case $n in python*|uv) ;; *) ln -s /run/all/$n /run/bin/$n;; esac; done;"
        "mount -t tmpfs tmpfs /usr/local/bin; mount --bind /run/bin /usr/bin"
    )
    tried(way(machine))
    _rig, bench = new_pool(machine)
    assert bench.follow(bench.backend.submit(spec(bench, "exit 4"))).exit.exit_code == 4
    assert kept in str(bench.backend._members[0].backend.facts["interpreter"])  # type: ignore[attr-defined]


def test_the_transport_shows_no_secret(machine: SshMachine) -> None:
    made = way(machine, admin_password="canary-9")
    assert isinstance(made, SshTransport)
    assert "canary-9" not in repr(made) + repr(vars(made))
