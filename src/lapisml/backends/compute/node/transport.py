"""How a node is reached: something that starts an agent there and gives the two streams to it."""

from __future__ import annotations

import asyncio
from typing import Protocol

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Transport(Protocol):
    """A way to one machine; its methods are called on the event loop of the links."""

    async def open(self) -> Streams:
        """Start an agent there (`lapisml.backends.compute.node.boot`) and return the streams that it speaks on.

        Raises:
            LapisError: it can't be done now, with a sentence that says what to do.
        """
        ...

    async def close(self) -> None:
        """Let go of what `open` made; the agent ends with its stdin. Nothing open is no error."""
        ...
