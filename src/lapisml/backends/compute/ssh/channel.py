"""asyncio's streams over a session of an SSH connection.

The protocol of the links wants what asyncio gives for a socket: streams whose errors are OSErrors.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, cast

import asyncssh

from lapisml.backends.compute.node.transport import Streams

_SAID = 4096
_UNSENT = 1 << 16
"""Bytes that the system takes for a connection beyond those that are on their way."""


class _Transport:
    """A channel that takes what is written after its end, as asyncio's transports do: whoever reads is told of it."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def write(self, data: bytes) -> None:
        """Send."""
        with contextlib.suppress(OSError):
            self._channel.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


class Session(asyncssh.SSHClientSession[bytes]):
    """A command on the other side: its stdout as a stream, its stdin as a stream, the end of its stderr as a text."""

    def __init__(self, limit: int) -> None:
        loop = asyncio.get_running_loop()
        self.reader = asyncio.StreamReader(limit=limit, loop=loop)
        self._protocol = asyncio.StreamReaderProtocol(self.reader, loop=loop)
        self._said = b""
        self._held: set[str] = set()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    @property
    def said(self) -> str:
        """What the command wrote to stderr, its last 4 KiB."""
        return self._said.decode(errors="replace").strip()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """Take the channel as the streams' transport."""
        self._channel = chan
        self._protocol.connection_made(cast(asyncio.Transport, chan))

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Pass on what came."""
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            self._said = (self._said + data)[-_SAID:]
        else:
            self._protocol.data_received(data)

    def eof_received(self) -> bool:
        """Pass on that nothing more comes; our side closes, too."""
        self._protocol.eof_received()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the streams, in asyncio's words."""
        self._protocol.connection_lost(None if exc is None else ConnectionResetError(str(exc) or "it was cut"))

    def pause_writing(self) -> None:
        """Have writers wait: the other side has no room."""
        self._hold("there")

    def resume_writing(self) -> None:
        """Have writers go on."""
        self._release("there")

    def mind(self, connection: asyncssh.SSHClientConnection) -> None:
        """Have writers wait for the network as well, as they do with a plain connection.

        Without it all that the other side has room for, 2 MiB, piles up here, and over a slow network a question, or a
        sign of life, stands behind it for minutes.

        Args:
            connection: the session's; nothing else writes much to it.
        """
        plain = connection.get_extra_info("socket")
        with contextlib.suppress(OSError):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
        # asyncio's transport tells its protocol, the connection, which passes nothing on
        vars(connection).update(
            pause_writing=lambda: self._hold("network"), resume_writing=lambda: self._release("network")
        )

    def _hold(self, why: str) -> None:
        if not self._held:
            self._protocol.pause_writing()
        self._held.add(why)

    def _release(self, why: str) -> None:
        if self._held == {why}:
            self._protocol.resume_writing()
        self._held.discard(why)

    def streams(self) -> Streams:
        """Return the two streams."""
        channel: Any = _Transport(self._channel)
        return self.reader, asyncio.StreamWriter(channel, self._protocol, self.reader, asyncio.get_running_loop())
