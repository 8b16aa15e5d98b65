"""Where the crews of a job's other machines come in: listens, and lets in who knows the job's secret."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable

from lapisml.runner.parallel import line
from lapisml.runner.parallel.line import LineError

_AT_ONCE = 16
"""How many may be about to prove that they know the secret; others are closed at once."""

Keys = tuple[bytes, bytes]


class Door:
    """Listens on the driver's machine.

    Args:
        address: host and port under which the other machines reach this one.
        secret: the job's.
        enter: called, in a thread, with the machine's number, the connection and its keys.
        refuse: called, in a thread, with where somebody came from that was not let in, and why.

    Raises:
        OSError: the port can't be had.
    """

    def __init__(
        self,
        address: tuple[str, int],
        secret: bytes,
        enter: Callable[[int, socket.socket, Keys], None],
        refuse: Callable[[str, str], None],
    ) -> None:
        self._secret = secret
        self._enter = enter
        self._refuse = refuse
        self._room = threading.Semaphore(_AT_ONCE)
        self._socket = _listening(*address)
        threading.Thread(target=self._listen, name="door", daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, where = self._socket.accept()
            except OSError:
                if self._socket.fileno() < 0:
                    return
                continue
            if not self._room.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._greet, args=(connection, str(where[0])), daemon=True).start()

    def _greet(self, connection: socket.socket, where: str) -> None:
        try:
            node, *keys = line.admit(connection, self._secret)
            self._enter(node, connection, (keys[0], keys[1]))
        except (LineError, OSError) as error:
            connection.close()
            self._refuse(where, str(error))
        finally:
            self._room.release()


def _listening(host: str, port: int) -> socket.socket:
    """Listen at an address of this machine.

    At all of them for a name, which may mean another address elsewhere, and for an address that is none of this
    machine's (behind a translation of addresses).
    """
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except (ValueError, OSError):
        if socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server(("", port))
