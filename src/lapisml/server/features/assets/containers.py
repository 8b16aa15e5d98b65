"""Names and what points at their versions: containers, labels (for models: aliases), stages, search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, Problem, not_found
from lapisml.core.ids import is_valid_name
from lapisml.server.features.assets import contents, naming, search, store
from lapisml.server.features.assets.naming import NamePage, NameQuery, NameRecord
from lapisml.server.features.assets.records import (
    Archived,
    AssetKind,
    AssetRecord,
    ContainerRecord,
    ListQuery,
    Page,
    SearchClause,
)
from lapisml.server.features.assets.search import Order
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database


class Containers:
    """Creates, describes and changes names. Every method takes workspace and kind first."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(
        self, workspace: Workspace, kind: AssetKind, name: str, by: str, description: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> ContainerRecord:  # fmt: skip
        """Create a name without versions.

        Raises:
            LapisError: AlreadyExists; DocumentInvalid for a bad name.
        """
        contents.checked_name({"name": name}, kind.singular)
        now = self._clock.now_ms()
        with self._database.write() as connection:
            row, is_new = store.ensure_container(connection, workspace.id, kind, name, by, now)
            if not is_new:
                raise _taken(kind, name)
            store.change_container(connection, row.id, now, description=description)
            for key, value in (tags or {}).items():
                store.set_container_tag(connection, row.id, key, value)
        return self.get(workspace, kind, name)

    def get(self, workspace: Workspace, kind: AssetKind, name: str) -> ContainerRecord:
        """Return a name with its labels, tags and newest version.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            row = store.container(connection, workspace.id, kind, name)
            if row is None:
                raise not_found(kind.singular, name, f"List them: lapis {kind.singular} list")
            return store.container_records(connection, [row])[0]

    def page(self, workspace: Workspace, kind: AssetKind, query: ListQuery) -> Page[ContainerRecord]:
        """List names; one whose versions are all archived counts as archived. `query.name` and tags are not used."""
        with self._database.read() as connection:
            found = store.container_page(connection, workspace.id, kind, query)
        if len(found) <= query.limit:
            return Page(found)
        return Page(found[: query.limit], found[query.limit - 1].name)

    def named(self, workspace: Workspace, kind: AssetKind, name: str) -> NameRecord:
        """Return a name with its newest version, how many it has, and their stages.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = naming.one(connection, workspace.id, kind, name)
        if found is None:
            raise not_found(kind.singular, name, f"List them: lapis {kind.singular} list")
        return found

    def names(self, workspace: Workspace, kind: AssetKind, query: NameQuery) -> NamePage:
        """Find names by a text, with what a list shows of each.

        Raises:
            LapisError: Usage for an unknown order or a token of another list.
        """
        with self._database.read() as connection:
            return naming.page(connection, workspace.id, kind, query)

    def describe(self, workspace: Workspace, kind: AssetKind, name: str, description: str | None) -> ContainerRecord:
        """Set the description of a name.

        Raises:
            LapisError: NotFound.
        """
        found = self.get(workspace, kind, name)
        with self._database.write() as connection:
            store.change_container(connection, found.id, self._clock.now_ms(), description=description)
        return self.get(workspace, kind, name)

    def rename(self, workspace: Workspace, kind: AssetKind, name: str, new: str) -> ContainerRecord:
        """Give a name and all its versions another name.

        Raises:
            LapisError: NotFound; AlreadyExists; DocumentInvalid for a bad name.
        """
        contents.checked_name({"name": new}, kind.singular)
        found = self.get(workspace, kind, name)
        try:
            with self._database.write() as connection:
                store.change_container(connection, found.id, self._clock.now_ms(), name=new)
        except IntegrityError as error:
            raise _taken(kind, new) from error
        return self.get(workspace, kind, new)

    def set_tag(self, workspace: Workspace, kind: AssetKind, name: str, key: str, value: str | None) -> None:
        """Set a tag of a name; None removes it.

        Raises:
            LapisError: NotFound.
        """
        found = self.get(workspace, kind, name)
        with self._database.write() as connection:
            store.set_container_tag(connection, found.id, key, value)
            store.change_container(connection, found.id, self._clock.now_ms())

    def set_label(self, workspace: Workspace, kind: AssetKind, name: str, label: str, version: str | None) -> None:
        """Point a label (for models: an alias) at a version; None removes it, once or again.

        Raises:
            LapisError: NotFound; DocumentInvalid for a label that can't be one.
        """
        _check_label(label)
        found = self.get(workspace, kind, name)
        with self._database.write() as connection:
            store.container(connection, workspace.id, kind, name, lock=True)
            if version is not None and store.version(connection, workspace.id, kind, name, version) is None:
                raise not_found(kind.singular, f"{name}:{version}")
            store.set_label(connection, found.id, label, version)
            store.change_container(connection, found.id, self._clock.now_ms())

    def set_stage(
        self, workspace: Workspace, name: str, version: str, stage: str | None, *, archive_others: bool = False
    ) -> None:
        """Put a version of a model into a stage.

        Args:
            archive_others: move the other versions that are in this stage to the stage ``Archived``.

        Raises:
            LapisError: NotFound.
        """
        kind, now = AssetKind.MODELS, self._clock.now_ms()
        with self._database.write() as connection:
            store.container(connection, workspace.id, kind, name, lock=True)
            found = store.version(connection, workspace.id, kind, name, version)
            if found is None:
                raise not_found("model", f"{name}:{version}")
            others = store.in_stage(connection, workspace.id, name, stage) if archive_others and stage else []
            for other in [other for other in others if other.id != found.id]:
                _move(connection, other, "Archived", now)
            _move(connection, found, stage, now)

    def by_stage(self, workspace: Workspace, name: str, stage: str) -> AssetRecord | None:
        """Return a model's newest version in a stage (compared without regard to letter case), or None."""
        with self._database.read() as connection:
            found = store.in_stage(connection, workspace.id, name, stage)
        return found[0] if found else None

    def versions(self, workspace: Workspace, kind: AssetKind, name: str) -> list[AssetRecord]:
        """Return every version of a name, newest first, archived ones too.

        Raises:
            LapisError: NotFound for a name that does not exist.
        """
        self.get(workspace, kind, name)
        with self._database.read() as connection:
            query = ListQuery(name=name, archived=Archived.ALL, limit=1_000_000)
            return store.page(connection, workspace.id, kind, query)

    def search(
        self, workspace: Workspace, kind: AssetKind, clauses: Sequence[SearchClause], order: Order = (),
        limit: int = 100, token: str | None = None,
    ) -> Page[ContainerRecord]:  # fmt: skip
        """Find names that are not archived; ordered as asked, then by name.

        Args:
            order: (``name | created_at | updated_at``, descending) pairs.

        Raises:
            LapisError: Usage for an unknown field or comparison.
        """
        with self._database.read() as connection:
            return search.containers(connection, workspace.id, kind, clauses, order, limit, token)

    def search_versions(
        self, workspace: Workspace, kind: AssetKind, clauses: Sequence[SearchClause], order: Order = (),
        limit: int = 100, token: str | None = None,
    ) -> Page[AssetRecord]:  # fmt: skip
        """Find versions that are not archived; ordered as asked, then by name and newest first.

        Args:
            order: (``name | number | version | created_at | updated_at | stage``, descending) pairs.

        Raises:
            LapisError: Usage for an unknown field or comparison.
        """
        with self._database.read() as connection:
            return search.versions(connection, workspace.id, kind, clauses, order, limit, token)


def _move(connection: Any, record: AssetRecord, stage: str | None, now: int) -> None:
    document = {k: v for k, v in record.document.items() if k not in ("name", "version", "stage")}
    kept = {**document, "stage": stage} if stage else document
    store.change_version(connection, record.id, now, document=kept, stage=stage)


def _check_label(label: str) -> None:
    if not is_valid_name(label) or label.lower() == "latest":
        problem = Problem(f"'{label}' can't be a label", path="label", expected="a name other than `latest`")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The label is not valid.", problems=[problem])


def _taken(kind: AssetKind, name: str) -> LapisError:
    return LapisError(ErrorCode.ALREADY_EXISTS, f"A {kind.singular} named '{name}' exists already.")
