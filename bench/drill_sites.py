"""The places of the drill: a server, real machines of one engine, and a network between them that can be cut.

SSH hosts have networks of their own, so that one of them or all can be cut off. For Slurm (by a login host) and Ray it
is the server that has a network of its own, and it is cut off from the cluster; the drill itself still reaches it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.support import slurm, sshd
from tests.support.fetched import ray_environment
from tests.support.own_network import run
from tests.support.polling import eventually
from tests.support.processes import clean_environment
from tests.support.ray_cluster import RayCluster
from tests.support.server import LapisServer, end_everything
from tests.support.slurm import SlurmRig

SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}


class Site(Protocol):
    """Where the drill takes place.

    Attributes:
        server: the server, which is killed and started again.
        document: attaches the machines, as ``lab``.
        evidence: folder of the nodes into which jobs write, as they see it.
        pieces: how many machines can be cut off, each by itself.
    """

    server: LapisServer
    document: dict[str, Any]
    evidence: str
    pieces: int

    def cut(self, piece: int | None, *, to: bool, back: bool) -> None:
        """Cut off one machine, or all; towards it, back from it, or both."""

    def mend(self) -> None:
        """Undo every cut."""

    def told(self, job: str) -> list[str]:
        """Read what a job wrote on all nodes."""

    def told_by_all(self) -> list[str]:
        """Read what all jobs wrote, in no order."""

    def left(self) -> list[str]:
        """List the commands of jobs that still run."""


def _lines(folders: list[Path], job: str = "*") -> list[str]:
    found: list[str] = []
    for folder in folders:
        for path in folder.glob(job):
            found += path.read_text().splitlines()
    return found


class SshSite:
    """Three machines in namespaces."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        why = sshd.why_no_namespaces() or ("" if sshd.SSHD else sshd.NO_SSHD)
        if why:
            sys.exit(why)
        self.machines: list[sshd.SshMachine] = []
        for number in range(3):
            made = sshd.machine(folder / f"m{number}", spaces=True, username="root")
            stack.callback(made.remove)
            self.machines.append(made)
        self.pieces = len(self.machines)
        self.evidence = "/home/ada/evidence"
        self.document = sshd.document(
            *self.machines, slots=2, root="/home/ada/node", interpreter=sys.executable
        )  # as root: the tests' interpreter, which has what environments need, is not everybody's
        self.server = LapisServer(folder / "home", SETTINGS)
        stack.callback(end_everything, self.server.home)
        stack.callback(self.server.stop)

    def cut(self, piece: int | None, *, to: bool, back: bool) -> None:
        for machine in self.machines if piece is None else [self.machines[piece]]:
            machine.cut(to=to, back=back)

    def mend(self) -> None:
        for machine in self.machines:
            machine.mend()

    def told(self, job: str) -> list[str]:
        return _lines([machine.home / "evidence" for machine in self.machines], job)

    def told_by_all(self) -> list[str]:
        return self.told("*")

    def left(self) -> list[str]:
        return [line for machine in self.machines for line in machine.processes() if "drill_job.py" in line]


