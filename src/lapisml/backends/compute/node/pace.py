"""How patient a link is, why it is away, and how far the other side's clock is off."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache

from lapisml.core.errors import ErrorCode, LapisError


@dataclass(frozen=True)
class Pace:
    """How patient a link is; seconds.

    Attributes:
        connect: limit on one attempt to connect, from the last moment at which it got on.
        first_pause, longest_pause: between attempts; each is twice the one before.
        ping: after so long without a sign of life one is asked for.
        quiet: after so long without one the connection counts as cut.
        patience: how long a call waits for a link that is away.
        call: limit on one call, from the last moment at which some of its question or answer got through.
    """

    connect: float = 60.0
    first_pause: float = 0.25
    longest_pause: float = 20.0
    ping: float = 5.0
    quiet: float = 30.0
    patience: float = 3.0
    call: float = 120.0


@dataclass
class Away:
    """Why a link is not there.

    Attributes:
        since: moment (seconds since the epoch); None before the first attempt.
        error: what the last attempt met.
    """

    since: float | None = None
    error: LapisError = field(
        default_factory=lambda: LapisError(ErrorCode.SERVER_UNREACHABLE, "It has not been connected to yet.")
    )


_moved: ContextVar[Callable[[], None]] = ContextVar("_moved", default=lambda: None)


@contextlib.asynccontextmanager
async def patient(seconds: float) -> AsyncIterator[Callable[[], None]]:
    """Limit what may take long over a slow network, but may not stand still; as `asyncio.timeout` else.

    Args:
        seconds: how long it may stand still.

    Yields:
        what is to be called whenever it got on; limits around this one are told as well.
    """
    loop, outer = asyncio.get_running_loop(), _moved.get()
    async with asyncio.timeout(seconds) as limit:

        def moved() -> None:
            with contextlib.suppress(RuntimeError):  # it is over already
                limit.reschedule(loop.time() + seconds)
            outer()

        token = _moved.set(moved)
        try:
            yield moved
        finally:
            _moved.reset(token)


@lru_cache(maxsize=1)
def event_loop() -> asyncio.AbstractEventLoop:
    """Return the loop on which all links of this process live; it runs on a thread of its own."""
    loop = asyncio.SelectorEventLoop()
    threading.Thread(target=loop.run_forever, name="lapis-links", daemon=True).start()
    return loop


def ahead(known: int, measured: int, took: int) -> int:
    """Return by how many milliseconds the node's clock counts as being ahead of ours.

    Small differences are left alone, and a known one is kept while it is about right: times that were told once
    are not to change with every connection.
    """
    if abs(measured) < max(2000, took):
        return 0
    return known if known and abs(known - measured) < 1000 + took else round(measured / 1000) * 1000
