"""The keeper's connection to a replica: it says HELLO when it has loaded, and answers a PING with a PONG."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from lapisml.ports import serving
from lapisml.scoring.lapis_scoring import frames


class Link:
    """A connection that is made without waiting; it is in the socket's queue until the replica takes it.

    Args:
        path: the replica's listening socket.

    Attributes:
        hello: what the replica said of itself; None until it has loaded.

    Raises:
        OSError: the queue is full, or nobody listens.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._parser = frames.Parser()
        self._asked = 0
        self.hello: dict[str, Any] | None = None
        self._socket.setblocking(False)
        try:
            with serving.connectable(path) as address:
                self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def ping(self, number: int) -> bool:
        """Ask whether it is there; False when the connection takes nothing."""
        try:
            message = frames.pack(frames.PING, number)
            return self._socket.send(message) == len(message)
        except OSError:
            return False

    def read(self) -> list[int] | None:
        """Return the numbers of the pings that were answered; None when the connection has ended."""
        answered: list[int] = []
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                return answered
            except OSError:
                return None
            if not data:
                return None
            try:
                for frame in self._parser.feed(data):
                    if frame.kind == frames.HELLO:
                        self.hello = frames.read_head(frame.head)
                    elif frame.kind == frames.PONG:
                        answered.append(frame.id)
            except frames.FrameError:
                return None

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
