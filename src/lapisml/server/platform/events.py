"""Wake-up calls between threads and, on PostgreSQL, between servers.

A wake-up carries no data: whoever is woken looks into the database. One may be lost (a connection breaks), so
everybody who waits for one also looks by himself now and then; `wait` therefore always takes a time limit.
Call `notify` after the transaction that changed something has ended.

A word is told beside them (`tell`): it says what changed to whoever hears it at that moment, and to nobody later.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Protocol

log = logging.getLogger("lapisml.server")


class Relay(Protocol):
    """Carries wake-ups to other servers."""

    def send(self, topic: str) -> None:
        """Pass a topic, or a channel and a word with a space between, on; soon, without waiting."""
        ...


class Listener:
    """One waiter's ear on one topic: it misses nothing between two waits."""

    def __init__(self, bus: EventBus, topic: str) -> None:
        self._bus = bus
        self._topic = topic
        self._seen = bus.count(topic)

    def wait(self, timeout_s: float) -> bool:
        """Wait until the topic is told since the last wait; say whether it was (False: the time was up)."""
        seen = self._bus.wait_beyond(self._topic, self._seen, timeout_s)
        woken, self._seen = seen != self._seen, seen
        return woken

    async def wait_async(self, timeout_s: float) -> bool:
        """Do as `wait`, in a coroutine and without a thread."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        stop = self._bus.on_notify(self._topic, partial(_set_later, loop, told))
        try:
            if self._bus.count(self._topic) == self._seen:
                async with asyncio.timeout(timeout_s):
                    await told.wait()
        except TimeoutError:
            pass
        finally:
            stop()
        seen = self._bus.count(self._topic)
        woken, self._seen = seen != self._seen, seen
        return woken


class EventBus:
    """Counts how often each topic was told and wakes whoever waits for it. Threads may share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: dict[str, int] = defaultdict(int)
        self._callbacks: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self._hearers: dict[str, list[Callable[[str], None]]] = defaultdict(list)
        self._relay: Relay | None = None
        self._closed = False

    def connect(self, relay: Relay | None) -> None:
        """Send every topic told here to other servers as well; None stops that."""
        self._relay = relay

    def notify(self, topic: str) -> None:
        """Wake everybody who waits for `topic`, on this server and on others."""
        self.deliver(topic)
        if self._relay is not None:
            self._relay.send(topic)

    def tell(self, channel: str, word: str) -> None:
        """Tell a word to everybody who hears `channel`, on this server and on others."""
        self.deliver(f"{channel} {word}")
        if self._relay is not None:
            self._relay.send(f"{channel} {word}")

    def hear(self, channel: str, call: Callable[[str], None]) -> Callable[[], None]:
        """Call `call` (quick, any thread) with each word told on `channel`; the result takes it back."""
        with self._changed:
            self._hearers[channel].append(call)

        def stop() -> None:
            with self._changed:
                self._hearers[channel].remove(call)

        return stop

    def deliver(self, topic: str) -> None:
        """Wake everybody on this server only; also for topics and words that came from another one."""
        channel, space, word = topic.partition(" ")
        if space:
            for take in list(self._hearers.get(channel, ())):
                _call(partial(take, word))
            return
        with self._changed:
            self._counts[topic] += 1
            self._changed.notify_all()
            callbacks = list(self._callbacks.get(topic, ()))
        for call in callbacks:
            _call(call)

    def listen(self, topic: str) -> Listener:
        """Begin to listen; what is told from now on is not missed."""
        return Listener(self, topic)

    def count(self, topic: str) -> int:
        """Give how often a topic was told."""
        with self._changed:
            return self._counts.get(topic, 0)

    def wait_beyond(self, topic: str, seen: int, timeout_s: float) -> int:
        """Wait until the count of `topic` differs from `seen`, the time is up, or the bus closes; give the count."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._counts.get(topic, 0) != seen, timeout_s)
            return self._counts.get(topic, 0)

    def on_notify(self, topic: str, call: Callable[[], None]) -> Callable[[], None]:
        """Call `call` (quick, any thread) whenever `topic` is told; the result takes it back."""
        with self._changed:
            self._callbacks[topic].append(call)

        def stop() -> None:
            with self._changed:
                self._callbacks[topic].remove(call)
                if not self._callbacks[topic]:
                    del self._callbacks[topic]

        return stop

    def close(self) -> None:
        """Wake everybody for the last time; from now on `wait` returns at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _set_later(loop: asyncio.AbstractEventLoop, told: asyncio.Event) -> None:
    loop.call_soon_threadsafe(told.set)


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except RuntimeError:  # the waiter's event loop has closed meanwhile
        log.debug("events.gone a waiter's event loop has closed")
