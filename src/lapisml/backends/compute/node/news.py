"""The socket on which jobs say that there is news, on the node."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

_LONGEST_PATH = 100
"""A unix socket's path has 108 bytes (unix(7))."""
_LONGEST_NAME = 512


class News:
    """Listens for datagrams with the names of jobs.

    Args:
        root: the agent's folder; the socket is ``run/wake.sock`` in it, or lies elsewhere where that path is too long.
        tell: takes the names that have come.
    """

    def __init__(self, root: Path, tell: Callable[[list[str]], None]) -> None:
        self.path = _socket_path(root)
        self._tell = tell
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Listen, in place of whoever did before; jobs that run already are heard too."""
        if self._socket is not None:
            return
        path = Path(self.path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_uid != os.getuid():
            return  # in a folder that others could change nobody listens: the server looks by itself
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(self.path)
        path.chmod(0o600)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)

    def renew(self) -> None:
        """Listen again where the agent that took this one's place has ended."""
        if self._socket is not None and not _is_heard(self.path):
            self.close()
            self.start()

    def close(self) -> None:
        """Stop listening; the path is left to the next one, which may listen already."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _read(self) -> None:
        assert self._socket is not None
        names: dict[str, None] = {}
        with contextlib.suppress(BlockingIOError):
            while True:
                names[self._socket.recv(_LONGEST_NAME).decode("utf-8", "replace")] = None
        if names:
            self._tell(list(names))


def _is_heard(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _socket_path(root: Path) -> str:
    plain = str(root / "run" / "wake.sock")
    if len(os.fsencode(plain)) <= _LONGEST_PATH:
        return plain
    mark = hashlib.sha256(os.fsencode(plain)).hexdigest()[:16]
    return str(Path(tempfile.gettempdir()) / f"lapis-{os.getuid()}-{mark}" / "wake.sock")
