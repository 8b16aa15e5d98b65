"""Workspaces of the server: several side by side, each with its own assets, jobs and MLflow root."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, Problem, not_found
from lapisml.core.ids import is_valid_name
from lapisml.documents.registry import parse
from lapisml.server.features.workspaces import store
from lapisml.server.features.workspaces.registries import Registries
from lapisml.server.features.workspaces.store import Workspace
from lapisml.server.platform.database import Database, metadata
from lapisml.server.platform.purge import count_owned, purge
from lapisml.server.platform.trees import finish_removals, remove_tree

__all__ = ["DEFAULT", "Workspace", "WorkspaceService"]

DEFAULT = "default"

Objection = Callable[[Workspace], str | None]
"""Gives the sentence why a workspace can't be deleted now, or None."""

_REMEMBER_MS = 2_000
_FURNITURE = frozenset({"datastores", "experiments"})
"""Tables that every workspace has rows in from its first moment: they don't make it full."""

_UNCHANGEABLE = ("name", "location", "resource_group", "hbi_workspace")


class WorkspaceService:
    """Creates, describes, changes and deletes workspaces.

    Args:
        folders: each holds one folder for each workspace, of its name, which goes with it.

    Attributes:
        registries: the places of registries, which are kept beside the workspaces.
    """

    def __init__(self, database: Database, clock: Clock, *folders: Path) -> None:
        self._database = database
        self._clock = clock
        self._folders = folders
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Workspace, int]] = {}
        self._objections: list[Objection] = []
        self._welcomes: list[Callable[[Workspace], None]] = []
        self._farewells: list[Callable[[Workspace], None]] = []
        self.registries = Registries(database, clock, folders, self._furnish, self._clear)

    def object_to_deletion(self, objection: Objection) -> None:
        """Let a later feature forbid the deletion of a workspace (while its jobs run, say)."""
        self._objections.append(objection)

    def welcome(self, furnish: Callable[[Workspace], None]) -> None:
        """Let a later feature furnish each new workspace; the call must bear repetition."""
        self._welcomes.append(furnish)

    def bid_farewell(self, clear: Callable[[Workspace], None]) -> None:
        """Let a later feature remove what it keeps elsewhere before a workspace goes; the call must bear repetition."""
        self._farewells.append(clear)

    def get(self, name: str) -> Workspace:
        """Return a workspace; remembered for two seconds.

        Raises:
            LapisError: NotFound.
        """
        known = self._known.get(name)
        if known is not None and self._clock.now_ms() < known[1]:
            return known[0]
        with self._database.read() as connection:
            found = store.get(connection, name)
        if found is None or found.registry is not None:
            raise not_found("workspace", name, f"Create it: lapis workspace create -n {name}")
        self._known[name] = (found, self._clock.now_ms() + _REMEMBER_MS)
        return found

    def by_id(self, workspace_id: int) -> Workspace:
        """Return a workspace by the number of its row.

        Raises:
            LapisError: NotFound.
        """
        known = next((w for w, _ in list(self._known.values()) if w.id == workspace_id), None)
        if known is not None:
            return self.get(known.name)
        with self._database.read() as connection:
            found = store.get_by_id(connection, workspace_id)
        if found is None:
            raise not_found("workspace", f"number {workspace_id}")
        return self.get(found.name)

    def list(self) -> list[Workspace]:
        """Return every workspace, by name."""
        with self._database.read() as connection:
            return store.list_all(connection)

    def default_name(self) -> str:
        """Name the workspace that a person sees first: ``default``, or else the first by name."""
        names = [workspace.name for workspace in self.list()]
        return DEFAULT if DEFAULT in names or not names else names[0]

    def ensure_default(self, by: str) -> Workspace:
        """Make the workspace ``default`` when there is none at all, and furnish whatever there is."""
        if not self.list():
            self.create_or_update(DEFAULT, {"name": DEFAULT}, by)
        for folder in self._folders:
            finish_removals(folder)
        self.registries.ensure_built_in(by)
        for workspace in [*self.list(), *self.registries.list()]:
            self._furnish(workspace)
        return self.list()[0]

    def create_or_update(self, name: str, document: dict[str, Any], by: str) -> tuple[Workspace, bool]:
        """Create a workspace, or replace the document of one; say whether it is new.

        Raises:
            LapisError: DocumentInvalid, with a problem for every fault; Conflict when a key would change that can't.
        """
        _check_name(name, document)
        document = {**parse("workspace", {**document, "name": name}).to_dict(), "name": name}
        try:
            with self._database.write() as connection:
                found = store.get(connection, name)
                if found is None:
                    store.add(connection, name, document, by, self._clock.now_ms())
                elif document != found.document:
                    _check_change(found, document)
                    store.change(connection, found.id, document, by, self._clock.now_ms())
        except IntegrityError:  # another server created it at the same moment
            return self.create_or_update(name, document, by)
        self._forget(name)
        workspace = self.get(name)
        if found is None:
            self._furnish(workspace)
        return workspace, found is None

    def update(self, name: str, changes: dict[str, Any], by: str) -> Workspace:
        """Change some keys of the document; None removes one.

        Raises:
            LapisError: NotFound; Conflict when a key would change that can't.
        """
        merged = {**self.get(name).document, **changes}
        document = {key: value for key, value in merged.items() if value is not None}
        return self.create_or_update(name, document, by)[0]

    def delete(self, name: str, force: bool = False) -> None:
        """Delete a workspace with everything in it.

        Args:
            force: delete it although it holds assets, runs or jobs.

        Raises:
            LapisError: NotFound; Conflict when it holds something, or when something in it runs; StorageUnreachable
                when its files can't be removed now.
        """
        workspace = self.get(name)
        for objection in self._objections:
            sentence = objection(workspace)
            if sentence is not None:
                raise LapisError(ErrorCode.CONFLICT, sentence)
        if not force:
            with self._database.read() as connection:
                self._check_empty(workspace, count_owned(connection, metadata, workspace.id))
        self._clear(workspace)
        with self._database.write() as connection:
            if not force:
                self._check_empty(workspace, count_owned(connection, metadata, workspace.id))
            purge(connection, metadata, workspace.id)
            store.remove(connection, workspace.id)
        self._forget(name)
        for folder in self._folders:
            remove_tree(folder / name)

    @staticmethod
    def _check_empty(workspace: Workspace, counts: dict[str, int]) -> None:
        counts = {**counts, "connections": max(0, counts.get("connections", 0) - _own_connections(workspace))}
        held = [f"{count} {table}" for table, count in counts.items() if count and table not in _FURNITURE]
        if held:
            raise LapisError(
                ErrorCode.CONFLICT,
                f"Workspace '{workspace.name}' is not empty: it holds {', '.join(held)}.",
                "Say that all of it may go: lapis workspace delete -n "
                f"{workspace.name} --all-resources --permanently-delete",
            )

    def _furnish(self, workspace: Workspace) -> None:
        for furnish in self._welcomes:
            try:
                furnish(workspace)
            except IntegrityError:  # another server furnished it at the same moment
                furnish(workspace)

    def _clear(self, workspace: Workspace) -> None:
        for clear in self._farewells:
            clear(workspace)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)


