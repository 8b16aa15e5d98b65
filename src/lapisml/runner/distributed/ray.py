"""A Ray of the job's own: stands in the command's place, and runs the command with Ray around it.

Part 0 starts ``ray start --head`` from the job's environment, then the command with ``RAY_ADDRESS``; the other parts
join with ``ray start --address``, and hold a connection to part 0 through which they learn that the command has ended.
All of it are children of this process, so Ray ends with the job however the job ends. On a Ray cluster, which gives
its own address, nothing is started. Options: https://docs.ray.io/en/latest/cluster/cli.html#ray-start
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import child, parts, processes
from lapisml.runner.distributed.free_ports import free_run
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job

GIVEN = "LAPIS_RAY_ADDRESS"
"""Set by a compute that is a Ray cluster: its address."""
GIVEN_VERSIONS = "LAPIS_RAY_VERSIONS"
"""Beside it: the cluster's versions of Ray and of Python, ``2.60.0 3.11.7``."""
LOG = "system_logs/ray.log"
_OURS = ("--head", "--address", "--port", "--temp-dir", "--block", "--node-ip-address", "--include-dashboard")
_PATIENCE_S = 120.0
_LONG_PATIENCE_S = 1800.0
"""How long a part waits for the first, which may still be building its environment."""
_TELL, _TERMINATED = b"end\n", 128 + signal.SIGTERM
_LONGEST = 40
"""Longest folder for Ray's own files, characters: sockets below it must stay within 107."""


