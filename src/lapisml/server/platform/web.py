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
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lapisml.server.platform.auth import AsgiApp

log = logging.getLogger("lapisml.server")

_GRACE_S = 1
"""How long open requests may take to end, in seconds."""
_FORCE_S = 1.9
"""When the process ends whatever still hangs, in seconds after it was asked to end."""

_OPENING_S = 10
"""How long the opening of a side door may take, in seconds."""

_LOOK_S = 0.05
"""How often a side door that closes looks for connections without a request, in seconds."""

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
        self.get_write_buffer_size = transport.get_write_buffer_size

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
    side_door: SideDoor | None = None,
    on_stopping: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests until SIGTERM or SIGINT.

    Args:
        listener: bound and listening; inherits TCP_NODELAY to every connection, so that an answer's head and
            body do not wait for the client's delayed acknowledgement.
        on_ready: called once, when requests are answered.
        tls: certificate chain and private key, PEM files.
        side_door: a second address of the same application.
        on_stopping: called once in the event loop when it is time to end, before open requests are waited for.
    """
    server = _Uvicorn(_configuration(app, tls), on_ready)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(server, listener, side_door, on_stopping))


def _configuration(app: AsgiApp, tls: tuple[Path, Path] | None) -> uvicorn.Config:
    return uvicorn.Config(
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


@dataclass(frozen=True)
class Opening:
    """What a side door opens: a socket that is bound and listens, and certificate chain and key, PEM files."""

    listener: socket.socket
    tls: tuple[Path, Path]


class SideDoor:
    """A second address, with TLS, of an application that is served already; it may open at any time.

    Args:
        at_start: gives what to open before the first request is answered; None: it stays closed for now.
    """

    def __init__(self, at_start: Callable[[], Opening | None]) -> None:
        self._at_start = at_start
        self._loop: asyncio.AbstractEventLoop | None = None
        self._app: AsgiApp | None = None
        self._server: _Uvicorn | None = None
        self._served: asyncio.Task[None] | None = None

    def open(self, opening: Opening) -> None:
        """Answer requests at a further address from now on; called from any thread but the loop's.

        Raises:
            OSError: the certificate can't be read.
        """
        assert self._loop is not None, "the server answers no requests yet"
        asyncio.run_coroutine_threadsafe(self._open(opening), self._loop).result(_OPENING_S)

    async def attach(self, app: AsgiApp) -> None:
        """Learn what is served, and open when that is wanted from the start."""
        self._loop, self._app = asyncio.get_running_loop(), app
        opening = self._at_start()
        if opening is not None:
            await self._open(opening)

    def ask_to_stop(self) -> None:
        """Take no further connections; `stopped` waits for the end."""
        if self._server is not None:
            self._server.should_exit = True

    async def stopped(self) -> None:
        """Wait until the last request is answered.

        The end of TLS asks for a word of the client, and one that keeps its connection for later gives none: those
        without a request are cut.
        """
        self.ask_to_stop()
        while self._server is not None and self._served is not None and not self._served.done():
            for connection in list(self._server.server_state.connections):
                _cut_if_idle(connection)
            await asyncio.wait({self._served}, timeout=_LOOK_S)

    async def _open(self, opening: Opening) -> None:
        assert self._app is not None
        is_open = asyncio.Event()
        self._server = _Uvicorn(_configuration(self._app, opening.tls), is_open.set)
        self._served = asyncio.create_task(self._server.serve([opening.listener]))
        waiting = asyncio.create_task(is_open.wait())
        done, _ = await asyncio.wait({self._served, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self._served in done:
            waiting.cancel()
            self._served.result()


def _cut_if_idle(connection: object) -> None:
    cycle, transport = getattr(connection, "cycle", None), getattr(connection, "transport", None)
    is_idle = cycle is None or cycle.response_complete
    if is_idle and isinstance(transport, _OneSegment) and transport.get_write_buffer_size() == 0:
        transport.abort()


async def _serve(
    server: uvicorn.Server, listener: socket.socket, side_door: SideDoor | None, on_stopping: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server, side_door, on_stopping, number)
    if side_door is not None:
        await side_door.attach(server.config.app)  # type: ignore[arg-type]  # what `run_web` was given
    await server.serve([listener])
    if side_door is not None:
        await side_door.stopped()


def _stop(server: uvicorn.Server, side_door: SideDoor | None, on_stopping: Callable[[], None], number: int) -> None:
    if server.should_exit:
        return
    on_stopping()
    log.info("server.stopping on %s", signal.Signals(number).name)
    server.should_exit = True
    if side_door is not None:
        side_door.ask_to_stop()
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
