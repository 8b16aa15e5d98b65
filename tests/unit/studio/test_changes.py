"""Gathering what changed and giving it to those who listen, without a server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable

import pytest

from lapisml.core.errors import LapisError
from lapisml.server.features.studio import changes as module
from lapisml.server.features.studio.changes import GAP_S, Changes, Listener
from lapisml.server.platform.events import EventBus


class Watch:
    """Finds what it is given; notes how it is used."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.begun = self.ended = 0
        self.stir: Callable[[str], None] = lambda _why: None
        self.fault: Exception | None = None

    def begin(self, stir: Callable[[str], None]) -> None:
        self.begun += 1
        self.stir = stir

    def look(self, stirred: set[str], workspaces: set[str]) -> Iterable[tuple[str, str]]:
        if self.fault is not None:
            raise self.fault
        found, self.found = self.found, []
        return [*found, *((ws, f"stirred/{why}") for why in stirred for ws in workspaces)]

    def end(self) -> None:
        self.ended += 1


async def _next(listener: Listener, timeout: float = 5.0) -> list[str]:
    async with asyncio.timeout(timeout):
        await listener.told.wait()
    return listener.take()


def _in_thread(call: Callable[[], None]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def test_listeners_hear_of_their_workspace_only() -> None:
    async def scenario() -> None:
        changes = Changes(EventBus(), Watch())
        blue, red = await changes.join("blue"), await changes.join("red")
        _in_thread(lambda: changes.tell("blue", "models/m"))
        changes.tell_run("red", "abc")
        assert await _next(blue) == ["models/m"]
        assert await _next(red) == ["runs/abc"]
        changes.leave(blue)
        changes.leave(red)

    asyncio.run(scenario())


def test_nobody_pays_while_nobody_listens() -> None:
    watch, told = Watch(), []
    events = EventBus()
    events.hear("changed", told.append)
    changes = Changes(events, watch)
    changes.tell("blue", "models/m")
    changes.tell_run("blue", "abc")
    assert (changes.is_wanted, told, watch.begun) == (False, [], 0)


def test_many_changes_come_in_few_messages() -> None:
    async def scenario() -> int:
        changes = Changes(EventBus(), Watch())
        listener = await changes.join("blue")
        messages, begin, number = 0, time.monotonic(), 0
        while time.monotonic() - begin < 4 * GAP_S:
            changes.tell_run("blue", f"run-{number % 10}")
            number += 1
            await asyncio.sleep(0.001)
            messages += bool(listener.take())
        changes.leave(listener)
        return messages

    assert 2 <= asyncio.run(scenario()) <= 6


def test_the_last_change_is_never_lost() -> None:
    async def scenario() -> None:
        changes = Changes(EventBus(), Watch())
        listener = await changes.join("blue")
        for number in range(300):
            _in_thread(lambda number=number: changes.tell("blue", f"data/{number}"))  # type: ignore[misc]
            await asyncio.sleep(0)
        heard: set[str] = set()
        while "data/299" not in heard and "data" not in heard:
            heard.update(await _next(listener))
        changes.leave(listener)

    asyncio.run(scenario())


def test_a_listener_who_does_not_keep_up_is_told_nouns() -> None:
    listener = Listener("blue")
    listener.add(f"jobs/{number}" for number in range(1000))
    listener.add(["models/m"])
    assert listener.take() == ["jobs", "models/m"]


def test_the_watch_works_only_while_somebody_listens() -> None:
    async def scenario() -> Watch:
        watch = Watch()
        changes = Changes(EventBus(), watch)
        for _ in range(2):
            listener = await changes.join("blue")
            watch.stir("jobs")
            assert await _next(listener) == ["stirred/jobs"]
            changes.leave(listener)
            while watch.ended < watch.begun:
                await asyncio.sleep(0.01)
        assert not changes.is_wanted
        return watch

    watch = asyncio.run(asyncio.wait_for(scenario(), 20))
    assert (watch.begun, watch.ended) == (2, 2)


def test_too_many_listeners_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LISTENERS", 2)

    async def scenario() -> None:
        changes = Changes(EventBus(), Watch())
        listeners = [await changes.join("blue") for _ in range(2)]
        with pytest.raises(LapisError, match="2 pages"):
            await changes.join("blue")
        changes.leave(listeners.pop())
        listeners.append(await changes.join("blue"))
        changes.close()
        assert all(listener.is_closed for listener in listeners)
        with pytest.raises(LapisError):
            await changes.join("blue")

    asyncio.run(scenario())


def test_a_broken_watch_sends_the_pages_away_to_come_back() -> None:
    async def scenario() -> None:
        watch = Watch()
        changes = Changes(EventBus(), watch)
        listener = await changes.join("blue")
        watch.fault = ValueError("broken")
        watch.stir("jobs")
        async with asyncio.timeout(5):
            await listener.told.wait()
        assert listener.is_closed
        changes.leave(listener)
        watch.fault = None
        again = await changes.join("blue")
        changes.tell("blue", "models")
        assert await _next(again) == ["models"]
        changes.leave(again)

    asyncio.run(scenario())


def test_other_servers_hear_and_are_told_that_somebody_listens() -> None:
    here, there = EventBus(), EventBus()

    class Wire:
        def __init__(self, to: EventBus) -> None:
            self.to = to

        def send(self, topic: str) -> None:
            self.to.deliver(topic)

    here.connect(Wire(there))
    there.connect(Wire(here))

    async def scenario() -> None:
        ours, theirs = Changes(here, Watch()), Changes(there, Watch())
        theirs.tell_run("blue", "early")
        listener = await ours.join("blue")
        async with asyncio.timeout(5):
            while not theirs.is_wanted:
                await asyncio.sleep(0.01)
        theirs.tell_run("blue", "abc")
        assert await _next(listener) == ["runs/abc"]
        ours.leave(listener)

    asyncio.run(scenario())
