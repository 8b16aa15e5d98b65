"""Other machines for tests: folders of this one with processes of their own, all killed, or frozen, at once."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lapisml.backends.compute.local import LocalProcesses
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import (
    Capabilities,
    ComputeBackend,
    Handle,
    JobPhase,
    LaunchSpec,
    LogChunk,
    LogFile,
    NodeStanding,
    Observation,
    Standing,
    Watch,
)
from tests.support.processes import is_alive


def pids_of(home: Path) -> list[int]:
    """Return the living processes that have to do with a folder: by their arguments, variables or working folder."""
    mark, found = os.fsencode(home) + b"/", []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes() + b"\0" + (folder / "environ").read_bytes()
            works_in = os.fsencode((folder / "cwd").readlink()) + b"/"
            if (mark in words.replace(b"\0", b"/\0") or works_in.startswith(mark)) and is_alive(int(folder.name)):
                found.append(int(folder.name))
    return found


def power_off(home: Path) -> None:
    """Kill everything that runs over a folder, as a machine does that loses its power."""
    while pids := pids_of(home):
        for number in (signal.SIGSTOP, signal.SIGKILL):  # none may bring another back meanwhile
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)


def freeze(home: Path) -> None:
    """Stop everything that runs over a folder: its connections stay, and say nothing."""
    for pid in pids_of(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)


def thaw(home: Path) -> None:
    """Let what was stopped go on."""
    for pid in pids_of(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


class Machines:
    """A compute of several machines, each a folder of this one with a backend of its own.

    Args:
        homes: their folders.
        make: makes the backend of one; None has their jobs run by this process, without an agent.

    Attributes:
        away: machines that can't be reached at present.
        capabilities: what the compute says of itself.
    """

    def __init__(self, homes: Sequence[Path], make: Callable[[Path], ComputeBackend] | None = None) -> None:
        self.homes = list(homes)
        self.away: set[int] = set()
        self.capabilities = Capabilities(local_paths=False)
        self.handed_over: list[LaunchSpec] = []
        self._has_agents = make is not None
        self._backends = [(make or LocalProcesses)(home) for home in homes]

    def submit(self, spec: LaunchSpec) -> Handle:
        """Hand a job over to the machine that it was given."""
        (node,) = spec.nodes
        if node in self.away:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, "No route to host.")
        self.handed_over.append(spec)
        here = spec if self._has_agents else replace(spec, home=str(self.homes[node]), wake_socket=None)
        return self._backends[node].submit(here)

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Ask each job's machine."""
        return [self._observe(watch) for watch in watches]

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """End a job."""
        self._of(handle).cancel(handle, grace_s, by)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs."""
        return self._of(handle).list_logs(handle)

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log."""
        return self._of(handle).read_log(handle, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove what a job left."""
        self._of(handle).discard(handle)

    def describe(self) -> Standing:
        """Say which machines can be reached."""
        nodes = enumerate(self.homes)
        return Standing(nodes=[NodeStanding(h.name, "unreachable" if n in self.away else "idle") for n, h in nodes])

    def close(self) -> None:
        """Let go of helpers."""
        for one in self._backends:
            one.close()

    def folders(self) -> list[str]:
        """Name the folders of jobs that there are, on all machines."""
        return sorted(path.name for home in self.homes for path in (home / "runs").glob("*/serving--*"))

    def _observe(self, watch: Watch) -> Observation:
        node = self._node(watch.handle)
        if node in self.away:
            return Observation(watch.handle, JobPhase.UNKNOWN, "The machine does not answer.")
        return self._backends[node].observe([watch])[0]

    def _of(self, handle: Handle) -> ComputeBackend:
        node = self._node(handle)
        if node in self.away:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, "No route to host.")
        return self._backends[node]

    @staticmethod
    def _node(handle: Handle) -> int:
        return int(handle.job.split("--n")[1].split("--")[0])


class Wire:
    """A way to a port of this machine that can be cut without a word, in one direction or in both.

    Args:
        port: where it leads.

    Attributes:
        port: where it begins, on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._cut: set[str] = set()
        self._ends: dict[socket.socket, tuple[socket.socket, str]] = {}
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._over = False
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def cut(self, *directions: str) -> None:
        """Pass nothing more on: ``there``, ``back``, or both where none is named."""
        self._cut = set(directions or ("there", "back"))

    def mend(self) -> None:
        """Pass everything on again; what was lost meanwhile breaks its connections."""
        self._cut = set()

    def close(self) -> None:
        """End."""
        self._over = True
        self._thread.join(5)
        for one in (self._listening, *self._ends):
            one.close()

    def _pass_on(self) -> None:
        while not self._over:
            ready, _, _ = select.select([self._listening, *self._ends], [], [], 0.05)
            for one in ready:
                if one is self._listening:
                    self._join()
                elif one in self._ends:
                    self._move(one)

    def _join(self) -> None:
        near, _address = self._listening.accept()
        if self._cut:  # the far end never hears of it
            self._ends[near] = (near, "lost")
            return
        with suppress(OSError):
            far = socket.create_connection(("127.0.0.1", self._to), timeout=5)
            self._ends[near], self._ends[far] = (far, "there"), (near, "back")

    def _move(self, one: socket.socket) -> None:
        other, direction = self._ends[one]
        try:
            data = one.recv(1 << 16)
            if data and (direction == "lost" or direction in self._cut):
                self._ends[one] = (one, "lost")  # bytes are missing now: this connection never recovers
            elif data:
                other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (one, other):
                self._ends.pop(end, None)
                end.close()
