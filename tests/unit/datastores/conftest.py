from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.assets import World, open_world


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """On SQLite and on PostgreSQL."""
    with open_world(tmp_path / "home", database_url) as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[World]:
    """On SQLite only, for what does not depend on the database."""
    with open_world(tmp_path / "home", f"sqlite:///{tmp_path / 'plain.db'}") as made:
        yield made
