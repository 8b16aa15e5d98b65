"""The services of assets and registries over a database and a folder of a test's own, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.registries.service import RegistryService
from lapisml.server.features.registries.sharing import Share, Sharing
from lapisml.server.features.workspaces.service import Workspace
from tests.support.assets import World, open_world


@dataclass
class Shelf:
    """A world with the registry ``shared``."""

    world: World
    registries: RegistryService
    sharing: Sharing
    place: Workspace

    def share(
        self, kind: AssetKind, reference: str, name: str | None = None, version: str | None = None
    ) -> AssetRecord:
        """Share a version of the world's workspace."""
        return self.sharing.share(Share(self.world.ws, kind, reference, self.place, name, version), "ann")


@contextmanager
def _shelf(home: Path, database_url: str) -> Iterator[Shelf]:
    with open_world(home, database_url) as world:
        registries = RegistryService(world.workspaces, world.assets)
        place, _ = registries.create_or_update("shared", {"name": "shared"}, "ann")
        yield Shelf(world, registries, Sharing(world.assets, world.datastores, world.storage), place)


@pytest.fixture
def shelf(tmp_path: Path, database_url: str) -> Iterator[Shelf]:
    """On SQLite and on PostgreSQL."""
    with _shelf(tmp_path / "home", database_url) as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Shelf]:
    """On SQLite only, for what does not depend on the database."""
    with _shelf(tmp_path / "home", f"sqlite:///{tmp_path / 'plain.db'}") as made:
        yield made
