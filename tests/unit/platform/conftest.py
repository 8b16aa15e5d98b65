from __future__ import annotations

from collections.abc import Iterator

import pytest

from lapisml.server.platform.database import Database, metadata
from lapisml.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with every table that is known by now."""
    made = Database(database_url)
    with made.write() as connection:
        metadata.create_all(connection)
    yield made
    made.close()
