"""A real Ray cluster on this machine: several nodes, each with a home folder of its own.

Ray lies in an environment of its own, beside the tests': nothing of Lapis imports it but what runs on the cluster.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from lapisml.backends.compute.ray.attach import LEAVES_AFTER_S, RayCompute
from lapisml.ports.attach import Attachment
from tests.support.fetched import ray_environment
from tests.support.nodes import BRISK, no_seal
from tests.support.own_network import named

LABEL = "0123456789ab"
_STORE = 100_000_000
_STARTS_WITHIN_S = 240
_TRIES = 3


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RayNode:
    """A node: its name, home folder and raylet's process id."""

    name: str
    home: Path
    raylet: int


@dataclass
class RayCluster:
    """A head, and nodes that join it.

    Attributes:
        folder: everything lies below it; its path is short, for Ray's sockets.
        nodes: by name, the head first.
        port, dashboard_port: of the head.
        variables: in the environment of every node.
        umask: of every node; -1 means this process's.
        environment: what has Ray.
        dashboard_host: address of this machine that the dashboard listens on.
    """

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="lr", dir="/tmp")))
    nodes: dict[str, RayNode] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    dashboard_port: int = field(default_factory=free_port)
    variables: Mapping[str, str] = field(default_factory=dict)
    umask: int = -1
    environment: Path = field(default_factory=ray_environment)
    dashboard_host: str = "127.0.0.1"

    @property
    def address(self) -> str:
        """Where the dashboard is."""
        return f"http://{self.dashboard_host}:{self.dashboard_port}"

    @property
    def python(self) -> str:
        """The interpreter that has Ray."""
        return str(self.environment / "bin" / "python")

    def start(self, cpus: float = 2, gpus: int = 0, resources: Mapping[str, float] | None = None) -> RayCluster:
        """Start the head."""
        words = [
            "--head",
            f"--port={self.port}",
            "--include-dashboard=true",
            f"--dashboard-host={self.dashboard_host}",
            f"--dashboard-port={self.dashboard_port}",
            f"--ray-client-server-port={free_port()}",
            f"--temp-dir={self.folder / 's'}",
        ]
        self._start_node("n0", words, cpus, gpus, resources)
        self._wait_for_dashboard()
        return self

    def join(self, name: str, cpus: float = 2, gpus: int = 0, resources: Mapping[str, float] | None = None) -> RayNode:
        """Start another node, or start one of that name again."""
        return self._start_node(name, [f"--address=127.0.0.1:{self.port}"], cpus, gpus, resources)

    def kill_node(self, name: str) -> None:
        """Kill a node's raylet: Ray calls the node dead, and its workers end."""
        os.kill(self.nodes.pop(name).raylet, signal.SIGKILL)

    def kill_machine(self, name: str) -> None:
        """Kill everything that runs on a node, Ray and jobs, in one go."""
        raylet = self.nodes.pop(name).raylet
        for pid in [raylet, *self.processes_of(name)]:
            self.end(pid)

    def processes(self, mark: str) -> list[int]:
        """Return the processes of this cluster whose command line holds `mark`."""
        return [pid for pid, line in _processes() if mark in line and self._is_ours(pid)]

    def processes_of(self, node: str) -> list[int]:
        """Return every process of a node, of its jobs and of Ray."""
        home = b"HOME=" + os.fsencode(self.folder / node) + b"\0"
        return [pid for pid, _line in _processes() if home in _environment(pid)]

    @staticmethod
    def end(pid: int) -> None:
        """Kill a process, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End every process of the cluster and of its jobs, and remove its files."""
        deadline = time.monotonic() + 20
        below = self._descendants()
        while found := [p for p, line in _processes() if self._is_ours(p) or (p in below and "ray::" in line)]:
            assert time.monotonic() < deadline, found
            for pid in found:
                self.end(pid)
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _descendants(self) -> set[int]:
        """Return what our processes have started: those that rename themselves lose their environment's mark."""
        found: set[int] = set()
        for pid, _line in _processes():
            if self._is_ours(pid):
                with suppress(psutil.Error):
                    found.update(child.pid for child in psutil.Process(pid).children(recursive=True))
        return found

    def ask(self, path: str) -> Any:
        """Ask the dashboard."""
        with urllib.request.urlopen(f"{self.address}{path}", timeout=20) as answer:
            return json.loads(answer.read())

    def _start_node(
        self, name: str, words: list[str], cpus: float, gpus: int, resources: Mapping[str, float] | None
    ) -> RayNode:
        home = self.folder / name
        home.mkdir(parents=True, exist_ok=True)
        before = set(self.processes("/raylet/raylet"))
        command = [
            *named(name),
            self.python,
            *("-m", "ray.scripts.scripts"),
            "start",
            *words,
            f"--node-name={name}",
            f"--num-cpus={cpus:g}",
            f"--num-gpus={gpus}",
            f"--resources={json.dumps(resources or {})}",
            f"--object-store-memory={_STORE}",
            f"--dashboard-agent-listen-port={free_port()}",  # the default is one for all on a machine
            "--disable-usage-stats",
        ]
        env = {**os.environ, "HOME": str(home), "LAPIS_TEST_RAY_CLUSTER": str(self.folder), **self.variables}
        env.pop("RAY_ADDRESS", None)
        for _try in range(_TRIES):  # Ray itself gives a node 30 s to start, which a busy machine does not always keep
            done = subprocess.run(
                command,
                env=env,
                umask=self.umask,
                capture_output=True,
                text=True,
                timeout=_STARTS_WITHIN_S,
                check=False,
            )
            if "timed out during startup" not in done.stdout + done.stderr:
                break
            for pid in self.processes_of(name):
                self.end(pid)
        assert done.returncode == 0, done.stdout + done.stderr
        (raylet,) = set(self.processes("/raylet/raylet")) - before
        self.nodes[name] = RayNode(name, home, raylet)
        return self.nodes[name]

    def _wait_for_dashboard(self) -> None:
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while True:
            try:
                if self.ask("/api/jobs/") == []:
                    return
            except OSError:
                assert time.monotonic() < deadline, "no dashboard"
            time.sleep(0.1)

    def _is_ours(self, pid: int) -> bool:
        """Say whether a process was started by this cluster, or below it: all have its mark in their environment."""
        variables = _environment(pid)
        folder = os.fsencode(self.folder)
        return b"LAPIS_TEST_RAY_CLUSTER=" + folder in variables or b"HOME=" + folder + b"/" in variables


