"""The process that answers: made by the master with a fork, ended and made again at any time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lapisml.gateway import answers
from lapisml.gateway.answering import Phase
from lapisml.gateway.connection import Connection
from lapisml.gateway.limits import Limits
from lapisml.gateway.requestlog import RequestLog
from lapisml.gateway.service import Gateway
from lapisml.gateway.settings import GatewaySettings
from lapisml.gateway.tracing import Tracing, configured
from lapisml.ports.serving import AppliedRecord, Places, bound, write
from lapisml.runner.processes import identity

BACKLOG = 2048
STOP_WITHIN_S = 30.0
"""How long open requests may take when the gateway is asked to end, seconds."""

_TICK_S = 0.05
_LOOK_EVERY_S = 1.0
_DESCRIPTORS_KEPT = 256
_SWITCH_S = 0.0001
"""How long the log's thread may compute before a request has its turn, seconds."""
_HANDSHAKE_S = 10.0
_IDLE_KEPT_S = 1.0
"""How long an idle connection is kept when the gateway ends: its client may be about to send, seconds."""


class Worker:
    """Serves on a listening socket.

    Args:
        settings: the gateway's.
        listener: the socket; the master keeps it too.
        orphaned: is called when the master has gone.
        master: descriptor that comes to its end with the master.
        limits: bounds.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        listener: socket.socket,
        master: int,
        orphaned: Callable[[], None],
        limits: Limits,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._master = master
        self._orphaned = orphaned
        self._places = Places(settings.home)
        self._limits = replace(limits, connections=_connections(limits.connections))
        self._tracing = configured(os.environ, lambda sentence: sys.stderr.write(f"warning: {sentence}\n"))
        self._log = self._request_log(self._tracing)
        self._gateway = Gateway(settings, self._limits, self._log)
        self._open: set[Connection] = self._gateway.open  # type: ignore[assignment]  # only connections are put in
        self._stopping = asyncio.Event()
        self._certificate = _Certificate(settings)

    async def run(self) -> None:
        """Answer requests until SIGTERM or SIGINT, and then those that are open."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        try:
            wake = bound(self._places.wake, socket.SOCK_DGRAM)
            loop.add_reader(wake, self._woken, wake)
        except OSError as error:  # a full disk: the files are looked at every second
            sys.stderr.write(f"{self._places.wake.name} can't be made: {error}\n")
        loop.add_reader(self._master, self._master_gone)
        if self._log is not None:
            self._log.start()
        self._reload()
        self._tick()
        self._look()
        context = self._certificate.context
        timeout = _HANDSHAKE_S if context is not None else None
        server = await loop.create_server(
            self._connection, sock=self._listener, backlog=BACKLOG, ssl=context, ssl_handshake_timeout=timeout
        )
        sys.setswitchinterval(_SWITCH_S)
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        await self._stopping.wait()
        server.close()
        await self._finish()

    def _connection(self) -> asyncio.Protocol:
        if len(self._open) < self._limits.connections or self._shed():
            return Connection(self._gateway, self._open)
        return _Full()

    def _shed(self) -> bool:
        """Close the connection that waits longest for nothing; False when all are at work."""
        now = time.monotonic()
        idle = [one for one in self._open if one.phase is Phase.IDLE]
        slow = idle or [one for one in self._open if one.phase is Phase.HEAD and now - one.since > _LOOK_EVERY_S]
        if not slow:
            return False
        min(slow, key=lambda one: one.since).abort()
        return True

    def _woken(self, wake: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while wake.recv(4096):
                pass
        self._reload()

    def _reload(self) -> None:
        if self._gateway.reload():
            record = AppliedRecord(self._gateway.version, identity(os.getpid()))
            with contextlib.suppress(OSError):  # a full disk; the server waits a little and goes on
                write(self._places.applied, record)

    def _tick(self) -> None:
        asyncio.get_running_loop().call_later(_TICK_S, self._tick)
        self._gateway.tick()

    def _look(self) -> None:
        asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)
        now = time.monotonic()
        for connection in list(self._open):
            connection.end_slow(now)
        self._reload()
        self._certificate.renew()

    def _master_gone(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        if not self._stopping.is_set():
            self._orphaned()

    async def _finish(self) -> None:
        """Answer what is open, then end."""
        for connection in list(self._open):
            connection.stop()
        began = time.monotonic()
        while self._open and time.monotonic() - began < STOP_WITHIN_S:
            await asyncio.sleep(_TICK_S)
            if time.monotonic() - began > _IDLE_KEPT_S:
                for connection in [one for one in self._open if one.phase is Phase.IDLE]:
                    connection.close()
        if self._log is not None:
            self._log.stop()
        if self._tracing is not None:
            self._tracing.stop()

    def _request_log(self, tracing: Tracing | None) -> RequestLog | None:
        if not self._settings.log_days and tracing is None:
            return None
        folder = self._places.requests if self._settings.log_days else None
        return RequestLog(folder, self._settings.log_days, also=tracing)


class _Full(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so, and end it."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        body = answers.error_body("Busy", "The gateway has as many connections as it can.")
        transport.write(answers.answer(503, answers.JSON, b"retry-after: 1\r\n", body, keep_alive=False))
        transport.close()


class _Certificate:
    """The TLS context, which takes a certificate that was renewed."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._files = (settings.tls_cert, settings.tls_key)
        self._seen = self._times()
        self.context: ssl.SSLContext | None = None
        if settings.tls_cert is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_2
            self.context.load_cert_chain(settings.tls_cert, settings.tls_key)

    def renew(self) -> None:
        """Load the files again when they were replaced; connections from now on use them."""
        times = self._times()
        if self.context is None or times == self._seen:
            return
        self._seen = times
        certificate, key = self._files
        assert certificate is not None
        try:
            self.context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            sys.stderr.write(f"the new certificate can't be used, the old one stays: {error}\n")

    def _times(self) -> list[int]:
        times = []
        for path in self._files:
            with contextlib.suppress(OSError):
                times.append(Path(path).stat().st_mtime_ns if path is not None else 0)
        return times


def _connections(wanted: int) -> int:
    """Raise the limit on open files as far as it goes; return how many connections that allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else max(16, min(wanted, hard - _DESCRIPTORS_KEPT))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Give what makes the event loop: uvloop's where it is made for the system."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
