"""Registries as their users see them: created, described, deleted, and filled from workspaces.

The assets of a registry are kept by the assets feature in the registry's place; see `workspaces.registries`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.registry import parse
from lapisml.server.features.assets.records import Archived, AssetKind, ListQuery
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.workspaces.registries import BUILT_IN
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,32}\Z")
_UNCHANGEABLE = ("location",)


class RegistryService:
    """Creates, describes, changes and deletes registries."""

    def __init__(self, workspaces: WorkspaceService, assets: AssetService) -> None:
        self._registries = workspaces.registries
        self._assets = assets

    def get(self, name: str) -> Workspace:
        """Return a registry: the place of its assets, with its document.

        Raises:
            LapisError: NotFound.
        """
        return self._registries.get(name)

    def list(self) -> list[Workspace]:
        """Return every registry, by name."""
        return self._registries.list()

    def create_or_update(self, name: str, document: Mapping[str, Any], by: str) -> tuple[Workspace, bool]:
        """Create a registry, or replace the document of one; say whether it is new.

        Raises:
            LapisError: DocumentInvalid, with a problem for every fault; Conflict for a key that can't change.
        """
        _check_name(name, document)
        checked = {**parse("registry", {**document, "name": name}).to_dict(), "name": name}
        found = next((place for place in self.list() if place.registry == name), None)
        if found is not None:
            _check_change(found, checked)
        return self._registries.put(name, checked, by)

    def update(self, name: str, changes: Mapping[str, Any], by: str) -> Workspace:
        """Change some keys of a registry's document; None removes one.

        Raises:
            LapisError: NotFound; DocumentInvalid; Conflict for a key that can't change.
        """
        merged = {**self.get(name).document, **changes}
        document = {key: value for key, value in merged.items() if value is not None}
        return self.create_or_update(name, document, by)[0]

    def delete(self, name: str) -> None:
        """Delete a registry with everything in it.

        Raises:
            LapisError: NotFound; Conflict for the built-in one, or while a deployment uses something of it.
        """
        place = self.get(name)
        if name == BUILT_IN:
            raise LapisError(ErrorCode.CONFLICT, f"The registry '{name}' belongs to the server.")
        for kind in AssetKind:
            self._check_unused(place, kind)
        self._registries.delete(name)

    def _check_unused(self, place: Workspace, kind: AssetKind) -> None:
        token = None
        while True:
            page = self._assets.list(place, kind, ListQuery(archived=Archived.ALL, limit=1000, token=token))
            for record in page.value:
                for version in self._assets.containers.versions(place, kind, record.name):
                    self._assets.check_unused(place, version)
            if page.next is None:
                return
            token = page.next


def _check_name(name: str, document: Mapping[str, Any]) -> None:
    if not _NAME.match(name):
        expected = "2 to 33 letters, digits, `-`, `_`, beginning with a letter or digit"
        problem = Problem(f"'{name}' can't be the name of a registry", path="name", expected=expected)
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The registry is not valid.", problems=[problem])
    if document.get("name", name) != name:
        raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")


def _check_change(found: Workspace, document: Mapping[str, Any]) -> None:
    kept = found.document
    fixed = [key for key in _UNCHANGEABLE if key in kept and document.get(key, kept[key]) != kept[key]]
    if fixed:
        sentence = f"{', '.join(fixed)} of registry '{found.registry}' can't change once it exists."
        raise LapisError(ErrorCode.CONFLICT, sentence)