class ServerApart(LapisServer):
    """A server in a network of its own, joined to this machine's by one pair of devices.

    Attributes:
        gate: address of this machine, as the server sees it.
    """

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        pid = os.getpid()
        self.space, self.device = f"lps{pid}", f"vlps{pid}"
        net = f"10.{128 + (pid >> 8) % 64}.{pid % 256}"
        self.gate, own = f"{net}.1", f"{net}.2"
        self.url = f"http://{own}:{self.port}"
        self._env = {
            **SETTINGS, "LAPIS_HOST": own, "LAPIS_ALLOWED_HOSTS": own, "LAPIS_BEHIND_TLS_PROXY": "1",
        }  # fmt: skip
        self._own = own

    def make_network(self) -> None:
        """Make it."""
        run("ip", "netns", "add", self.space)
        run("ip", "link", "add", self.device, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        run("ip", "addr", "add", f"{self.gate}/30", "dev", self.device)
        run("ip", "link", "set", self.device, "up")
        for words in (f"addr add {self._own}/30 dev eth0", "link set eth0 up", "link set lo up"):
            run("ip", "netns", "exec", self.space, "ip", *words.split())

    def remove_network(self) -> None:
        """Take it away."""
        self.mend()
        run("ip", "link", "del", self.device, check=False)
        run("ip", "netns", "del", self.space, check=False)

    def start(self, wait: bool = True, timeout: float = 60.0) -> LapisServer:
        """Start it there."""
        self.home.mkdir(parents=True, exist_ok=True)
        env = clean_environment(LAPIS_HOME=str(self.home), LAPIS_PORT=str(self.port), **self._env)
        command = ["nsenter", f"--net=/run/netns/{self.space}", sys.executable, "-m", self.MODULE]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[assignment] - it has all that is asked of it
                command,
                env=env,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if wait:
            self.wait_ready(timeout)
        return self

    def cut(self, *, to: bool, back: bool) -> None:
        """Drop what goes to the machines and what comes back, but for what the drill says to the server."""
        port = str(self.port)
        if to:
            run("iptables", "-I", "INPUT", "-i", self.device, "-p", "tcp", "!", "--sport", port, "-j", "DROP")
        if back:
            run("iptables", "-I", "OUTPUT", "-o", self.device, "-p", "tcp", "!", "--dport", port, "-j", "DROP")

    def mend(self) -> None:
        """Undo `cut`."""
        port = str(self.port)
        for rule in (
            ["INPUT", "-i", self.device, "-p", "tcp", "!", "--sport", port, "-j", "DROP"],
            ["OUTPUT", "-o", self.device, "-p", "tcp", "!", "--dport", port, "-j", "DROP"],
        ):
            while subprocess.run(["iptables", "-D", *rule], capture_output=True, check=False).returncode == 0:
                pass


class _ApartSite:
    """A cluster in this machine's network, and a server in its own."""

    pieces = 0
    document: dict[str, Any]

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.server: LapisServer
        self.apart = self.server = ServerApart(folder / "home")
        stack.callback(self.apart.remove_network)
        self.apart.make_network()
        stack.callback(end_everything, self.server.home)
        stack.callback(self.server.stop)
        self.folder = folder / "evidence"
        self.folder.mkdir()
        self.evidence = str(self.folder)

    def cut(self, piece: int | None, *, to: bool, back: bool) -> None:
        self.apart.cut(to=to, back=back)

    def mend(self) -> None:
        self.apart.mend()

    def told(self, job: str) -> list[str]:
        return _lines([self.folder], job)

    def told_by_all(self) -> list[str]:
        return self.told("*")

    def left(self) -> list[str]:
        lines = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout.splitlines()
        return [line for line in lines if "drill_job.py" in line and self.evidence in line]


class SlurmSite(_ApartSite):
    """A Slurm of two nodes, behind a login host that is reached by SSH."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        if slurm.why_not() or not sshd.SSHD:
            sys.exit(slurm.why_not() or sshd.NO_SSHD)
        super().__init__(folder, stack)
        rig = SlurmRig(nodes=2, cpus=4)
        stack.callback(rig.stop)
        rig.start()
        login = sshd.machine(folder / "login", spaces=False, address=self.apart.gate)
        stack.callback(login.remove)
        program = rig.shared / "python"
        sets = "".join(f"export {name}='{value}'\n" for name, value in rig.environment.items())
        program.write_text(f'#!/bin/sh\n{sets}exec {sys.executable} "$@"\n')
        program.chmod(0o755)
        self.document = {
            "name": "lab", "type": "slurm", "root": str(rig.shared / "lapis"), "partition": "work",
            "interpreter": str(program),
            "login": {
                "address": login.address, "port": login.port, "username": login.username,
                "ssh_private_key": login.key, "host_keys": [login.host_key],
            },
        }  # fmt: skip
        stack.callback(end_everything, rig.shared / "lapis")


def _with_ray_and_ours(place: Path) -> Path:
    """Make an environment that has Ray and, as environments need them, the tests' packages."""
    run(sys.executable, "-m", "venv", "--without-pip", str(place))
    ours = [path for path in sys.path if path.endswith("site-packages")]
    paths = [*ray_environment().glob("lib/python3*/site-packages"), *ours]
    own = next(place.glob("lib/python3*/site-packages"))
    (own / "others.pth").write_text("".join(f"{path}\n" for path in paths))
    return place


class RaySite(_ApartSite):
    """A Ray cluster of three nodes, the head among them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__(folder, stack)
        cluster = RayCluster(dashboard_host=self.apart.gate, environment=_with_ray_and_ours(folder / "python"))
        stack.callback(cluster.stop)
        cluster.start(cpus=2)
        for name in ("n1", "n2"):
            cluster.join(name, cpus=2)
        self.document = {"name": "lab", "type": "ray", "address": cluster.address}


SITES: dict[str, Callable[[Path, ExitStack], Site]] = {"ssh": SshSite, "slurm": SlurmSite, "ray": RaySite}


@contextmanager
def site(engine: str, *, keep: bool = False) -> Iterator[tuple[Site, Path]]:
    """Make the place of one engine, with a server to which the machines are attached as ``lab``, and its folder.

    Args:
        keep: leaves the folder where it is at the end.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix=f"lapis-drill-{secrets.token_hex(2)}-"))
        folder.chmod(0o755)
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        made = SITES[engine](folder, stack)
        made.server.start()
        eventually(lambda: _attach(made), 120, 0.5, what="the compute is attached")
        yield made, folder


def _attach(made: Site) -> bool:
    status, body = made.server.request("PUT", "/api/v1/workspaces/default/computes/lab", made.document)
    assert status == 200, body
    return bool(body["state"] == "ready")
