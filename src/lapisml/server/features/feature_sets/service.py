"""Feature sets and entities of a feature store: versions of documents that are kept and shown.

Nothing here computes a feature: to fill a store is refused, in words that say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.server.features.feature_sets import store
from lapisml.server.features.feature_sets.checks import FIXED, check, entity_of
from lapisml.server.features.feature_sets.store import FeatureKind, FeatureRecord
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

__all__ = ["FeatureContainer", "FeatureKind", "FeatureRecord", "FeatureSetService"]


@dataclass(frozen=True)
class FeatureContainer:
    """A name with its versions, the last made first; `shown` is the last that is not archived, or the last."""

    name: str
    versions: tuple[FeatureRecord, ...]

    @property
    def archived(self) -> bool:
        """Whether every version is."""
        return all(version.archived for version in self.versions)

    @property
    def shown(self) -> FeatureRecord:
        """The version that stands for the name."""
        return next((version for version in self.versions if not version.archived), self.versions[0])

    @property
    def next_version(self) -> str:
        """One more than the highest version that is a number."""
        numbers = [int(v.version) for v in self.versions if v.version.isdecimal() and len(v.version) < 10]
        return str(max(numbers, default=0) + 1)


class FeatureSetService:
    """Keeps, shows and archives them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(
        self,
        workspace: Workspace,
        kind: FeatureKind,
        name: str,
        version: str,
        document: Mapping[str, Any],
        by: str,
        *,
        archived: bool | None = None,
    ) -> tuple[FeatureRecord, bool]:
        """Create a version, or change what may change of it; say whether it is new.

        Args:
            archived: whether lists leave it out; None: the stage ``Archived`` says so.

        Raises:
            LapisError: Usage where the workspace is no feature store; DocumentInvalid, with a problem for every fault;
                ReferenceNotFound for an entity that is not there; Conflict when a version would mean something else.
        """
        if not workspace.document.get("feature_store_settings"):
            sentence = f"Workspace '{workspace.name}' is no feature store: it holds no {kind.value}s."
            raise LapisError(ErrorCode.USAGE, sentence, "Make a feature store: feature_stores.begin_create.")
        check(kind, name, version, document)
        hidden = document.get("stage") == "Archived" if archived is None else archived
        what = {"workspace_id": workspace.id, "kind": kind, "name": name, "version": version}
        try:
            with self._database.write() as connection:
                is_new = self._put(connection, workspace, what, {"document": dict(document), "archived": hidden}, by)
        except IntegrityError:  # another server created it at the same moment
            return self.put(workspace, kind, name, version, document, by, archived=archived)
        return self.get(workspace, kind, name, version), is_new

    def get(self, workspace: Workspace, kind: FeatureKind, name: str, version: str) -> FeatureRecord:
        """Return one version.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = store.get(connection, workspace.id, kind, name, version)
        if found is None:
            raise not_found(kind.value, f"{name}:{version}")
        return found

    def versions(self, workspace: Workspace, kind: FeatureKind, name: str) -> list[FeatureRecord]:
        """Return every version of a name, the last made first."""
        with self._database.read() as connection:
            return store.list_all(connection, workspace.id, kind, name)

    def containers(self, workspace: Workspace, kind: FeatureKind) -> list[FeatureContainer]:
        """Return every name with its versions, by name."""
        with self._database.read() as connection:
            found = store.list_all(connection, workspace.id, kind)
        names: dict[str, list[FeatureRecord]] = {}
        for record in found:
            names.setdefault(record.name, []).append(record)
        return [FeatureContainer(name, tuple(names[name])) for name in sorted(names)]

    def container(self, workspace: Workspace, kind: FeatureKind, name: str) -> FeatureContainer:
        """Return one name with its versions.

        Raises:
            LapisError: NotFound.
        """
        versions = self.versions(workspace, kind, name)
        if not versions:
            raise not_found(kind.value, name)
        return FeatureContainer(name, tuple(versions))

    def features(self, workspace: Workspace, name: str, version: str) -> list[dict[str, Any]]:
        """Return the features of a set, as the client that sent it read them from the specification.

        Returns:
            For each ``name``, ``data_type``, ``description``, ``tags``.

        Raises:
            LapisError: NotFound.
        """
        record = self.get(workspace, FeatureKind.SET, name, version)
        return _features(record.document.get("properties", {}).get("featuresetProperties"))

    def backfill(self, workspace: Workspace, name: str, version: str) -> None:
        """Refuse to fill a store.

        Raises:
            LapisError: NotFound; NotSupported.
        """
        self.get(workspace, FeatureKind.SET, name, version)
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            "Feature sets are kept and not materialized: running them is not delivered by this version.",
            "Compute the features in a job, and register what it puts out as data.",
        )

    def _put(
        self, connection: Connection, workspace: Workspace, what: dict[str, Any], given: dict[str, Any], by: str
    ) -> bool:
        now = self._clock.now_ms()
        found = store.get(connection, **what)
        if found is None:
            self._check_entities(connection, workspace, given["document"].get("entities", []))
            stamps = {"created_by": by, "created_at": now, "updated_at": now}
            store.add(connection, {**what, **given, **stamps})
            return True
        _check_change(found, given["document"])
        if {"document": found.document, "archived": found.archived} != given:
            store.change(connection, found.id, now, **given)
        return False

    @staticmethod
    def _check_entities(connection: Connection, workspace: Workspace, entities: list[str]) -> None:
        for reference in entities:
            if store.get(connection, workspace.id, FeatureKind.ENTITY, *entity_of(reference)) is None:
                sentence = f"'{reference}' is no entity of feature store '{workspace.name}'."
                raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence)


def _check_change(found: FeatureRecord, document: Mapping[str, Any]) -> None:
    changed = [key for key in FIXED[found.kind] if document.get(key) != found.document.get(key)]
    if changed:
        sentence = f"{', '.join(changed)} of {found.kind.value} '{found.name}:{found.version}' can't change."
        raise LapisError(ErrorCode.CONFLICT, sentence, "Make a new version.")


def _features(text: Any) -> list[dict[str, Any]]:
    """Read the features of what the SDK writes of a specification: JSON with keys in capitals; none of other text."""
    try:
        given = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return []
    features = given.get("features") if isinstance(given, dict) else None
    return [
        {
            "name": each["FeatureName"],
            "data_type": each.get("DataType"),
            "description": each.get("Description"),
            "tags": each.get("Tags") or {},
        }
        for each in (features if isinstance(features, list) else [])
        if isinstance(each, dict) and isinstance(each.get("FeatureName"), str)
    ]