@dataclass
class RayRig:
    """A server's side of a cluster.

    Attributes:
        cluster: the cluster.
        shared: folder that server and nodes see at the same path.
        server: LAPIS_HOME.
        document: what the compute's document says beside the address.
        told: the jobs that there was news of.
        made: every backend so far.
    """

    cluster: RayCluster
    shared: Path
    server: Path
    document: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    made: list[RayCompute] = field(default_factory=list)
    name: str = "lab"
    patience_s: float = 30.0
    leaves_after_s: float = LEAVES_AFTER_S

    def backend(self, **changes: Any) -> RayCompute:
        """Make a backend over the cluster, as a server that starts does."""
        self.server.mkdir(exist_ok=True)
        facts: dict[str, Any] = {
            "workspace": "default",
            "name": self.name,
            "label": LABEL,
            "document": {"address": self.cluster.address, "shared": [str(self.shared)], **self.document},
            "home": self.server,
            "server_url": "http://127.0.0.1:9",
            "tell": self.told.append,
            "seal": no_seal,
        }
        pace = replace(BRISK, connect=_STARTS_WITHIN_S)
        attachment = Attachment(**{**facts, **changes})
        made = RayCompute(attachment, patience_s=self.patience_s, pace=pace, leaves_after_s=self.leaves_after_s)
        self.made.append(made)
        return made

    def root(self, node: str) -> Path:
        """Give Lapis's folder on a node."""
        compute = hashlib.sha256(f"default/{self.name}".encode()).hexdigest()[:8]
        return self.cluster.folder / node / ".lapis-node" / LABEL / compute

    def close(self) -> None:
        """Close every backend that was made."""
        for backend in self.made:
            backend.close()

    def end_jobs(self) -> None:
        """End the processes of every job."""
        for pid in self.cluster.processes("lapis-job"):
            os.kill(pid, signal.SIGKILL)


def _environment(pid: int) -> bytes:
    """Return a process's environment as it was started; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _processes() -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if line and int(entry.name) != os.getpid():
                found.append((int(entry.name), line))
    return found
