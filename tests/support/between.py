"""A way to a node with something in between: it sees every piece of what passes, and may hold it up or break it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from lapisml.backends.compute.node.transport import Streams, Transport

_PIECE = 4096
_BUFFER = 16_384

Passing = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Called with each piece, and with where it goes to, before the next one is read; hands the piece on."""


async def hand_on(piece: bytes, target: asyncio.StreamWriter) -> None:
    """Do what a good network does."""
    target.write(piece)
    await target.drain()


class Between:
    """A transport like the `real` one, whose agent is reached by way of `passing`; its start is left alone.

    Attributes:
        opened: how often it was opened.
    """

    def __init__(self, real: Transport, passing: Passing) -> None:
        self._real = real
        self._passing = passing
        self._tasks: list[asyncio.Task[None]] = []
        self.opened = 0

    async def open(self) -> Streams:
        """Start the agent, and carry what is said."""
        self.opened += 1
        reader, writer = await self._real.open()
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        there, back = await asyncio.open_connection(sock=theirs)
        self._tasks = [
            asyncio.create_task(self._carry(there, writer)),
            asyncio.create_task(self._carry(reader, back)),
        ]
        return await asyncio.open_connection(sock=ours)

    async def close(self) -> None:
        """Let go of both."""
        for task in self._tasks:
            task.cancel()
        await self._real.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(_PIECE):
                await self._passing(piece, target)
        target.close()
