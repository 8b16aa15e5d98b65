"""The keeper's part of its door: the listening socket, the process that serves it, and its replacement."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lapisml.runner.serving.pauses import Pauses
from lapisml.runner.serving.plan import Plan
from lapisml.runner.serving.process import Process

_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.runner.serving.door import main; main()"
_SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
_BACKLOG = 256
_PEM = "door.pem"
PORTS = "LAPIS_DOOR_PORTS"
"""Variable of a deployment or a compute: the ports that doors may listen at, where a firewall lets only some pass."""


class Doorkeeper:
    """Keeps the door of a keeper open; does nothing where the gateway is on this machine.

    Args:
        plan: the keeper's; its `door` says whether there is one.
        tell: takes sentences for the keeper's log.

    Attributes:
        port: where the door listens, 0 without one.

    Raises:
        OSError: nothing can listen, or the certificate can't be written.
    """

    def __init__(self, plan: Plan, tell: Callable[[str], None]) -> None:
        self.port = 0
        self._plan, self._tell = plan, tell
        self._listening: socket.socket | None = None
        self._process: Process | None = None
        self._pauses, self._start_at, self._since = Pauses(), 0.0, 0.0
        self._pipe = -1
        if plan.door is None:
            return
        self._pem = os.path.join(plan.folder, _PEM)
        _write_private(Path(self._pem), plan.door.encode())
        self._listening = _listening(os.environ.get(PORTS, ""))
        self.port = int(self._listening.getsockname()[1])

    @property
    def pid(self) -> int:
        """The door's process, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    def descriptors(self) -> list[int]:
        """Return what to wait on: the process's end."""
        return [self._process.fileno()] if self._process is not None else []

    def due(self) -> float | None:
        """Return when the door is to be opened next; None when it is open, or there is none."""
        return self._start_at if self._listening is not None and self._process is None else None

    def turn(self, now: float) -> None:
        """See that the door is open."""
        if self._listening is None:
            return
        if self._process is not None and self._process.has_ended():
            self._bury(now)
        if self._process is None and now >= self._start_at:
            self._start(now)

    def news(self) -> None:
        """Have the door send the keeper's record, which is new."""
        if self._pipe >= 0:
            with contextlib.suppress(OSError):
                os.write(self._pipe, b"!")

    def close(self) -> None:
        """Close the door; it closes by itself when the keeper is gone."""
        if self._process is not None:
            self._process.kill()
            self._bury(0.0)
        if self._listening is not None:
            self._listening.close()

    def _start(self, now: float) -> None:
        assert self._listening is not None
        theirs, self._pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        passed = (self._listening.fileno(), theirs)
        plan = self._plan
        argv = [sys.executable, "-I", "-c", _STARTER, _SOURCE, plan.serving_home, plan.places.mark, plan.revision]
        try:
            made = subprocess.Popen(
                [*argv, self._pem, *map(str, passed)], stdin=subprocess.DEVNULL, pass_fds=passed, start_new_session=True
            )
        except OSError as error:
            self._start_at = now + self._pauses.after(0.0)
            self._tell(f"The door could not be opened: {error}.")
            self._close_pipe()
            return
        finally:
            os.close(theirs)
        made.returncode = 0  # its end is `Process`'s to collect
        self._process, self._since = Process(made.pid), now
        self._tell(f"The door at port {self.port} is opened as process {made.pid}.")

    def _bury(self, now: float) -> None:
        assert self._process is not None
        self._process.kill()
        code = self._process.collect()
        self._process = None
        self._close_pipe()
        if now:
            self._start_at = now + self._pauses.after(now - self._since)
            self._tell(f"The door was closed with code {code}; it is opened again.")

    def _close_pipe(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        self._pipe = -1


def _listening(ports: str) -> socket.socket:
    """Listen at the first free port of a range, ``30000-30100``; at any where none is given.

    Raises:
        OSError: all are taken, or the range is none.
    """
    first, _, last = ports.partition("-")
    if not ports.strip():
        return socket.create_server(("", 0), backlog=_BACKLOG)
    try:
        wanted = range(int(first), int(last or first) + 1)
    except ValueError as error:
        raise OSError(f"{PORTS} is to be a range of ports such as 30000-30100, not {ports!r}") from error
    for port in wanted:
        with contextlib.suppress(OSError):
            return socket.create_server(("", port), backlog=_BACKLOG)
    raise OSError(f"all ports of {PORTS}={ports} are taken")


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
