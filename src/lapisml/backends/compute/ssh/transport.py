"""`Transport` over SSH: one connection to a machine, used for everything."""

from __future__ import annotations

from typing import Any

import asyncssh

from lapisml.backends.compute.node import boot, wire
from lapisml.backends.compute.node.transport import Streams
from lapisml.backends.compute.ssh import shell
from lapisml.backends.compute.ssh.access import Access
from lapisml.backends.compute.ssh.channel import Session
from lapisml.backends.compute.ssh.connecting import connect, explained, let_go
from lapisml.backends.compute.ssh.hostkeys import HostKeys
from lapisml.backends.compute.ssh.hosts import SshHost
from lapisml.core.errors import ErrorCode, LapisError

_WINDOW = 16 << 20
"""Bytes on their way at a time: enough for 1 Gbit/s at 100 ms."""


class SshTransport:
    """Starts the agent on a machine by SSH.

    The command is a constant (`shell.line`); what the document says goes to its stdin. Pack, frames, logs, data and the
    way back share the one channel.

    Args:
        host: the machine.
        access: what to log in with.
        keys: the host keys that are known.
        root: the agent's folder there; ``~`` is the home folder there.
        interpreter: Python there; None means to look for one.
    """

    def __init__(
        self, host: SshHost, access: Access, keys: HostKeys, root: str, interpreter: str | None = None
    ) -> None:
        for name, text in (("root", root), ("interpreter", interpreter or "")):
            if any(ord(character) < 32 for character in text):
                raise LapisError(ErrorCode.DOCUMENT_INVALID, f"`{name}` has a character that no path should have.")
        self.host = host
        self._access = access
        self._known = keys.of(host)
        self._root = root
        self._interpreter = interpreter or ""
        self._connection: asyncssh.SSHClientConnection | None = None

    async def open(self) -> Streams:
        """Log in, start the agent, and return its streams."""
        await self.close()
        self._connection = connection = await connect(self.host, self._access, self._known)
        try:
            return await self._start(connection)
        except (asyncssh.Error, OSError) as error:
            raise self._broken(error) from error

    async def close(self) -> None:
        """Let go of the connection; the agent ends with its stdin."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await let_go(connection)

    async def _start(self, connection: asyncssh.SSHClientConnection) -> Streams:
        _channel, made = await connection.create_session(
            lambda: Session(wire.LARGEST_TAIL), shell.line(), encoding=None, window=_WINDOW, max_pktsize=1 << 15
        )
        session: Any = made
        session.mind(connection)
        reader, writer = session.streams()
        writer.write(self._interpreter.encode() + b"\n")
        try:
            await boot.start(reader, writer, self._root, self.host.name)
        except LapisError as error:
            raise self._passing(error, session.said) from error
        return reader, writer

    def _passing(self, error: LapisError, said: str) -> LapisError:
        """Give an error of the start a code that lets jobs wait: somebody may mend the machine at any time."""
        message = error.message
        if said and "could not be started" in message and not reason_given(message):
            message = f"{message.rstrip('.')}: {said.splitlines()[-1][:300]}"
        code = error.code if error.code is ErrorCode.STORAGE_FULL else ErrorCode.SERVER_UNREACHABLE
        return LapisError(code, message, error.hint)

    def _broken(self, error: Exception) -> LapisError:
        if isinstance(error, asyncssh.ChannelOpenError):
            sentence = f"{self.host.name} lets {self.host.username} in, but runs no command: {error}."
            return LapisError(
                ErrorCode.SERVER_UNREACHABLE, sentence, "See `MaxSessions` and `ForceCommand` of its sshd."
            )
        return explained(error, self.host, self._access)


def reason_given(message: str) -> bool:
    """Say whether the boot's message has the words of the other side already."""
    return ": " in message
