"""The supervisor's side of the relay: the socket that jobs connect to, and the process behind it.

The socket is bound before the command starts; the relay process is started by the first connection, so that a
job which never speaks to its tracking server pays nothing for it.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Mapping
from typing import Any

from lapisml.runner import detached, durable, layout, processes, tools

_AGAIN_AFTER_S = 1.0


class RelayLink:
    """Owns the listening socket and looks after the relay process.

    Args:
        folder: the job's folder.
        spec: the launch specification, plain form.
    """

    def __init__(self, folder: str, spec: Mapping[str, Any]) -> None:
        self._folder = folder
        self._log = os.path.join(folder, layout.RUNNER_LOG)
        self._flush_timeout_s = float(spec["flush_timeout_s"])
        self._socket: Any = None
        self._process: dict[str, Any] | None = None
        self._pidfd: int | None = None
        self._started = 0.0
        self.port: int | None = None

    def bind(self, port: int = 0) -> None:
        """Listen on a loopback port.

        Args:
            port: the one that the running command knows, or 0 for any.

        Raises:
            OSError: the port is taken.
        """
        # The C module: `socket` would add its enums, 5 ms, to the start of every job.
        import _socket

        listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, _socket.IPPROTO_TCP)
        listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        listener.setblocking(False)
        self._socket = listener
        self.port = listener.getsockname()[1]

    def adopt(self, port: int | None) -> bool:
        """Take over the relay that an earlier supervisor of this job started, or listen again on its port.

        Returns:
            Whether the command can still reach its relay.
        """
        self.port = port
        known = durable.read_json(os.path.join(self._folder, layout.RELAY))
        if processes.is_alive(known):
            self._watch_process(known)
            return True
        if port is None:
            return True
        try:
            self.bind(port)
        except OSError:
            return False
        return True

    @property
    def pids(self) -> frozenset[int]:
        """The relay's pid, if it runs."""
        return frozenset() if self._process is None else frozenset((self._process["pid"],))

    def descriptors(self) -> list[int]:
        """Return what to poll for reading: the relay's end, or else a first connection."""
        if self._pidfd is not None:
            return [self._pidfd]
        waiting = self._socket is not None and time.monotonic() >= self._started + _AGAIN_AFTER_S
        return [self._socket.fileno()] if waiting else []

    @property
    def due(self) -> float | None:
        """The moment (monotonic clock) from which `descriptors` gives more, None when it need not be waited for."""
        again = self._started + _AGAIN_AFTER_S
        return again if self._pidfd is None and self._socket is not None and time.monotonic() < again else None

    def attend(self) -> None:
        """Act on one of `descriptors` being readable: start the relay, or note that it has ended."""
        if self._pidfd is None:
            self.start()
            return
        self._forget_process()
        if self._socket is None and self.port is not None:
            self.adopt(self.port)

    def start(self) -> None:
        """Start the relay process; without a socket it only delivers what the spool holds."""
        self._started = time.monotonic()
        pid = _start(self._folder, self._log, None if self._socket is None else self._socket.fileno())
        known = processes.identity(pid)
        if known is None:
            os.waitpid(pid, 0)
            return
        durable.write_json(os.path.join(self._folder, layout.RELAY), known)
        self._watch_process(known)

    def finish(self, timeout_s: float | None = None) -> bool:
        """Have everything delivered and the relay ended.

        Args:
            timeout_s: how long to try, seconds; None means as long as the specification says.

        Returns:
            Whether nothing is left to deliver.
        """
        deadline = time.monotonic() + (self._flush_timeout_s if timeout_s is None else timeout_s)
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            processes.send(self.pids, 15)
            self._wait(deadline)
        while has_undelivered(self._folder) and time.monotonic() < deadline:
            self.start()
            self._wait(deadline)
        return not has_undelivered(self._folder)

    def _wait(self, deadline: float) -> None:
        if self._pidfd is None:
            time.sleep(0.1)
            return
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
            processes.send(self.pids, 9)
            poll.poll(1000)
        self._forget_process()

    def _watch_process(self, known: dict[str, Any]) -> None:
        try:
            self._pidfd = os.pidfd_open(known["pid"])
        except ProcessLookupError:
            return
        self._process = known

    def _forget_process(self) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)
        if self._process is not None:
            _reap(self._process["pid"])
        self._process = self._pidfd = None


def _start(folder: str, log: str, listener: int | None) -> int:
    """Start a relay: by a fork where its modules are loaded, else with an interpreter of its own; return its pid."""
    relay = sys.modules.get("lapisml.runner.relay.main")
    if relay is not None:
        return detached.fork(lambda: relay.serve(folder, listener), "lapis-relay", log, listener)
    sockets = () if listener is None else (listener,)
    return tools.start("relay.main", [folder, *map(str, sockets)], log, sockets)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def has_undelivered(folder: str) -> bool:
    """Say whether the spool holds metrics that have not arrived at the server."""
    try:
        size = os.stat(os.path.join(folder, layout.SPOOL)).st_size
    except FileNotFoundError:
        return False
    cursor = durable.read_json(os.path.join(folder, layout.SPOOL_CURSOR)) or {}
    return bool(size > int(cursor.get("done", 0)))
