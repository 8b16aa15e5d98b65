"""Assets of a workspace: data, models, environments and components, with versions and labels.

A *container* is a name with its versions; a registered model is a container of kind models. Versions are
numbered by the container's row, which is locked while one is made: creators at the same moment get different
numbers. What makes a version never changes; description, tags, properties and stage do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, Problem, not_found
from lapisml.ports.storage import Storage
from lapisml.server.features.assets import contents, parts, store
from lapisml.server.features.assets.containers import Containers
from lapisml.server.features.assets.intake import Intake, Taken
from lapisml.server.features.assets.names import OutputTable
from lapisml.server.features.assets.records import AssetKind, AssetRecord, ListQuery, Page
from lapisml.server.features.assets.resolution import Resolution
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.workspaces.registries import BUILT_IN, RegistryOf, no_registry
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_REUSED = (AssetKind.ENVIRONMENTS, AssetKind.COMPONENTS)
"""Kinds of which a create without a version answers with an equal newest one."""

UsageCheck = Callable[[Workspace, AssetRecord], str | None]
"""Gives the sentence why a version can't be deleted now, or None."""


class EnvironmentCatalogue(Protocol):
    """Curated environments: those that exist without being created."""

    def lookup(self, name: str, version: str | None = None) -> dict[str, Any] | None:
        """Return the document of a curated environment, None when there is none; no version: the latest."""
        ...

    def listed(self) -> list[str]:
        """Return the names that a list shows, each content once, sorted."""
        ...


