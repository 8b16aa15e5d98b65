"""The keeper's side of copying: the process that has loaded a form's model, and the way to ask it for copies."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from enum import Enum
from typing import Any

from lapisml.runner.serving.process import Process

_ANSWER_S = 10.0
"""Seconds that a copy may take to be there."""
_MOST_BYTES = 4096


class Stage(Enum):
    """How far a form's loading is.

    ``IDLE``: nothing has loaded it; whatever is started next does. ``LOADING``: a replica's process loads it, others
    wait. ``FIT``: that process has loaded it and is copied. ``OFF``: copies can't be made; every replica loads it.
    """

    IDLE = "idle"
    LOADING = "loading"
    FIT = "fit"
    OFF = "off"


class Copier:
    """Makes replicas out of a process that has loaded.

    Args:
        wanted: whether copies are to be made at all.

    Attributes:
        stage: how far it is.
        process: the process that is copied; None unless it is fit.
        reason: why no copies can be made; empty while they can.
    """

    def __init__(self, wanted: bool = True) -> None:
        self.stage = Stage.IDLE if wanted else Stage.OFF
        self.process: Process | None = None
        self.reason = ""
        self._line: socket.socket | None = None

    def descriptors(self) -> list[int]:
        """Return what to wait on."""
        line = [self._line.fileno()] if self._line is not None else []
        return [*line, self.process.fileno()] if self.process is not None else line

    def open(self) -> socket.socket:
        """Give the end of the line for a process that is to load; the caller closes it."""
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.setblocking(False)
        self.stage = Stage.LOADING
        return theirs

    def hear(self) -> bool:
        """Take in whether the loading process can be copied; True at the moment at which it says so."""
        if self.stage is not Stage.LOADING or self._line is None:
            return False
        try:
            said = self._take(self._line)
        except BlockingIOError:
            return False
        if said is None:  # its process has ended, which the replica sees
            return False
        if said.get("fit"):
            self.stage = Stage.FIT
            return True
        self._hang_up()
        self.stage, self.reason = Stage.OFF, str(said.get("unfit") or "it did not say why")
        return False

    def copy(self, number: int, listening: int, log: int) -> Process:
        """Make a replica's process.

        Args:
            number: the replica's place.
            listening: descriptor of its socket.
            log: descriptor of its log.

        Raises:
            OSError: no copy came about.
        """
        if self._line is None:
            raise OSError("nothing is loaded")
        self._line.settimeout(_ANSWER_S)
        try:
            socket.send_fds(self._line, [json.dumps({"number": number}).encode()], [listening, log])
            said = self._take(self._line)
        finally:
            self._line.setblocking(False)
        if said is None or said.get("number") != number:
            raise OSError("the process that has loaded the model has gone")
        return Process(int(said["pid"]))

    def look(self) -> None:
        """See whether the loaded process still lives; what is started next loads anew if it does not."""
        if self.process is not None and self.process.has_ended():
            self.forget()

    def forget(self) -> None:
        """Let go of what is loaded or being loaded; what is started next loads anew."""
        self._hang_up()
        if self.process is not None:
            self.process.kill()
            self.process.collect()
            self.process = None
        if self.stage is not Stage.OFF:
            self.stage = Stage.IDLE

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    @staticmethod
    def _take(line: socket.socket) -> dict[str, Any] | None:
        """Read a message; None at the end of the line."""
        data = b""
        with contextlib.suppress(ConnectionError):
            data = line.recv(_MOST_BYTES)
        if not data:
            return None
        said = json.loads(data)
        return said if isinstance(said, dict) else {}


def opened_log(path: str) -> tuple[int, int]:
    """Open a replica's log to go on with; return its descriptor and its length so far, bytes.

    Raises:
        OSError: it can't be opened.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    return descriptor, os.fstat(descriptor).st_size
