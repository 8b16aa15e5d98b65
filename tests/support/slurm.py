"""A real Slurm on this machine: munge, a controller, and several nodes that are daemons with names of their own.

All of it lives in one temporary folder and on free ports, beside whatever else the machine runs. There is no
accounting database, as on many small clusters.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.support.own_network import in_space, named, space_of
from tests.support.polling import eventually
from tests.support.processes import clean_environment, end, free_port, tail

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo", "srun")
PATH = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", os.environ.get("PATH", os.defpath)))


def why_not() -> str:
    """Say why this machine can't run the cluster; empty when it can."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path=PATH) is None]
    if missing:
        return f"Slurm and munge are not installed here ({', '.join(missing)} are missing)"
    return "" if os.geteuid() == 0 else "Slurm's daemons need root to start jobs"


class SlurmRig:
    """A cluster of a few nodes; ends with `stop`, jobs and all.

    Args:
        nodes: how many.
        cpus: processors that each node says it has, whatever the machine has.
        partitions: lines of ``slurm.conf`` that name them; None means one, ``work``, with every node.
        settings: further settings of ``slurm.conf``, or others in place of ours.
        address: of this machine, for controller and nodes.

    Attributes:
        root: the folder of all.
        shared: a folder that stands for one on storage which login host and nodes share.
        names: of the nodes.
    """

    def __init__(
        self,
        nodes: int = 2,
        cpus: int = 4,
        partitions: tuple[str, ...] | None = None,
        settings: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="lapis-slurm-"))
        self.shared = self.root / "shared"
        self.names = [f"n{number}" for number in range(1, nodes + 1)]
        self.address = address
        self._cpus = cpus
        self._partitions = partitions
        self._settings = dict(settings or {})
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._port = free_port()
        self._node_ports = [free_port() for _ in self.names]
        self.mark = secrets.token_hex(4)

    @property
    def environment(self) -> dict[str, str]:
        """What commands need to find the cluster."""
        return {"SLURM_CONF": str(self.root / "slurm.conf"), "PATH": PATH}

    def start(self) -> SlurmRig:
        """Start all; return when the nodes are idle."""
        self.shared.mkdir()
        (self.root / "state").mkdir()
        self._start_munge()
        self.write_config()
        self.before_controller()
        self.start_controller()
        for name in self.names:
            self.start_node(name)
        eventually(lambda: self.states() == dict.fromkeys(self.names, "idle"), 60, what="idle nodes")
        return self

    def before_controller(self) -> None:
        """Start what the controller needs: nothing here."""

    def stop(self) -> None:
        """End every daemon and every job, and remove the folder."""
        for name in self.names:
            self.kill_node(name)
        for process in reversed(list(self._processes.values())):
            end(process, 5)
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's commands and return what it prints.

        Raises:
            RuntimeError: it failed, and `check`.
        """
        env = clean_environment(**self.environment)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)} → {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout + ("" if check else done.stderr)

    def states(self) -> dict[str, str]:
        """Return the nodes' states, empty while the controller is away."""
        lines = self.run("sinfo", "-h", "-N", "-o", "%N %T", check=False).splitlines()
        words = [line.split() for line in lines]
        return {word[0]: word[1] for word in words if len(word) == 2 and word[0] in self.names}

    def write_config(self, **changes: str) -> None:
        """Write ``slurm.conf``; a controller that runs takes it at ``scontrol reconfigure`` or its next start."""
        self._settings.update(changes)
        partitions = self._partitions or ("PartitionName=work Nodes=ALL Default=YES MaxTime=INFINITE State=UP",)
        lines = [f"{key}={value}" for key, value in {**self._defaults(), **self._settings}.items()]
        host = socket.gethostname()
        for name, port in zip(self.names, self._node_ports, strict=True):
            lines.append(
                f"NodeName={name} NodeHostname={host} NodeAddr={self.address} Port={port} CPUs={self._cpus} "
                "RealMemory=2000 State=UNKNOWN"
            )
        lines += partitions
        (self.root / "slurm.conf").write_text("\n".join(lines) + "\n")

    def start_controller(self) -> None:
        """Start the controller; return when it answers."""
        self._start("slurmctld", "slurmctld", "-D", "-f", str(self.root / "slurm.conf"))
        eventually(lambda: "UP" in self.run("scontrol", "ping", check=False), 30, what="a controller that answers")

    def kill_controller(self, *, at_once: bool = False) -> None:
        """End the controller: it saves its state, or, `at_once`, is killed and forgets what it had not saved yet."""
        process = self._processes.pop("slurmctld")
        if at_once:
            process.kill()
        end(process, 10)

    def saved(self) -> None:
        """Return when the controller has saved what it knows now."""
        path, since = self.root / "state" / "job_state", time.time()
        eventually(lambda: path.exists() and path.stat().st_mtime > since, 30, what="the controller's saved state")

    def start_node(self, name: str, *, rebooted: bool = False) -> None:
        """Start a node's daemon; `rebooted`: it says that its machine has been started anew."""
        new_boot = ["-b"] if rebooted else []
        program = [*named(name), "slurmd", "-D", "-N", name, *new_boot]
        self._start(name, *program, "-f", str(self.root / "slurm.conf"))

    def kill_node(self, name: str, *, jobs: bool = True) -> None:
        """Kill a node's daemon and, as with a machine that loses its power, all that ran there."""
        space = self._space(name)
        self._kill(name)
        if jobs:
            for pid in {*self.pids_on(name), *in_space(space)}:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def pids_on(self, name: str) -> list[int]:
        """Return the processes of jobs that run on a node, and of Slurm's step daemons there."""
        marks = {f"SLURMD_NODENAME={name}".encode(), f"SLURM_CONF={self.root}/slurm.conf".encode()}
        jobs = [pid for pid in _all_pids() if marks <= set(_read(pid, "environ").split(b"\0"))]
        return sorted({*jobs, *_owners_of_sockets(f"{self.root}/spool-{name}/"), *in_space(self._space(name))})

    def _space(self, name: str) -> str:
        """Return what a node's processes have in common, where it has a host name of its own; empty elsewhere."""
        process = self._processes.get(name)
        return space_of(process.pid) if process is not None else ""

    def set_node(self, name: str, state: str, reason: str = "a test") -> None:
        """Have the controller take a node as down, drained, or back."""
        self.run("scontrol", "update", f"NodeName={name}", f"State={state}", f"Reason={reason}")

    def bring_back(self, name: str) -> None:
        """Start a node again that was killed; return when it is idle."""
        if name not in self._processes:
            self.start_node(name)
        self.run("scontrol", "update", f"NodeName={name}", "State=RESUME", check=False)
        eventually(lambda: self.states().get(name) == "idle", 60, what=f"{name} to be idle")

    def clear(self) -> None:
        """End every job; return when none is left."""
        self.run("scancel", "--quiet", "--user=root", check=False)
        eventually(lambda: not self.run("squeue", "-h", check=False).strip(), 60, what="an empty queue")

    def release(self, number: str) -> None:
        """Let a job start at once that was put back into the queue and has to wait there."""

        def is_let_go() -> bool:
            state = self.run("squeue", "-h", "-j", number, "-o", "%T %r", check=False).split()
            if state[:1] == ["PENDING"]:
                self.run("scontrol", "update", f"JobId={number}", "StartTime=now", check=False)
                self.run("scontrol", "release", number, check=False)
            return state[:1] in (["RUNNING"], ["COMPLETED"]) or "Invalid" in state  # it has been, and is forgotten

        eventually(is_let_go, 60, 0.2, what=f"job {number} to start again")

    def log(self, name: str) -> str:
        """Return the end of a daemon's log."""
        return tail(self.root / f"{name}.log")

    def _defaults(self) -> dict[str, str]:
        root = self.root
        return {
            "ClusterName": "rig",
            "SlurmctldHost": f"{socket.gethostname()}({self.address})",
            "SlurmctldPort": str(self._port),
            "SlurmUser": "root",
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={root}/munge/socket",
            "CredType": "cred/munge",
            "StateSaveLocation": f"{root}/state",
            "SlurmdSpoolDir": f"{root}/spool-%n",
            "SlurmctldPidFile": f"{root}/slurmctld.pid",
            "SlurmdPidFile": f"{root}/slurmd-%n.pid",
            "SlurmdParameters": "config_overrides",
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "SwitchType": "switch/none",
            "MpiDefault": "none",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_Core_Memory",
            "DefMemPerCPU": "100",
            "SchedulerParameters": "batch_sched_delay=0,sched_interval=2,bf_interval=2",
            "ReturnToService": "2",
            "KillWait": "3",
            "MinJobAge": "5",
            "SlurmdTimeout": "10",
            "InactiveLimit": "0",
            "JobAcctGatherType": "jobacct_gather/none",
            "AccountingStorageType": "accounting_storage/none",
            "JobCompType": "jobcomp/none",
            "PropagateResourceLimits": "NONE",
        }

    def _start_munge(self) -> None:
        folder = self.root / "munge"
        folder.mkdir(mode=0o755)
        self.root.chmod(0o755)
        key = folder / "key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        options = {"socket": "socket", "key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        words = [f"--{option}={folder / name}" for option, name in options.items()]
        self._start("munged", "munged", "--foreground", "--force", *words)
        eventually((folder / "socket").exists, 20, what="munge's socket")

    def _start(self, name: str, *command: str) -> None:
        with (self.root / f"{name}.log").open("ab") as log:
            env = clean_environment(**self.environment)
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=env)

    def _kill(self, name: str) -> None:
        process = self._processes.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _owners_of_sockets(folder: str) -> list[int]:
    """Return the step daemons that listen on sockets in a folder."""
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    sockets = {f"socket:[{line[6]}]" for line in lines if len(line) > 7 and line[7].startswith(folder)}
    found = []
    for pid in _all_pids():
        if _read(pid, "comm").strip() == b"slurmstepd":
            with suppress(OSError):
                fds = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
                found += [pid] if fds & sockets else []
    return found