class AssetService(Resolution):
    """Creates, finds, changes and removes versions; `Resolution` holds what follows references.

    Args:
        storage: where content lies.
        catalogue: curated environments.
        registry_of: finds the registry that a reference names.

    Attributes:
        containers: names, labels and stages, and the search of the registry.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        datastores: DatastoreService,
        storage: Storage,
        catalogue: EnvironmentCatalogue,
        registry_of: RegistryOf = no_registry,
    ) -> None:
        super().__init__(self, OutputTable(database), datastores, storage, registry_of)
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._intake = Intake(datastores, storage, self.resolve_uri)
        self._usage_checks: list[UsageCheck] = []
        self.containers = Containers(database, clock)

    def object_to_deletion(self, check: UsageCheck) -> None:
        """Let a later feature forbid the deletion of versions that it uses."""
        self._usage_checks.append(check)

    def create(
        self,
        workspace: Workspace,
        kind: AssetKind,
        document: Mapping[str, Any],
        by: str,
        *,
        job_name: str | None = None,
        must_exist: bool = True,
    ) -> AssetRecord:
        """Create a version, or answer with the one that is equal.

        Without a version the next number is taken; environments and components equal to their newest version
        answer with that one. With a version that exists: equal content answers with it (changeable keys that
        are given are applied), other content is a conflict.

        Args:
            document: CLI v2 keys.
            job_name: the job or run that makes it; a model's is found by its path when it is not given.
            must_exist: False accepts a model whose files are not there.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, Conflict, StorageUnreachable, StorageFull.
        """
        name = contents.checked_name(document, kind.singular)
        version = contents.checked_version(document, kind.singular)
        same = self._equal(workspace, kind, name, version, document)
        if same is not None:
            return self._apply(workspace, same, contents.changes_in(document, same.document))
        given = {"name": name, **contents.cleaned(document)}
        if kind is AssetKind.COMPONENTS:
            given = self._with_parts(workspace, given)
        taken = self._intake.take(workspace, kind, given, must_exist)
        try:
            kept = self._intake.settle(taken)
            made = self._write(workspace, kind, (name, version), document, kept, taken, by, job_name)
        except BaseException:
            self._intake.undo(taken)
            raise
        if not made.is_new:
            self._intake.undo(taken)
        return made

    def get(self, workspace: Workspace, kind: AssetKind, name: str, version: str) -> AssetRecord:
        """Return a version, archived or not.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = store.version(connection, workspace.id, kind, name, version)
        if found is None and kind is AssetKind.ENVIRONMENTS:
            found = self._curated(workspace, name, version)
        if found is None:
            raise not_found(kind.singular, f"{name}:{version}", _list_hint(kind, name))
        return found

    def latest(self, workspace: Workspace, kind: AssetKind, name: str) -> AssetRecord:
        """Return the version made last among those that are not archived.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = store.newest(connection, workspace.id, kind, name)
        if found is None and kind is AssetKind.ENVIRONMENTS:
            found = self._curated(workspace, name, None)
        if found is None:
            raise not_found(kind.singular, name, f"List them: lapis {kind.singular} list")
        return found

    def by_label(self, workspace: Workspace, kind: AssetKind, name: str, label: str) -> AssetRecord:
        """Return the version that a label (for models: an alias) points at; ``latest`` always exists.

        Raises:
            LapisError: NotFound.
        """
        if label.lower() == "latest":
            return self.latest(workspace, kind, name)
        container = self.containers.get(workspace, kind, name)
        if label not in container.labels:
            labels = ", ".join(sorted({"latest", *container.labels}))
            raise not_found(f"label of {kind.singular} '{name}'", label, f"It has: {labels}.")
        return self.get(workspace, kind, name, container.labels[label])

    def list(self, workspace: Workspace, kind: AssetKind, query: ListQuery) -> Page[AssetRecord]:
        """List the newest version of each name, or every version of the name in `query`, newest first."""
        if query.name is not None and query.token is not None and not query.token.isdigit():
            raise LapisError(ErrorCode.USAGE, "The page token is not one that this list gave.")
        with self._database.read() as connection:
            found = store.page(connection, workspace.id, kind, query)
        if len(found) <= query.limit:
            return Page(found)
        last = found[query.limit - 1]
        return Page(found[: query.limit], last.name if query.name is None else str(last.id))

    def curated(self, workspace: Workspace) -> Sequence[AssetRecord]:
        """Return the curated environments, by name."""
        found = (self._curated(workspace, name, None) for name in self._catalogue.listed())
        return [record for record in found if record is not None]

    def by_stage(self, workspace: Workspace, name: str, stage: str) -> AssetRecord | None:
        """Return a model's newest version in a stage, or None."""
        return self.containers.by_stage(workspace, name, stage)

    def made_by(self, workspace: Workspace, kind: AssetKind, job_name: str) -> Sequence[AssetRecord]:
        """Return the versions of a kind that a job or run made, in the order in which they were made."""
        with self._database.read() as connection:
            return store.made_by(connection, workspace.id, kind, job_name)

    def update(
        self, workspace: Workspace, kind: AssetKind, name: str, version: str, changes: Mapping[str, Any]
    ) -> AssetRecord:
        """Change description, display name, tags, properties or stage; None removes a key.

        Raises:
            LapisError: NotFound; NotSupported for a key that can't change.
        """
        return self._apply(workspace, self.get(workspace, kind, name, version), changes)

    def change_tags(
        self, workspace: Workspace, kind: AssetKind, name: str, version: str, changes: Mapping[str, str | None]
    ) -> AssetRecord:
        """Set tags of a version, or take them away (None); those that are not named stay, whoever else changes them.

        Raises:
            LapisError: NotFound; NotSupported for a curated environment.
        """
        self._kept(workspace, kind, name, version)
        with self._database.write() as connection:
            store.container(connection, workspace.id, kind, name, lock=True)
            found = store.version(connection, workspace.id, kind, name, version)
            if found is None:
                raise not_found(kind.singular, f"{name}:{version}", _list_hint(kind, name))
            document = _without_key(contents.with_tags(found.document, changes))
            store.change_version(connection, found.id, self._clock.now_ms(), document=document)
        return self.get(workspace, kind, name, version)

    def archive(
        self, workspace: Workspace, kind: AssetKind, name: str, version: str | None = None, archived: bool = True
    ) -> None:
        """Hide a version, or without one the whole container, from lists and from ``latest``.

        Raises:
            LapisError: NotFound.
        """
        now = self._clock.now_ms()
        if version is None:
            container = self.containers.get(workspace, kind, name)
            with self._database.write() as connection:
                store.change_container(connection, container.id, now, archived=archived)
            return
        record = self._kept(workspace, kind, name, version)
        with self._database.write() as connection:
            store.change_version(connection, record.id, now, archived=archived)

    def restore(self, workspace: Workspace, kind: AssetKind, name: str, version: str | None = None) -> None:
        """Undo `archive`."""
        self.archive(workspace, kind, name, version, archived=False)

    def delete_version(self, workspace: Workspace, kind: AssetKind, name: str, version: str) -> None:
        """Delete a version that nothing uses, with the labels that point at it and the copy of its files.

        Raises:
            LapisError: NotFound; Conflict while it is in use.
        """
        record = self._kept(workspace, kind, name, version)
        self.check_unused(workspace, record)
        container = self.containers.get(workspace, kind, name)
        with self._database.write() as connection:
            store.remove_version(connection, container.id, record.id, version)
        self._intake.remove_copy(workspace, record.document)

    def delete_container(self, workspace: Workspace, kind: AssetKind, name: str) -> None:
        """Delete a name with all its versions, none of which is in use.

        Raises:
            LapisError: NotFound; Conflict while one of them is in use.
        """
        container = self.containers.get(workspace, kind, name)
        versions = self.containers.versions(workspace, kind, name)
        for record in versions:
            self.check_unused(workspace, record)
        with self._database.write() as connection:
            store.remove_container(connection, container.id)
        for record in versions:
            self._intake.remove_copy(workspace, record.document)

    def _equal(
        self, workspace: Workspace, kind: AssetKind, name: str, version: str | None, document: Mapping[str, Any]
    ) -> AssetRecord | None:
        """Return the version that a create would repeat, None when it would make a new one."""
        with self._database.read() as connection:
            if version is not None:
                found = store.version(connection, workspace.id, kind, name, version)
                return _checked_same(found, document) if found is not None else None
            if kind not in _REUSED:
                return None
            found = store.newest(connection, workspace.id, kind, name)
        return found if found is not None and _same(found, document) else None

    def _write(
        self,
        workspace: Workspace,
        kind: AssetKind,
        key: tuple[str, str | None],
        document: Mapping[str, Any],
        kept: dict[str, Any],
        taken: Taken,
        by: str,
        job_name: str | None,
    ) -> AssetRecord:
        name, version = key
        now = self._clock.now_ms()
        with self._database.write() as connection:
            container, _ = store.ensure_container(connection, workspace.id, kind, name, by, now)
            if container.archived:
                hint = f"Restore it first: lapis {kind.singular} restore -n {name}"
                raise LapisError(ErrorCode.CONFLICT, f"The {kind.singular} '{name}' is archived.", hint)
            number = version or str(container.next_version)
            found = store.version(connection, workspace.id, kind, name, number)
            if found is not None:
                return _checked_same(found, document)
            last = store.newest(connection, workspace.id, kind, name) if version is None and kind in _REUSED else None
            if last is not None and _same(last, document):
                return replace(last, is_new=False)
            following = contents.next_number(number, container.next_version)
            store.change_container(connection, container.id, now, next_version=following)
            row = {
                "container_id": container.id, "version": number, "document": _without_key(kept),
                "content_hash": contents.content_hash(document), "source": taken.source,
                "job_name": job_name or taken.job_name, "stage": kept.get("stage"), "archived": False,
                "created_by": by, "created_at": now, "updated_at": now,
            }  # fmt: skip
            store.add_version(connection, row)
            made = store.version(connection, workspace.id, kind, name, number)
        assert made is not None
        return made

    def _apply(self, workspace: Workspace, record: AssetRecord, changes: Mapping[str, Any]) -> AssetRecord:
        """Write changes to a version; return it as it then is."""
        document = contents.merged(record.document, changes)
        if document == record.document:
            return replace(record, is_new=False)
        self._refuse_curated(record)
        with self._database.write() as connection:
            kept, now = _without_key(document), self._clock.now_ms()
            store.change_version(connection, record.id, now, document=kept, stage=document.get("stage"))
        return replace(self.get(workspace, record.kind, record.name, record.version), is_new=False)

    def _with_parts(self, workspace: Workspace, component: dict[str, Any]) -> dict[str, Any]:
        """Check that the code and the environment of a component are there; a registry's are fixed to a version."""
        problems = []
        code, environment = component.get("code"), component.get("environment")
        if isinstance(code, str) and not self.has_snapshot(workspace, code.rpartition("/")[2]):
            problems.append(Problem(f"'{code}' is not a code snapshot of this workspace", path="code"))
        if isinstance(environment, str):
            try:
                self.resolve(workspace, AssetKind.ENVIRONMENTS, environment)
            except LapisError as error:
                problems.append(Problem(error.message.rstrip("."), path="environment"))
        if problems:
            message = "The component refers to what is not there."
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, message, problems=problems)
        if workspace.registry is None:
            return component
        return parts.with_references(component, lambda kind, text: self._from_everywhere(workspace, kind, text))

    def _from_everywhere(self, workspace: Workspace, kind: AssetKind, text: str) -> str:
        """Write a reference in a registry's document so that it means the same in every workspace."""
        record = self.resolve(workspace, kind, text)
        return replace(record, registry=record.registry or workspace.registry).reference

    def _curated(self, workspace: Workspace, name: str, version: str | None) -> AssetRecord | None:
        """Find a curated environment; every workspace has them, and of the registries the built-in one."""
        if workspace.registry not in (None, BUILT_IN):
            return None
        document = self._catalogue.lookup(name, version)
        if document is None:
            return None
        shown = {k: v for k, v in document.items() if k != "$schema"}
        found = str(document["version"])
        return AssetRecord(
            0, AssetKind.ENVIRONMENTS, name, found, shown, "", None, None, None, False, "azureml", 0, 0
        )  # fmt: skip

    def _kept(self, workspace: Workspace, kind: AssetKind, name: str, version: str) -> AssetRecord:
        record = self.get(workspace, kind, name, version)
        self._refuse_curated(record)
        return record

    @staticmethod
    def _refuse_curated(record: AssetRecord) -> None:
        if record.id == 0:
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"'{record.name}' is a curated environment; it can't change.")

    def check_unused(self, workspace: Workspace, record: AssetRecord) -> None:
        """Refuse what a deployment uses.

        Raises:
            LapisError: Conflict.
        """
        record = replace(record, registry=workspace.registry)
        for check in self._usage_checks:
            sentence = check(workspace, record)
            if sentence is not None:
                raise LapisError(ErrorCode.CONFLICT, sentence)


def _same(found: AssetRecord, document: Mapping[str, Any]) -> bool:
    """Say whether a document, as first given or as the record shows it, is that version's."""
    return contents.content_hash(document) in (found.content_hash, contents.content_hash(found.document))


def _checked_same(found: AssetRecord, document: Mapping[str, Any]) -> AssetRecord:
    if not _same(found, document):
        noun = found.kind.singular
        sentence = f"The {noun} '{found.name}:{found.version}' exists with other content."
        hint = f"Leave the version out to get the next number, or name another; see lapis {noun} list -n {found.name}."
        raise LapisError(ErrorCode.CONFLICT, sentence, hint)
    return replace(found, is_new=False)


def _without_key(document: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in document.items() if k not in ("name", "version")}


def _list_hint(kind: AssetKind, name: str) -> str:
    return f"List its versions: lapis {kind.singular} list -n {name}"
