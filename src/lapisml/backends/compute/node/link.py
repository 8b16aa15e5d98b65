"""The server's side of a link to one agent: connected when it is needed, connected again when it broke.

All links of a process share one thread with an event loop; their methods may be called from any other thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLateError
from typing import Any, TypeVar

from lapisml.backends.compute.node import wire
from lapisml.backends.compute.node.pace import Away, Pace, ahead, event_loop, patient
from lapisml.backends.compute.node.streams import Stream
from lapisml.backends.compute.node.transport import Transport
from lapisml.core.errors import ErrorCode, LapisError

__all__ = ["Link", "Pace"]

T = TypeVar("T")


class Link:
    """A link to one agent.

    Args:
        transport: the way there.
        greeting: makes what the agent is greeted with, without ``version``; called on the links' thread.
        on_event: takes what the agent tells of; on the links' thread, must be quick.
        on_up: called whenever the link is up (again); likewise.
        on_stream: serves a stream that the agent opens.
        pace: how patient it is.
        where: how messages name the machine.
    """

    def __init__(
        self,
        transport: Transport,
        greeting: Callable[[], dict[str, Any]],
        on_event: Callable[[Any], None],
        on_up: Callable[[], None],
        on_stream: Callable[[Stream], Awaitable[None]] | None = None,
        pace: Pace | None = None,
        where: str = "the node",
    ) -> None:
        self._transport = transport
        self._greeting = greeting
        self._on_event = on_event
        self._on_up = on_up
        self._on_stream = on_stream
        self._pace = pace or Pace()
        self._where = where
        self._loop = event_loop()
        self._lock = threading.Lock()
        self._keeper: Future[None] | None = None
        self._closed = False
        self._connection: wire.Connection | None = None
        self._attempts = 0
        self._attempted = asyncio.Event()
        self._hurry = asyncio.Event()
        self.away = Away()
        self.facts: dict[str, Any] = {}
        self.ahead_ms = 0

    @property
    def is_up(self) -> bool:
        """Whether the agent can be asked now."""
        return self._connection is not None

    @property
    def sentence(self) -> str:
        """Why the link is away, since when, for a person; empty while it is up."""
        if self._connection is not None:
            return ""
        message = self.away.error.message
        if self.away.since is None:
            return message
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.away.since))
        return f"{self._where[0].upper()}{self._where[1:]} can't be asked since {since}: {message}"

    def call(
        self, verb: str, body: Any = None, tail: bytes = b"", *, patience: float | None = None
    ) -> tuple[Any, bytes]:
        """Ask the agent; the verb may be done twice when the link breaks in between.

        Args:
            verb, body, tail: see `Service`.
            patience: seconds to wait for a link that is away; None means the pace's.

        Raises:
            LapisError: the agent's, or the one that keeps the link away (ServerUnreachable and others).
        """
        wait = self._pace.patience if patience is None else patience
        return self.do(self._call(verb, body, tail, wait))

    def greeting(self) -> dict[str, Any]:
        """Return what the agent is greeted with."""
        return {"version": wire.VERSION, "quiet": 3 * self._pace.quiet, **self._greeting()}

    async def ask(self, verb: str, body: Any = None, patience: float = 0.0) -> tuple[Any, bytes]:
        """Do as `call`, on the links' thread.

        Raises:
            LapisError: as `call`.
        """
        return await self._call(verb, body, b"", patience)

    def do(self, work: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
        """Run a coroutine on the links' thread and wait for it; without a time limit it must have one of its own.

        Raises:
            LapisError: its own; ServerUnreachable when it takes too long.
        """
        if threading.current_thread().name == "lapis-links":
            work.close()
            raise RuntimeError("a link is not to be waited for on its own thread")
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return running.result(timeout_s)
        except TooLateError as error:
            running.cancel()
            raise self._unanswered() from error

    def connect(self, patience: float | None = None) -> dict[str, Any]:
        """See that the link is up, and return what the agent said of itself.

        Raises:
            LapisError: what keeps it away.
        """
        wait = self._pace.patience if patience is None else patience
        self.do(self._ready(wait), self._pace.connect + wait)
        return self.facts

    def close(self) -> None:
        """Let go of the agent; it ends, jobs go on."""
        with self._lock:
            self._closed = True
            keeper = self._keeper
        if keeper is not None and self._loop.is_running():
            keeper.cancel()
            with contextlib.suppress(Exception):
                asyncio.run_coroutine_threadsafe(self._let_go(), self._loop).result(5)

    def cut(self) -> None:
        """Break the connection, as a network does; the link comes back by itself."""

        async def cut() -> None:
            if self._connection is not None:
                await self._connection.close()

        self.do(cut(), self._pace.connect)

    async def _call(self, verb: str, body: Any, tail: bytes, patience: float) -> tuple[Any, bytes]:
        for last in (False, True):
            connection = await self._ready(patience)
            try:
                async with patient(self._pace.call) as moved:
                    return await connection.call(verb, body, tail, moved)
            except TimeoutError as error:
                raise self._unanswered() from error
            except wire.WireError as error:
                if last:
                    sentence = f"The link to {self._where} broke: {error}."
                    raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence) from error
        raise AssertionError

    def _unanswered(self) -> LapisError:
        why = self.sentence or f"The agent on {self._where} does not answer."
        return LapisError(ErrorCode.SERVER_UNREACHABLE, why)

    async def _ready(self, patience: float) -> wire.Connection:
        """Return the connection; waits for the very first attempt, and otherwise no longer than it is told to."""
        self._keep()
        deadline = time.monotonic() + (patience if self._attempts else max(patience, self._pace.connect))
        before = self._attempts
        while self._connection is None:
            if self._closed:
                raise LapisError(ErrorCode.SERVER_UNREACHABLE, "The server lets go of its computes: it ends.")
            left = deadline - time.monotonic()
            lasts = self._attempts > before and self.away.error.code is not ErrorCode.SERVER_UNREACHABLE
            if left <= 0 or lasts:
                raise LapisError(self.away.error.code, self.sentence, self.away.error.hint)
            self._hurry.set()
            self._attempted.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._attempted.wait(), left)
            deadline = min(deadline, time.monotonic() + patience) if self._attempts == 1 else deadline
        return self._connection

    def _keep(self) -> None:
        with self._lock:
            if self._keeper is None and not self._closed:
                self._keeper = asyncio.run_coroutine_threadsafe(self._stay_connected(), self._loop)

    async def _stay_connected(self) -> None:
        pause = self._pace.first_pause
        while not self._closed:
            began = time.monotonic()
            try:
                await self._live()
            except LapisError as error:
                self._note(error)
            except (wire.WireError, OSError, EOFError) as error:
                self._note(LapisError(ErrorCode.SERVER_UNREACHABLE, f"The link broke: {error}."))
            except Exception as error:  # noqa: BLE001 - whatever a transport raises: the next attempt follows
                self._note(LapisError(ErrorCode.INTERNAL, f"{type(error).__name__}: {error}"))
            if time.monotonic() - began > self._pace.longest_pause:
                pause = self._pace.first_pause
            await self._rest(pause)
            pause = min(self._pace.longest_pause, 2 * pause)

    async def _live(self) -> None:
        """Connect, and stay until the connection ends.

        Raises:
            LapisError, WireError: why it did.
        """
        try:
            async with patient(self._pace.connect):
                reader, writer = await self._transport.open()
            connection = wire.Connection(reader, writer, None, self._on_event, self._on_stream)
            await self._attend(connection)
        except TimeoutError as error:
            sentence = f"{self._where} did not answer within {self._pace.connect:g} s."
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence) from error
        finally:
            self._connection = None
            with contextlib.suppress(Exception):
                await self._transport.close()

    async def _attend(self, connection: wire.Connection) -> None:
        reading = asyncio.ensure_future(connection.run())
        watching = asyncio.ensure_future(self._watch(connection))
        try:
            async with asyncio.timeout(self._pace.connect):
                await self._greet(connection)
            self._connection = connection
            self.away = Away(None, LapisError(ErrorCode.SERVER_UNREACHABLE, f"The link to {self._where} just broke."))
            self._attempts += 1
            self._attempted.set()
            self._on_up()
            done, _rest = await asyncio.wait((reading, watching), return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                await each
            raise wire.WireError("the agent has ended")
        finally:
            self._connection = None
            for task in (reading, watching):
                task.cancel()
            await asyncio.gather(reading, watching, return_exceptions=True)
            await connection.close()

    async def _greet(self, connection: wire.Connection) -> None:
        asked = time.time_ns() // 1_000_000
        self.facts, _tail = await connection.call("hello", self.greeting())
        answered = time.time_ns() // 1_000_000
        self.ahead_ms = ahead(self.ahead_ms, int(self.facts["now"]) - (asked + answered) // 2, answered - asked)

    async def _watch(self, connection: wire.Connection) -> None:
        """Ask for signs of life; raises WireError when none comes."""
        while True:
            await asyncio.sleep(self._pace.ping / 2)
            silent = time.monotonic() - connection.alive_at
            if silent > self._pace.quiet:
                raise wire.WireError(f"nothing was heard from it for {silent:.0f} s")
            if silent > self._pace.ping:
                connection.ping_soon()

    def _note(self, error: LapisError) -> None:
        self.away = Away(self.away.since or time.time(), error)
        self._attempts += 1
        self._attempted.set()

    async def _rest(self, pause: float) -> None:
        """Pause between two attempts; somebody who waits for the link shortens all but the first moment."""
        self._hurry.clear()
        await asyncio.sleep(min(pause, self._pace.first_pause) * random.uniform(0.7, 1.3))  # noqa: S311 - only spreads
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), max(0.0, pause - self._pace.first_pause))

    async def _let_go(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        self._attempted.set()
        await self._transport.close()
