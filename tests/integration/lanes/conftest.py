"""A database and a clock for the lanes of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.server.platform.database import Database, metadata
from lapisml.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database with all tables."""
    made = Database(f"sqlite:///{tmp_path / 'lapis.db'}")
    with made.write() as connection:
        metadata.create_all(connection)
    yield made
    made.close()
