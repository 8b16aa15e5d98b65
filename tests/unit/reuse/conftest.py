from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.assets import open_world
from tests.unit.reuse.steps import Steps, make_steps


@pytest.fixture
def steps(tmp_path: Path, database_url: str) -> Iterator[Steps]:
    """On SQLite and on PostgreSQL."""
    with open_world(tmp_path / "home", database_url) as world:
        yield make_steps(world)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Steps]:
    """On SQLite only, for what does not depend on the database."""
    with open_world(tmp_path / "home", f"sqlite:///{tmp_path / 'plain.db'}", allow_private=True) as world:
        yield make_steps(world)
