from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Column, Integer, Table, insert, select, update

from lapisml.core.clock import SystemClock
from lapisml.server.platform.database import Database, metadata
from lapisml.server.platform.leases import LIFETIME_MS, LeaseLostError, Leases
from lapisml.testing.clock import FakeClock

results = Table("test_results", metadata, Column("id", Integer, primary_key=True))
metadata.remove(results)


@pytest.fixture
def server(database: Database, clock: FakeClock) -> Callable[..., Leases]:
    with database.write() as connection:
        results.create(connection, checkfirst=True)

    def make(name: str, gone: Callable[[str], bool] = lambda _: False) -> Leases:
        return Leases(database, clock, name, gone)

    return make


def _results(database: Database) -> list[int]:
    with database.read() as connection:
        return [row.id for row in connection.execute(select(results))]


def test_one_holder_at_a_time(server: Callable[..., Leases]) -> None:
    a, b = server("a"), server("b")
    assert a.claim("x") is not None
    assert b.claim("x") is None
    assert a.claim("x") is None
    assert b.claim("y") is not None


def test_a_lease_ends_unless_it_is_renewed(server: Callable[..., Leases], clock: FakeClock) -> None:
    a, b = server("a"), server("b")
    held = a.claim("x")
    assert held is not None
    clock.advance(LIFETIME_MS - 1)
    assert a.renew(held)
    clock.advance(LIFETIME_MS - 1)
    assert b.claim("x") is None
    clock.advance(1)
    assert b.claim("x") is not None
    assert not a.renew(held)


def test_a_holder_that_lost_its_lease_cannot_write(
    server: Callable[..., Leases], database: Database, clock: FakeClock
) -> None:
    a, b = server("a"), server("b")
    old = a.claim("x")
    assert old is not None
    clock.advance(LIFETIME_MS)
    new = b.claim("x")
    assert new is not None
    assert new.token > old.token
    with pytest.raises(LeaseLostError), a.applying(old) as connection:
        connection.execute(insert(results).values(id=1))
    with b.applying(new) as connection:
        connection.execute(insert(results).values(id=2))
    assert _results(database) == [2]


def test_a_late_holder_that_nobody_replaced_may_write(
    server: Callable[..., Leases], database: Database, clock: FakeClock
) -> None:
    a = server("a")
    held = a.claim("x")
    assert held is not None
    clock.advance(LIFETIME_MS * 10)
    with a.applying(held) as connection:
        connection.execute(insert(results).values(id=3))
    assert _results(database) == [3]


def test_a_released_lease_is_free_at_once_and_no_longer_good(server: Callable[..., Leases]) -> None:
    a, b = server("a"), server("b")
    held = a.claim("x")
    assert held is not None
    a.release(held)
    with pytest.raises(LeaseLostError), a.applying(held):
        pass
    assert b.claim("x") is not None
    a.release(held)
    assert server("c").claim("x") is None, "giving back what one lost takes nothing from its new holder"


def test_the_lease_of_a_process_that_is_gone_is_taken_over_at_once(server: Callable[..., Leases]) -> None:
    assert server("dead").claim("x") is not None
    assert server("b", lambda owner: owner == "other").claim("x") is None
    assert server("b", lambda owner: owner == "dead").claim("x") is not None


def test_a_clock_that_jumps_back_lets_nobody_write_with_an_old_token(
    server: Callable[..., Leases], clock: FakeClock
) -> None:
    a, b = server("a"), server("b", lambda owner: owner == "a")
    old = a.claim("x")
    assert old is not None
    clock.advance(-3_600_000)
    new = b.claim("x")
    assert new is not None
    assert new.token > old.token
    with pytest.raises(LeaseLostError), a.applying(old):
        pass


def test_a_forgotten_resource_does_not_revive_old_tokens(server: Callable[..., Leases], clock: FakeClock) -> None:
    a, b = server("a"), server("b")
    old = a.claim("x")
    assert old is not None
    a.forget("x")
    clock.advance(1)
    assert b.claim("x") is not None
    with pytest.raises(LeaseLostError), a.applying(old):
        pass


def test_of_many_that_want_it_one_at_a_time_gets_it(database: Database) -> None:
    """Servers read a number, think, and write it back plus one: an interleaving would lose a step."""
    with database.write() as connection:
        results.create(connection, checkfirst=True)
        connection.execute(insert(results).values(id=0))
    done: list[int] = []

    def work(name: str) -> None:
        servers = Leases(database, SystemClock(), name)
        for _ in range(60):
            lease = servers.claim("counter")
            if lease is None:
                continue
            seen = _results(database)[0]
            with servers.applying(lease) as connection:
                connection.execute(update(results).values(id=seen + 1))
            done.append(seen)
            servers.release(lease)

    threads = [threading.Thread(target=work, args=(f"s{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _results(database) == [len(done)]
    assert sorted(done) == list(range(len(done)))
    assert len(done) > 4
