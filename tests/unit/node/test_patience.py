"""Slow is not silent: what gets on is waited for, and who gets a good deal says so unasked."""

from __future__ import annotations

import asyncio
import os

import pytest

from lapisml.backends.compute.node import wire
from lapisml.backends.compute.node.pace import patient
from tests.unit.node.test_wire import linked


async def _stand(seconds: float) -> None:
    async with patient(seconds):
        await asyncio.Event().wait()


def test_what_stands_still_is_given_up() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(_stand(0.01))


def test_what_gets_on_is_waited_for_and_limits_around_it_are_told() -> None:
    """Each step moves both limits on, however many there are; afterwards nothing is moved."""

    async def walk() -> None:
        loop = asyncio.get_running_loop()
        loop_time, now = loop.time, 0.0
        loop.time = lambda: loop_time() + now  # type: ignore[method-assign] # a clock that one can put forward
        try:
            async with patient(60) as outer, patient(60) as moved:
                for _step in range(10):
                    now += 59
                    moved()
                    await asyncio.sleep(0)
            moved()
            outer()
            too_late = asyncio.ensure_future(_stand(60))
            await asyncio.sleep(0)
            now += 61
            with pytest.raises(TimeoutError):
                await too_late
        finally:
            loop.time = loop_time  # type: ignore[method-assign]

    asyncio.run(walk())


def test_a_question_and_its_answer_get_on_piece_by_piece() -> None:
    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        moves: list[None] = []
        data = os.urandom(5 * wire.CHUNK)
        assert (await client.call("x", None, data, lambda: moves.append(None)))[1] == data
        assert len(moves) >= 10

    linked(work)


def test_who_gets_a_good_deal_says_so() -> None:
    """Without being asked: what waits behind it may take long to be answered."""

    async def work(client: wire.Connection, _server: wire.Connection) -> None:
        before = client.alive_at
        await client.tell("x" * (2 * wire.CHUNK))
        while client.alive_at == before:
            await asyncio.sleep(0)

    linked(work)