def arguments(text: str) -> list[str]:
    """Split further arguments of ``ray start`` into words, as a shell does; no shell ever sees them.

    Raises:
        ValueError: they can't be split, or hold what Lapis says itself; the text says which.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"`{text}` can't be split into words: {error}") from error
    for word in words:
        if word.partition("=")[0] in _OURS:
            raise ValueError(f"`{word}` is given to Ray by Lapis itself")
    return words


def prepare(job: Job, launch: child.Launch) -> None:
    """Make a launch start a Ray around the command, or give it the address of the one that is there.

    Raises:
        JobEndError: COMMAND without a ``ray`` in the job's environment, or with one that the cluster does not take.
    """
    given = launch.env.get(GIVEN)
    if job.spec.get("part"):
        parts.link_log(job.folder, parts.number_of(job.spec), len(parts.hosts_of(job.spec)))
    if given:
        launch.env["RAY_ADDRESS"] = given
        _check_versions(launch.env)
        if parts.is_follower(job.spec):
            launch.main = lambda: 0
        return
    program = shutil.which("ray", path=launch.env.get("PATH", os.defpath))
    if program is None:
        sentence = "there is no `ray` in the job's environment; add `ray[default]` to its pip packages"
        raise JobEndError(EndReason.COMMAND, error=sentence)
    launch.main = _Ray(job, launch, program).run


def _check_versions(env: dict[str, str]) -> None:
    """Refuse an environment whose Ray or Python the cluster's Ray would not let in; what can't be told is let pass."""
    ray, _, python = env.pop(GIVEN_VERSIONS, "").partition(" ")
    program = shutil.which("ray", path=env.get("PATH", os.defpath))
    if not ray or program is None:
        return
    prefix = Path(program).resolve().parents[1]
    found = next(prefix.glob("lib/python3.*/site-packages/ray-*.dist-info"), None)
    if found is None:
        return
    own_ray = found.name.removeprefix("ray-").removesuffix(".dist-info")
    own_python, needed = found.parents[1].name.removeprefix("python"), ".".join(python.split(".")[:2])
    if own_ray != ray:
        sentence = f"the job's environment has Ray {own_ray}, and the cluster has {ray}: put `ray=={ray}` into it"
        raise JobEndError(EndReason.COMMAND, error=sentence)
    if own_python != needed:
        sentence = f"the job's environment has Python {own_python}, and the cluster's Ray has {needed}: both must agree"
        raise JobEndError(EndReason.COMMAND, error=sentence)


class _Ray:
    """Runs Ray, and on part 0 the command, to the end.

    Args:
        job: the job.
        launch: the command and its environment.
        program: path of ``ray``.
    """

    def __init__(self, job: Job, launch: child.Launch, program: str) -> None:
        self._spec = job.spec
        self._launch = launch
        self._program = program
        self._asked: dict[str, Any] = dict(job.spec["distribution"].get("ray") or {})
        self._log = job.path(LOG)
        self._is_asked = False
        self._expected = len(parts.hosts_of(job.spec)) - 1 if job.spec.get("part") else 0
        self._folder = job.path("ray")
        if len(self._folder) > _LONGEST:
            self._folder = ""

    def run(self) -> int:
        """Do this part's share; return the exit code for the wrapper."""
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._stop())
        own = self._folder or tempfile.mkdtemp(prefix="lapis-ray-", dir="/tmp")
        try:
            return self._follow() if parts.is_follower(self._spec) else self._lead(own)
        except OSError as error:
            return _say(f"Ray could not be started: {error}")
        finally:
            processes.kill_below(os.getpid())
            shutil.rmtree(own, ignore_errors=True)

    def _lead(self, own: str) -> int:
        first = int(self._spec["part"]["ports"][0]) if self._spec.get("part") else free_run()
        port = int(self._asked.get("port") or first + parts.RAY_PORT)
        host = parts.hosts_of(self._spec)[0]
        page = bool(self._asked.get("include_dashboard"))
        argv = ["start", "--head", f"--node-ip-address={host}", f"--port={port}", f"--temp-dir={own}", "--block"]
        argv += [f"--include-dashboard={str(page).lower()}", "--disable-usage-stats"]
        if self._asked.get("dashboard_port"):
            argv.append(f"--dashboard-port={self._asked['dashboard_port']}")
        with socket.create_server((host, first), family=_family(host)) as door:
            head = self._spawn([*argv, *arguments(self._asked.get("head_node_additional_args") or "")])
            if not _listens(host, port, head):
                return _say(f"Ray's head did not start; see {LOG}.")
            self._launch.env["RAY_ADDRESS"] = f"{parts.bracketed(host)}:{port}"
            command = os.posix_spawn(self._launch.argv[0], self._launch.argv, self._launch.env, setsid=True)
            return self._until_end(command, door)

    def _until_end(self, command: int, door: socket.socket) -> int:
        """Wait for the command's end, meanwhile for the other parts; tell them then, also those that come later."""
        door.settimeout(0.2)
        others: list[socket.socket] = []
        raw: int | None = None
        while raw is None or (raw == 0 and not self._is_asked and len(others) < self._expected):
            if raw is None:
                pid, status = os.waitpid(command, os.WNOHANG)
                raw = status if pid else None
            try:
                others.append(door.accept()[0])
            except TimeoutError:
                continue
        for other in others:
            try:
                other.sendall(_TELL)
            except OSError:
                continue
        code = os.waitstatus_to_exitcode(raw)
        return code if code >= 0 else 128 - code

    def _follow(self) -> int:
        (host, first), number = parts.master_of(self._spec), parts.number_of(self._spec)
        link = _connected(host, first)
        if link is None:
            return _say(f"The machine of node 0 can't be reached at {parts.bracketed(host)}:{first}.")
        port = int(self._asked.get("port") or first + parts.RAY_PORT)
        own = self._spec["part"]["hosts"][number]
        argv = ["start", f"--address={parts.bracketed(host)}:{port}", f"--node-ip-address={own}", "--block"]
        wanted = [*argv, "--disable-usage-stats", *arguments(self._asked.get("worker_node_additional_args") or "")]
        link.settimeout(0.2)
        worker: int | None = None
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            if worker is None and _answers(host, port):
                worker = self._spawn(wanted)
            if worker is None and time.monotonic() > deadline:
                return _say(f"Ray's head did not answer at {parts.bracketed(host)}:{port}.")
            if worker is not None and os.waitpid(worker, os.WNOHANG)[0]:
                return _say(f"Ray ended on this machine while the command ran; see {LOG}.")
            said = _said(link)
            if said is not None:
                return 0 if said == _TELL else _say("Node 0 is gone before the command had ended.")

    def _spawn(self, argv: list[str]) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions: list[Any] = [(os.POSIX_SPAWN_OPEN, 1, self._log, flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
        return os.posix_spawn(
            self._program, [self._program, *argv], self._launch.env, file_actions=actions, setsid=True
        )

    def _stop(self) -> None:
        """Let the command have its time, which was asked to end as well; Ray goes when it has gone."""
        self._is_asked = True
        if parts.is_follower(self._spec):
            os._exit(_TERMINATED)


def _family(host: str) -> int:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _connected(host: str, port: int) -> socket.socket | None:
    """Connect to a port that may not be listened on yet; None when nobody does in time."""
    deadline = time.monotonic() + _LONG_PATIENCE_S
    while time.monotonic() < deadline:
        try:
            return socket.create_connection((host, port), timeout=5)
        except OSError:
            time.sleep(0.1)
    return None


def _said(link: socket.socket) -> bytes | None:
    """Return what node 0 says, nothing when it is gone; None while it is silent."""
    try:
        return link.recv(16)
    except TimeoutError:
        return None
    except ConnectionError:
        return b""


def _answers(host: str, port: int) -> bool:
    """Say whether a port is listened on."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def _listens(host: str, port: int, process: int) -> bool:
    """Say whether a port is listened on, once it is or its process has ended."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if _answers(host, port):
            return True
        if os.waitpid(process, os.WNOHANG)[0]:
            return False
        time.sleep(0.1)
    return False


def _say(sentence: str) -> int:
    os.write(2, f"[lapis] {sentence}\n".encode())
    return 1
