"""Registries: places for assets that every workspace may use.

A registry is kept as a workspace is, in the same table and with folders and datastores of its own, under a name
that no workspace can have. So whatever keeps assets of workspaces keeps those of registries too, while nothing
that lists or looks up workspaces ever meets one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import not_found
from lapisml.server.features.workspaces import store
from lapisml.server.features.workspaces.store import REGISTRY_MARK, Workspace
from lapisml.server.platform.database import Database, metadata
from lapisml.server.platform.purge import purge
from lapisml.server.platform.trees import remove_tree

__all__ = ["BUILT_IN", "REGISTRY_MARK", "PlaceFinder", "Places", "Registries", "RegistryOf", "no_registry"]

BUILT_IN = "azureml"
"""The registry that every server has: curated environments are in it."""

_REMEMBER_MS = 2_000


@dataclass(frozen=True)
class _Known:
    place: Workspace
    until: int


RegistryOf = Callable[[str], Workspace]
"""Gives the place of a registry; raises NotFound for one that there is not."""


class PlaceFinder(Protocol):
    """Finds where assets are by name."""

    def get(self, name: str) -> Workspace:
        """Return the place; raises NotFound for one that there is not."""
        ...


class Places:
    """Workspaces and registries alike, a registry under its name with the mark in front.

    Args:
        workspace_of, registry_of: find the one and the other.
    """

    def __init__(self, workspace_of: RegistryOf, registry_of: RegistryOf) -> None:
        self._workspace_of = workspace_of
        self._registry_of = registry_of

    def get(self, name: str) -> Workspace:
        """Return a workspace or a registry.

        Raises:
            LapisError: NotFound.
        """
        if name.startswith(REGISTRY_MARK):
            return self._registry_of(name[len(REGISTRY_MARK) :])
        return self._workspace_of(name)


def no_registry(name: str) -> Workspace:
    """Know no registry."""
    raise not_found("registry", name)


class Registries:
    """The places of registries. What a registry is for its users is decided elsewhere.

    Args:
        folders: each holds a folder for each registry, which goes with it.
        furnish: furnishes a new place as a workspace is.
        clear: removes what is kept of a place elsewhere, before it goes.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        folders: Sequence[Path],
        furnish: Callable[[Workspace], None],
        clear: Callable[[Workspace], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._folders = folders
        self._furnish = furnish
        self._clear = clear
        self._known: dict[str, _Known] = {}

    def get(self, name: str) -> Workspace:
        """Return the place of a registry; remembered for two seconds.

        Raises:
            LapisError: NotFound.
        """
        known = self._known.get(name)
        if known is not None and self._clock.now_ms() < known.until:
            return known.place
        with self._database.read() as connection:
            found = store.get(connection, REGISTRY_MARK + name)
        if found is None:
            raise not_found("registry", name, f"Create it: lapis registry create -n {name}")
        self._known[name] = _Known(found, self._clock.now_ms() + _REMEMBER_MS)
        return found

    def list(self) -> list[Workspace]:
        """Return the place of every registry, by name."""
        with self._database.read() as connection:
            return store.list_all(connection, registries=True)

    def put(self, name: str, document: dict[str, Any], by: str) -> tuple[Workspace, bool]:
        """Write the document of a registry, whose place is made if need be; say whether it is new."""
        key = REGISTRY_MARK + name
        try:
            with self._database.write() as connection:
                found = store.get(connection, key)
                if found is None:
                    store.add(connection, key, document, by, self._clock.now_ms())
                elif document != found.document:
                    store.change(connection, found.id, document, by, self._clock.now_ms())
        except IntegrityError:  # another server created it at the same moment
            return self.put(name, document, by)
        self._known.pop(name, None)
        place = self.get(name)
        if found is None:
            self._furnish(place)
        return place, found is None

    def delete(self, name: str) -> None:
        """Delete a registry with everything in it.

        Raises:
            LapisError: NotFound.
        """
        place = self.get(name)
        self._clear(place)
        with self._database.write() as connection:
            purge(connection, metadata, place.id)
            store.remove(connection, place.id)
        self._known.pop(name, None)
        for folder in self._folders:
            remove_tree(folder / place.name)

    def ensure_built_in(self, by: str) -> None:
        """Make the registry of curated environments when it is not there."""
        with self._database.read() as connection:
            there = store.get(connection, REGISTRY_MARK + BUILT_IN) is not None
        if not there:
            self.put(BUILT_IN, {"name": BUILT_IN, "description": "Curated environments."}, by)
