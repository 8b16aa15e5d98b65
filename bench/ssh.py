"""Jobs on a machine that is reached by SSH: what the pool adds to plain ``ssh``, and data through the server.

Needs sshd; with root the machine has a network of its own, else it is this one's loopback.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.harness import Table, rounds_from_arguments, seconds
from lapisml.ports.compute import InputSpec, LaunchSpec
from lapisml.testing.compute_bench import Bench
from tests.support import sshd
from tests.support.nodes import seal_of
from tests.support.pools import PoolRig
from tests.support.server import LapisServer, end_everything

LARGE = 256 << 20
FILES = 2000


def first_line(bench: Bench, spec: LaunchSpec) -> float:
    """Seconds from the hand-over to the first line of the log."""

    def work() -> None:
        handle = bench.backend.submit(spec)
        while not bench.backend.read_log(handle, "user_logs/std_log.txt").data:
            time.sleep(0.005)

    return seconds(work)


def over(bench: Bench, spec: LaunchSpec) -> float:
    """Seconds from the hand-over to the ending."""

    def work() -> None:
        assert bench.follow(bench.backend.submit(spec), timeout=300).exit.exit_code == 0

    return seconds(work)


def spec_of(bench: Bench, machine: sshd.SshMachine, command: str) -> LaunchSpec:
    """A job whose artifacts stay on its machine."""
    made = bench.spec(command)
    place = f"{'/home/ada' if machine.space else bench.home}/artifacts/{made.job}"
    return replace(made, artifacts=replace(made.artifacts, location={**made.artifacts.location, "path": place}))


def with_input(bench: Bench, machine: sshd.SshMachine, folder: Path) -> LaunchSpec:
    """A job that has read a folder of the server's."""
    location = {"protocol": "file", "path": str(folder), "options": {}, "root": None}
    made = spec_of(bench, machine, "find ${{inputs.data}} -type f | wc -l")
    return replace(made, inputs={"data": InputSpec("uri_folder", "azureml://x", location, "download")})


@contextmanager
def place() -> Iterator[tuple[sshd.SshMachine, Bench, LapisServer, Path]]:
    """A machine, a server, and a pool between them."""
    folder = Path(tempfile.mkdtemp(prefix="lapis-ssh-"))
    folder.chmod(0o755)
    home = folder / "home"
    home.mkdir(mode=0o700)
    machine = sshd.machine(folder / "m", spaces=not sshd.why_no_namespaces(), home_size="2g")
    server = LapisServer(home).start()
    shared = ["/home"] if machine.space else [str(home / "artifacts")]
    rig = PoolRig(
        home, [machine], {"shared": shared, "root": "~/.lapis-node/bench" if machine.space else str(folder / "node")}
    )
    try:
        yield machine, Bench(lambda: rig.pool(seal=seal_of(server), server_url=server.url), home), server, folder
    finally:
        rig.close()
        machine.remove()
        server.stop()
        end_everything(home)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Measure."""
    if sshd.SSHD is None:
        sys.exit(sshd.NO_SSHD)
    rounds = rounds_from_arguments(5)
    table = Table("SSH", "plain ssh", ("asyncssh",), rounds)
    with place() as (machine, bench, server, folder):
        key = folder / "user_key"
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        ssh = ["ssh", *options, "-i", str(key), "-p", str(machine.port), f"{machine.username}@{machine.address}"]
        bench.follow(bench.backend.submit(spec_of(bench, machine, "true")))

        def plain(command: str, data: Path | None = None) -> float:
            def work() -> None:
                with (data or Path("/dev/null")).open("rb") as given:
                    subprocess.run([*ssh, command], stdin=given, check=True, stdout=subprocess.PIPE)

            return seconds(work)

        table.compare(
            "submit to first log line, connected",
            ours=lambda: first_line(bench, spec_of(bench, machine, "echo hello")),
            peer=lambda: plain("echo hello"),
            limit=1.5,
            note="plain ssh logs in anew, and keeps nothing of the command",
        )
        large, small = home_data(server.home)
        tar = folder / "small.tar"
        subprocess.run(["tar", "-cf", str(tar), "-C", str(small), "."], check=True)
        table.compare(
            "256 MiB input through the server",
            ours=lambda: over(bench, with_input(bench, machine, large)),
            peer=lambda: plain("cat > /dev/null", large / "x.bin"),
            rounds=min(rounds, 3),
            note="the peer is `ssh host 'cat >/dev/null'` with the same file",
        )
        table.compare(
            "2,000 small files through the server",
            ours=lambda: over(bench, with_input(bench, machine, small)),
            peer=lambda: plain("d=$(mktemp -d) && tar -xf - -C $d && rm -r $d", tar),
            rounds=min(rounds, 3),
            note="the peer is tar through ssh",
        )
    return table.finish()


def home_data(home: Path) -> tuple[Path, Path]:
    """Make the two inputs."""
    large, small = home / "data" / "large", home / "data" / "small"
    large.mkdir(parents=True)
    small.mkdir()
    with (large / "x.bin").open("wb") as file:
        for _part in range(LARGE >> 20):
            file.write(secrets.token_bytes(1 << 20))
    for number in range(FILES):
        (small / f"{number:04}.txt").write_bytes(secrets.token_bytes(2000))
    return large, small


if __name__ == "__main__":
    sys.exit(main())
