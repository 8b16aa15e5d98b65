"""A real server to which two machines are attached, as ``lab``: a Ray cluster, a Slurm cluster, or a pool over SSH.

Each machine has a host name of its own and takes two jobs at a time.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.sweeps.conftest import Sweeps
from tests.support import slurm, sshd
from tests.support.cli import run_lapis
from tests.support.fetched import training_environment
from tests.support.own_network import run
from tests.support.ray_cluster import RayCluster
from tests.support.server import LapisServer, end_everything

ENGINES = ("ray", "slurm", "ssh")


@dataclass
class Site:
    """The server and what is attached to it.

    Attributes:
        engine: one of `ENGINES`.
        server: the server.
        names: the host names of the machines.
        kill: ends a machine, and all that runs on it, by its host name.
        document: of the compute.
        ray: the cluster, where it is one of Ray's.
        slurm: the cluster, where it is one of Slurm's.
        machines: by their host names, where they are reached by SSH.
    """

    engine: str
    server: LapisServer
    names: list[str]
    kill: Callable[[str], None]
    document: dict[str, Any]
    ray: RayCluster | None = None
    slurm: slurm.SlurmRig | None = None
    machines: dict[str, sshd.SshMachine] = field(default_factory=dict)

    @property
    def api(self) -> Sweeps:
        """A client of the server."""
        return Sweeps(self.server)

    def lapis(self, *words: str, cwd: Path | None = None) -> str:
        """Run the command and return what it prints.

        Raises:
            AssertionError: it failed.
        """
        return run_lapis(*words, home=self.server.home, cwd=cwd, check=True, timeout=300).stdout

    def revive(self, name: str) -> None:
        """Start a machine again that was killed."""
        if self.ray:
            self.ray.join(name, cpus=2)
        elif self.slurm:
            self.slurm.bring_back(name)
        else:
            self.machines[name].start()

    def address(self, name: str) -> str:
        """Return where a machine's SSH server is."""
        return self.machines[name].address

    def running(self) -> str:
        """Return the command lines of what runs on the machines."""
        pids: list[int] = []
        for name in self.names:
            pids += self.slurm.pids_on(name) if self.slurm else self.ray.processes_of(name) if self.ray else ()
        lines = [line for machine in self.machines.values() for line in machine.processes()]
        if pids:
            lines.append(run("ps", "-o", "args=", "-p", ",".join(map(str, pids)), check=False))
        return "\n".join(lines)

    def submit(self, folder: Path, document: dict[str, Any]) -> str:
        """Write a job's document into a folder, submit it from there, and give the job's name."""
        (folder / "job.yml").write_text(yaml.safe_dump(document, sort_keys=False))
        return self.lapis("job", "create", "-f", "job.yml", "--query", "name", "-o", "tsv", cwd=folder).strip()

    def attach(self) -> None:
        """Attach the compute by its document, as a person does."""
        path = self.server.home.parent / "lab.yml"
        path.write_text(yaml.safe_dump(self.document, sort_keys=False))
        self.lapis("compute", "attach", "-f", str(path))


@contextlib.contextmanager
def site(engine: str, settings: dict[str, str] | None = None) -> Iterator[Site]:
    """Start machines and a server; all ends with the block.

    Args:
        engine: one of `ENGINES`; the test is skipped where this machine can't have it.
        settings: of the server, beside that environments are the interpreters that are there.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="lapis-site-", dir="/tmp"))
        folder.chmod(0o755)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)

        def server(**more: str) -> LapisServer:
            made = LapisServer(folder / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host", **more, **(settings or {})})
            stack.callback(end_everything, made.home)
            stack.callback(made.stop)
            return made.start()

        made = _MAKERS[engine](server, folder, stack)
        made.attach()
        yield made


NewServer = Callable[..., LapisServer]


def _on_ray(server: NewServer, _folder: Path, stack: contextlib.ExitStack) -> Site:
    cluster = RayCluster(environment=training_environment())
    stack.callback(cluster.stop)
    cluster.start(cpus=0)
    for name in ("n1", "n2"):
        cluster.join(name, cpus=2)

    document = {"name": "lab", "type": "ray", "address": cluster.address}
    return Site("ray", server(), ["n1", "n2"], cluster.kill_machine, document, ray=cluster)


def _on_slurm(server: NewServer, _folder: Path, stack: contextlib.ExitStack) -> Site:
    if slurm.why_not():
        pytest.skip(slurm.why_not())
    rig = slurm.SlurmRig(nodes=2, cpus=2)
    stack.callback(rig.stop)
    stack.callback(end_everything, rig.shared / "lapis")
    rig.start()
    document = {
        "name": "lab",
        "type": "slurm",
        "root": str(rig.shared / "lapis"),
        "partition": "work",
        "interpreter": str(training_environment() / "bin" / "python"),
    }
    return Site("slurm", server(**rig.environment), list(rig.names), rig.kill_node, document, slurm=rig)


def _on_ssh(server: NewServer, folder: Path, stack: contextlib.ExitStack) -> Site:
    pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")
    if sshd.SSHD is None or sshd.why_no_namespaces():
        pytest.skip(sshd.NO_SSHD if sshd.SSHD is None else sshd.why_no_namespaces())
    machines: dict[str, sshd.SshMachine] = {}
    for number in range(2):
        machine = sshd.machine(folder / f"m{number}", spaces=True, username="root")
        stack.callback(machine.remove)
        machines[machine.space] = machine
    python = str(training_environment() / "bin" / "python")
    document = sshd.document(*machines.values(), root="/home/node", interpreter=python, slots=2)
    return Site("ssh", server(), list(machines), lambda name: machines[name].kill(), document, machines=machines)


_MAKERS = {"ray": _on_ray, "slurm": _on_slurm, "ssh": _on_ssh}
