"""Other machines for tests: folders of this one with processes of their own, all killed, or frozen, at once."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path

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
