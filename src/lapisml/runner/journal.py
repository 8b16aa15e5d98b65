"""The job's journal: what happened, in order, and the datagram that tells the server to look."""

from __future__ import annotations

import os
import time
from typing import Any

from lapisml.runner import durable, layout


def now_ms() -> int:
    """Return milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


class Journal:
    """Appends to ``journal.jsonl``; after the death of a supervisor the next one continues the numbers.

    Args:
        folder: the job's folder.
        wake_socket: path of the unix datagram socket to tell, None for nobody.
        message: the datagram's content: the job's name.
    """

    def __init__(self, folder: str, wake_socket: str | None, message: str) -> None:
        self._path = os.path.join(folder, layout.JOURNAL)
        self._wake_socket = wake_socket
        self._message = message.encode()
        self._seq = _last_seq(self._path)
        self.phase = ""

    def record(self, phase: str, reason: str = "", *, wake: bool = True, detail: dict[str, Any] | None = None) -> None:
        """Append one line; a full disk loses the line, not the job."""
        self._seq += 1
        self.phase = phase
        line = {"seq": self._seq, "at": now_ms(), "phase": phase, "reason": reason, "detail": detail or {}}
        durable.append_line(self._path, line)
        if wake:
            self.wake()

    def note(self, reason: str, **detail: Any) -> None:
        """Append a line about something within the present phase; wakes nobody."""
        self.record(self.phase, reason, wake=False, detail=detail)

    def warn(self, sentence: str) -> None:
        """Append a warning that belongs to the job's record."""
        self.record(self.phase, sentence, wake=False, detail={"warning": sentence})

    def wake(self) -> None:
        """Tell the server that there is news; nobody listening is no error, it looks by itself every while."""
        if self._wake_socket is None:
            return
        # The C module: `socket` would add its enums, 5 ms, to the start of every job.
        import _socket

        try:
            sender = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_NONBLOCK)
            try:
                sender.sendto(self._message, self._wake_socket)
            finally:
                sender.close()
        except OSError:
            return


def _last_seq(path: str) -> int:
    """Count the lines written so far; a line that was cut off is closed, so that the next begins afresh."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return 0
    if content and not content.endswith(b"\n"):
        durable.append_bytes(path, b"\n")
        return content.count(b"\n") + 1
    return content.count(b"\n")
