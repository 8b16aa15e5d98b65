"""Hears the runners: a datagram with a job's name says that there is news of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path


class WakeListener:
    """Collects the names that come in on a unix datagram socket.

    Args:
        path: the socket; one left behind by a server that died is replaced.
        tell: called for each datagram.
    """

    def __init__(self, path: Path, tell: Callable[[], None]) -> None:
        self._path = path
        self._tell = tell
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind the socket and listen on a thread of its own."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        self._path.chmod(0o600)
        self._thread = threading.Thread(target=self._listen, name="job-wake", daemon=True)
        self._thread.start()

    def take(self) -> set[str]:
        """Give the names heard since the last call."""
        with self._lock:
            names, self._names = self._names, set()
        return names

    def stop(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _listen(self) -> None:
        assert self._socket is not None
        while True:
            try:
                data = self._socket.recv(512)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self._names.add(data.decode("utf-8", "replace"))
            self._tell()
