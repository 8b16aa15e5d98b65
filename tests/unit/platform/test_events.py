from __future__ import annotations

import asyncio
import threading
import time

import pytest

from lapisml.server.platform.events import EventBus
from lapisml.server.platform.postgres_relay import PostgresRelay
from tests.support.polling import eventually


def test_what_is_told_between_two_waits_is_not_missed() -> None:
    bus = EventBus()
    ear = bus.listen("jobs")
    bus.notify("jobs")
    bus.notify("jobs")
    assert ear.wait(0)
    assert not ear.wait(0), "two calls before one wait are one wake-up"
    bus.notify("other")
    assert not ear.wait(0.01)


def test_a_waiting_thread_wakes_at_once() -> None:
    bus, woken = EventBus(), threading.Event()
    ear = bus.listen("jobs")
    thread = threading.Thread(target=lambda: ear.wait(30) and woken.set())
    thread.start()
    bus.notify("jobs")
    assert woken.wait(5)
    thread.join()


def test_closing_wakes_everybody() -> None:
    bus = EventBus()
    began = time.monotonic()
    thread = threading.Thread(target=bus.listen("jobs").wait, args=(60,))
    thread.start()
    bus.close()
    thread.join(5)
    assert time.monotonic() - began < 5


async def _await_one(bus: EventBus) -> tuple[bool, bool]:
    ear = bus.listen("jobs")
    thread = threading.Timer(0.02, bus.notify, ["jobs"])
    thread.start()
    return await ear.wait_async(10), await ear.wait_async(0.01)


def test_coroutines_wait_without_a_thread() -> None:
    assert asyncio.run(_await_one(EventBus())) == (True, False)


@pytest.mark.postgres
def test_servers_on_one_postgres_wake_each_other(postgres_url: str) -> None:
    conninfo = postgres_url.replace("+psycopg", "")
    first, second = EventBus(), EventBus()
    relays = [PostgresRelay(first, conninfo), PostgresRelay(second, conninfo)]
    for relay in relays:
        relay.start()
    try:
        ear = second.listen("jobs")

        def told() -> bool:
            first.notify("jobs")
            return ear.wait(0.2)

        eventually(told, 15, what="a wake-up from the other server")
        assert first.count("elsewhere") == 0
    finally:
        for relay in relays:
            relay.stop()
