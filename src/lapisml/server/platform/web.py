"""The HTTP server: uvicorn with httptools and uvloop on a socket that is already bound, in one process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lapisml.server.platform.auth import AsgiApp

log = logging.getLogger("lapisml.server")

_GRACE_S = 1
"""How long open requests may take to end, in seconds."""
_FORCE_S = 1.9
"""When the process ends whatever still hangs, in seconds after it was asked to end."""

_LONG = 16_384
"""What is at least this long, in bytes, leaves at once: the network's flow control has to know of it."""


class _OneSegment:
    """A transport that sends what is written within one turn of the event loop together.

    An answer's head and body come as two writes. Sent one by one they wake the client twice, which costs it more
    time than a short answer takes here.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._parts: list[bytes] = []
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.set_protocol = transport.set_protocol
        self.set_write_buffer_limits = transport.set_write_buffer_limits
        self.abort = transport.abort

    def write(self, data: bytes) -> None:
        """Send `data` with whatever else this turn writes."""
        self._parts.append(data)
        if len(data) >= _LONG:
            self._send()
        elif len(self._parts) == 1:
            self._call_soon(self._send)

    def close(self) -> None:
        """Send what waits, then close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._parts and not self._transport.is_closing():
            self._transport.write(b"".join(self._parts))
        self._parts.clear()


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1 whose short answers leave in one segment."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        super().connection_made(_OneSegment(transport))  # type: ignore[arg-type]  # all of it that uvicorn uses


class _Uvicorn(uvicorn.Server):
    """Uvicorn that tells when it answers, and leaves signals to `run_web`."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then tell so."""
        await super().startup(sockets)
        self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: signals are handled by `run_web`."""
        yield


def run_web(
    app: AsgiApp,
    listener: socket.socket,
    on_ready: Callable[[], None],
    tls: tuple[Path, Path] | None = None,
) -> None:
    """Answer requests until SIGTERM or SIGINT.

    Args:
        listener: bound and listening; inherits TCP_NODELAY to every connection, so that an answer's head and
            body do not wait for the client's delayed acknowledgement.
        on_ready: called once, when requests are answered.
        tls: certificate chain and private key, PEM files.
    """
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        loop="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nothing here asks for the client's address
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_S,
        backlog=2048,
        ssl_certfile=str(tls[0]) if tls else None,
        ssl_keyfile=str(tls[1]) if tls else None,
    )
    server = _Uvicorn(config, on_ready)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(server, listener))


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server, number)
    await server.serve([listener])


def _stop(server: uvicorn.Server, number: int) -> None:
    if server.should_exit:
        return
    log.info("server.stopping on %s", signal.Signals(number).name)
    server.should_exit = True
    forced = threading.Timer(_FORCE_S, _end_now)
    forced.daemon = True
    forced.start()


def _end_now() -> None:
    """End the process although something hangs: all that counts is committed, and jobs run on their own."""
    log.warning("server.forced something did not end in time")
    logging.shutdown()
    os._exit(0)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # not made for this system
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
