"""A small TCP balancer: one address before several servers, which may die, and which may be cut off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

from tests.support.processes import free_port

_CHUNK = 1 << 16


class Balancer:
    """Passes connections on in turn; one whose server does not take it goes to the next, as balancers do.

    Args:
        targets: ports on loopback.

    Attributes:
        port: where it listens.
        passed: how many connections each target took.
    """

    def __init__(self, targets: Sequence[int]) -> None:
        self.targets = list(targets)
        self.passed = dict.fromkeys(targets, 0)
        self.port = free_port()
        self._turn = 0
        self._is_cut = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address of all of them."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection, and take none until `restore`."""
        self._is_cut.set()
        with self._lock:
            broken, self._open = self._open, set()
        for one in broken:
            _end(one)

    def restore(self) -> None:
        """Pass connections on again."""
        self._is_cut.clear()

    def close(self) -> None:
        """End it."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = None if self._is_cut.is_set() else self._connect()
        if server is None:
            _end(client)
            return
        with self._lock:
            self._open |= {client, server}
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()
        with self._lock:
            self._open -= {client, server}
        _end(client)
        _end(server)

    def _connect(self) -> socket.socket | None:
        with self._lock:
            self._turn += 1
            turn = self._turn
        for number in range(len(self.targets)):
            port = self.targets[(turn + number) % len(self.targets)]
            with suppress(OSError):
                made = socket.create_connection(("127.0.0.1", port), timeout=2)
                made.settimeout(None)
                self.passed[port] = self.passed.get(port, 0) + 1
                return made
        return None


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
