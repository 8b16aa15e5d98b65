"""Tells pages what changed, while there is a page that listens.

Whoever changes something calls `tell`, which costs next to nothing while nobody listens. Topics are gathered and
given out at most four times a second, each listener's own; one that does not keep up gets fewer and shorter ones.
One task of the event loop does all this for however many pages.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.events import EventBus

log = logging.getLogger("lapisml.server")

MOST_LISTENERS = 200
GAP_S = 0.25
"""The least time between two messages, seconds."""
LOOK_S = 1.0
"""How often the watch looks although nobody called it, seconds."""

_MOST_TOPICS = 100
"""A listener for whom more names than these wait is told their nouns instead."""

_CHANGED, _WANTED = "changed", "wanted"
"""Channels: what changed, and that pages of the server whose name is told want to know."""
_WANTED_FOR_S = 60.0
_WANTED_AGAIN_S = 20.0

Topic = tuple[str, str]
"""The workspace's name and the topic."""


class Watch(Protocol):
    """Finds changes that no request made. It works from the first listener's arrival to the last one's end."""

    def begin(self, stir: Callable[[str], None]) -> None:
        """Begin at the present moment; `stir` (any thread) asks for a look, and says what for."""
        ...

    def look(self, stirred: set[str], workspaces: set[str]) -> Iterable[Topic]:
        """Give what has changed since the last look, as far as listeners to `workspaces` are concerned."""
        ...

    def end(self) -> None:
        """Stop stirring."""
        ...


class Listener:
    """One page's ear on one workspace."""

    def __init__(self, workspace: str) -> None:
        self.workspace = workspace
        self.told = asyncio.Event()
        self.is_closed = False
        self._topics: set[str] = set()

    def add(self, topics: Iterable[str]) -> None:
        """Put topics aside until they are taken."""
        self._topics.update(topics)
        if len(self._topics) > _MOST_TOPICS:
            self._topics = {topic.partition("/")[0] for topic in self._topics}
        self.told.set()

    def take(self) -> list[str]:
        """Give the topics since the last call, sorted."""
        topics, self._topics = self._topics, set()
        self.told.clear()
        return sorted(topics)

    def close(self) -> None:
        """End the listening from outside."""
        self.is_closed = True
        self.told.set()


class Changes:
    """Takes topics from anywhere and gives them to the listeners of their workspace."""

    def __init__(self, events: EventBus, watch: Watch) -> None:
        self._events = events
        self._watch = watch
        self._listeners: set[Listener] = set()
        self._name = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._pending: set[Topic] = set()
        self._stirred: set[str] = set()
        self._pump: _Pump | None = None
        self._wanted_until = 0.0
        self._said_at = 0.0
        self._is_closed = False
        events.hear(_CHANGED, self._hear)
        events.hear(_WANTED, self._note_wanted)

    @property
    def is_wanted(self) -> bool:
        """Whether a page listens, here or at another server of the same database."""
        return bool(self._listeners) or time.monotonic() < self._wanted_until

    def tell(self, workspace: str, topic: str) -> None:
        """Say that something changed; called from any thread, after it did."""
        if self.is_wanted:
            self._events.tell(_CHANGED, f"{workspace} {topic}")

    def tell_run(self, workspace: str, run_id: str) -> None:
        """Say that a run logged something or changed; on the way of every metric."""
        if self._listeners or time.monotonic() < self._wanted_until:
            self._events.tell(_CHANGED, f"{workspace} runs/{run_id}")

    async def join(self, workspace: str) -> Listener:
        """Begin to listen: what changes from now on is heard. `leave` must follow.

        Raises:
            LapisError: Conflict when too many listen already.
        """
        if len(self._listeners) >= MOST_LISTENERS or self._is_closed:
            sentence = f"{MOST_LISTENERS} pages follow this server already."
            raise LapisError(ErrorCode.CONFLICT, sentence, "Close some of them, or reload the page to look again.")
        listener = Listener(workspace)
        self._listeners.add(listener)
        if self._pump is None or self._pump.task.done():
            self._pump = _Pump(self._run)
        await self._pump.begun.wait()
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        self._listeners.discard(listener)
        if self._pump is not None:
            self._pump.wake.set()

    def close(self) -> None:
        """End every listening, because the server ends; called in the event loop."""
        self._is_closed = True
        for listener in self._listeners:
            listener.close()

    def _hear(self, word: str) -> None:
        workspace, _, topic = word.partition(" ")
        if self._listeners:
            with self._lock:
                self._pending.add((workspace, topic))
            self._ask()

    def _stir(self, why: str) -> None:
        with self._lock:
            self._stirred.add(why)
        self._ask()

    def _ask(self) -> None:
        if self._pump is not None:
            self._pump.ask()

    def _note_wanted(self, who: str) -> None:
        if who != self._name:
            self._wanted_until = time.monotonic() + _WANTED_FOR_S

    async def _run(self, pump: _Pump) -> None:
        """Give out what changed, until nobody listens."""
        try:
            await run_in_threadpool(self._watch.begin, self._stir)
            pump.begun.set()
            while self._listeners and not self._is_closed:
                await pump.asked(LOOK_S)
                self._say_wanted()
                await self._give_out()
                await asyncio.sleep(GAP_S)
        except Exception:
            log.exception("live.broken")
            for listener in self._listeners:
                listener.close()
        finally:
            pump.begun.set()
            self._watch.end()

    async def _give_out(self) -> None:
        with self._lock:
            stirred, self._stirred = self._stirred, set()
            told, self._pending = self._pending, set()
        workspaces = {listener.workspace for listener in self._listeners}
        found = await run_in_threadpool(self._watch.look, stirred, workspaces)
        by_workspace: dict[str, set[str]] = {}
        for workspace, topic in [*found, *told]:
            by_workspace.setdefault(workspace, set()).add(topic)
        for listener in self._listeners:
            topics = by_workspace.get(listener.workspace)
            if topics:
                listener.add(topics)

    def _say_wanted(self) -> None:
        """Let other servers know that somebody listens here."""
        now = time.monotonic()
        if now - self._said_at >= _WANTED_AGAIN_S:
            self._said_at = now
            self._events.tell(_WANTED, self._name)


class _Pump:
    """The task that gives out, and how it is woken; belongs to the event loop that it was made in."""

    def __init__(self, run: Callable[[_Pump], Coroutine[Any, Any, None]]) -> None:
        self.begun = asyncio.Event()
        self.wake = asyncio.Event()
        self._is_asked = False
        self._loop = asyncio.get_running_loop()
        self.task = self._loop.create_task(run(self))

    def ask(self) -> None:
        """Wake the task, once until it has woken; called from any thread."""
        if not self._is_asked:
            self._is_asked = True
            with suppress(RuntimeError):  # the loop has closed meanwhile
                self._loop.call_soon_threadsafe(self.wake.set)

    async def asked(self, within_s: float) -> None:
        """Wait until somebody asks, for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.wake.wait()
        self.wake.clear()
        self._is_asked = False
