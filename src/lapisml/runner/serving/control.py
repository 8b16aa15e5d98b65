"""What others ask of a keeper: datagrams with a JSON object on its own socket."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path
from typing import Any

from lapisml.ports import serving

_LONGEST = 1 << 16


class Control:
    """The keeper's datagram socket.

    Messages: ``{"do": "load", "in_flight", "queued", "rps"}`` from the gateway, ``{"do": "scale", "scale"}`` and
    ``{"do": "drain"}`` from the server. What is none of these is passed over.

    Args:
        path: where it is; one that is left from an earlier keeper is replaced.

    Raises:
        OSError: the socket can't be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = serving.bound(path, socket.SOCK_DGRAM)
        self._inode = path.stat().st_ino

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def take(self) -> list[dict[str, Any]]:
        """Return the messages that have come in."""
        found: list[dict[str, Any]] = []
        while True:
            try:
                data = self._socket.recv(_LONGEST)
            except OSError:
                return found
            with contextlib.suppress(ValueError):
                message = json.loads(data)
                if isinstance(message, dict):
                    found.append(message)

    def close(self) -> None:
        """Give the socket up, and its name unless another keeper has taken it."""
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        self._socket.close()
