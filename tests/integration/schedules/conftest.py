from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lapisml.testing.clock import FakeClock
from tests.integration.schedules.server import Server, make_server

NewServer = Callable[..., Server]


@pytest.fixture
def clock() -> FakeClock:
    """A Monday, a quarter past nine."""
    return FakeClock(int(datetime(2026, 5, 4, 9, 15, tzinfo=UTC).timestamp() * 1000))


def _factory(url: str, home: Path, clock: FakeClock) -> Iterator[NewServer]:
    home.mkdir(exist_ok=True)
    made: list[Server] = []

    def make(owner: str = "one", **options: Any) -> Server:
        made.append(make_server(url, home, clock, owner, **options))
        return made[-1]

    yield make
    for server in made:
        server.database.close()


@pytest.fixture
def new_server(tmp_path: Path, clock: FakeClock, database_url: str) -> Iterator[NewServer]:
    """Makes servers over one database, on SQLite and on PostgreSQL."""
    yield from _factory(database_url, tmp_path / "home", clock)


@pytest.fixture
def both(new_server: NewServer) -> Server:
    """A server, on SQLite and on PostgreSQL."""
    return new_server()


@pytest.fixture
def server(tmp_path: Path, clock: FakeClock) -> Iterator[Server]:
    """A server on SQLite, for what does not depend on the database."""
    factory = _factory(f"sqlite:///{tmp_path / 'plain.db'}", tmp_path / "home", clock)
    yield next(factory)()
    next(factory, None)