def _own_connections(workspace: Workspace) -> int:
    """Count the connections that a feature store has from its first moment, which its settings name."""
    settings = workspace.document.get("feature_store_settings") or {}
    return sum(1 for key, name in settings.items() if key.endswith("_connection_name") and name)


def _check_name(name: str, document: dict[str, Any]) -> None:
    if not is_valid_name(name):
        expected = "1 to 255 letters, digits, `_`, `-`, `.`, beginning with a letter or digit"
        problem = Problem(f"'{name}' can't be the name of a workspace", path="name", expected=expected)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The workspace is not valid.", problems=[problem])
    if document.get("name", name) != name:
        raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")


def _check_change(found: Workspace, document: dict[str, Any]) -> None:
    fixed = [
        k for k in _UNCHANGEABLE if k in found.document and document.get(k, found.document[k]) != found.document[k]
    ]
    if fixed:
        sentence = f"{', '.join(fixed)} of workspace '{found.name}' can't change once it exists."
        raise LapisError(ErrorCode.CONFLICT, sentence)
    if bool(document.get("feature_store_settings")) != bool(found.document.get("feature_store_settings")):
        sentence = (
            f"'{found.name}' exists: a workspace does not become a feature store, nor a feature store a workspace."
        )
        raise LapisError(ErrorCode.CONFLICT, sentence)
