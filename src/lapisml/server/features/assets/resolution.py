"""From references to versions and to the places where content lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import AssetRef, CodeRef, JobOutputUri, ModelsUri, PlainUri, Reference, RunUri, parse
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets import names, parts
from lapisml.server.features.assets.names import Finder, OutputTable
from lapisml.server.features.assets.records import AssetKind, AssetRecord, JobOutput
from lapisml.server.features.assets.shelf import CodeShelf
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.workspaces.registries import RegistryOf, no_registry
from lapisml.server.features.workspaces.service import Workspace


class Resolution:
    """Resolves references in a workspace.

    Args:
        finder: finds versions.
        storage: where content lies.
        registry_of: finds the registry that a reference names.

    Attributes:
        shelf: the snapshots of code.
    """

    def __init__(
        self,
        finder: Finder,
        outputs: OutputTable,
        datastores: DatastoreService,
        storage: Storage,
        registry_of: RegistryOf = no_registry,
    ) -> None:
        self._finder = finder
        self._registry_of = registry_of
        self._outputs = outputs
        self._datastores = datastores
        self.shelf = CodeShelf(datastores.files, storage)

    def resolve(self, workspace: Workspace, kind: AssetKind, ref: str) -> AssetRecord:
        """Return the version that a reference names: ``azureml:n:v``, ``azureml:n@label``, ``n:v``, long forms.

        Code of a registry's component is brought into the workspace, where jobs take their code from.

        Raises:
            LapisError: ReferenceNotFound.
        """
        return self._found(workspace, kind, parse(ref, kind.singular), ref)

    def resolve_uri(self, workspace: Workspace, uri: str, kind: AssetKind = AssetKind.DATA) -> str:
        """Return where any reference to content leads: a datastore URI or a plain one.

        Args:
            uri: an asset (``azureml:n:v``, ``models:/n/1``), an output of a job, a run's artifact, a datastore
                URI, or a plain URI.
            kind: kind of asset that a short form means; without one of that kind a model or data of that name
                is taken.

        Raises:
            LapisError: ReferenceNotFound.
        """
        reference = parse(uri)
        if isinstance(reference, JobOutputUri | RunUri):
            return self._outputs.uri(workspace, reference)
        if isinstance(reference, CodeRef):
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"'{uri}' is a code snapshot; it can't be read as data.")
        if not isinstance(reference, AssetRef | ModelsUri):
            return uri
        record = self._content_of(workspace, reference, kind, uri)
        if record.uri is None:
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"'{uri}' has no content to read.")
        return names.below(record.uri, reference.path if isinstance(reference, ModelsUri) else "")

    def settled(self, workspace: Workspace, uri: str, kind: AssetKind = AssetKind.DATA) -> str:
        """Write a reference to content so that it means the same for ever: what a label or a stage points at now.

        Raises:
            LapisError: as `resolve_uri`.
        """
        self.resolve_uri(workspace, uri, kind)
        reference = parse(uri)
        if isinstance(reference, AssetRef) and reference.label is not None:
            return self._content_of(workspace, reference, kind, uri).reference
        if isinstance(reference, ModelsUri) and not (reference.version or "").isdigit():
            found = names.find(self._finder, workspace, AssetKind.MODELS, reference, uri)
            return str(replace(reference, alias=None, version=found.version))
        return uri

    def location(self, workspace: Workspace, uri: str, kind: AssetKind = AssetKind.DATA) -> StorageLocation:
        """Return where the content of any reference lies, credentials included.

        Raises:
            LapisError: ReferenceNotFound, PathNotAllowed, NotSupported.
        """
        return self._datastores.resolve(workspace, self.resolve_uri(workspace, uri, kind))

    def content_location(self, workspace: Workspace, uri: str) -> StorageLocation:
        """Return the location of content that the server itself may hand out: of this workspace's stores only.

        Raises:
            LapisError: Forbidden for a plain address: whoever may read it can read it there.
        """
        resolved = self.resolve_uri(workspace, uri)
        if isinstance(parse(resolved), PlainUri) or resolved.startswith("/"):
            sentence = f"'{uri}' lies outside the workspace's datastores."
            raise LapisError(ErrorCode.FORBIDDEN, sentence, "Read it at its own address.")
        return self._datastores.resolve(workspace, resolved)

    def outputs(self, workspace: Workspace, job: str) -> list[JobOutput]:
        """Return what was recorded of a job, in the order in which it was recorded."""
        return self._outputs.of_job(workspace, job)

    def record_outputs(self, workspace: Workspace, outputs: Iterable[JobOutput]) -> None:
        """Record what jobs put out under their names; a second time replaces the first."""
        self._outputs.record(workspace, outputs)

    def snapshot_root(self, workspace: Workspace) -> Path:
        """Return the folder of the workspace's code snapshots on this machine."""
        return self.shelf.root(workspace)

    def has_snapshot(self, workspace: Workspace, digest: str) -> bool:
        """Say whether a code snapshot is there, complete."""
        return self.shelf.has(workspace, digest)

    def _found(self, workspace: Workspace, kind: AssetKind, reference: Reference, text: str) -> AssetRecord:
        registry = reference.registry if isinstance(reference, AssetRef) else None
        if registry is None:
            return names.find(self._finder, workspace, kind, reference, text)
        place = self._place_of(registry, text)
        record = replace(names.find(self._finder, place, kind, reference, text), registry=place.registry)
        if kind is AssetKind.COMPONENTS and place.id != workspace.id:
            self.bring_code(place, workspace, record.document)
        return record

    def _place_of(self, registry: str, text: str) -> Workspace:
        try:
            return self._registry_of(registry)
        except LapisError as error:
            sentence = f"'{text}' can't be resolved: {error.message}"
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence, error.hint) from None

    def bring_code(self, origin: Workspace, target: Workspace, component: Mapping[str, Any]) -> None:
        """Let the code that a component names be found in another place too.

        Raises:
            LapisError: Integrity when the origin lacks some of it.
        """
        for code in sorted(set(parts.codes(component))):
            reference = parse(code)
            if isinstance(reference, CodeRef) and not self.has_snapshot(target, reference.digest):
                self.shelf.copy(origin, target, reference.digest)

    def _content_of(
        self, workspace: Workspace, reference: AssetRef | ModelsUri, kind: AssetKind, uri: str
    ) -> AssetRecord:
        if isinstance(reference, ModelsUri):
            return names.find(self._finder, workspace, AssetKind.MODELS, reference, uri)
        if reference.kind is not None:
            named = next((k for k in AssetKind if k.singular == reference.kind), kind)
            return self._found(workspace, named, reference, uri)
        other = AssetKind.MODELS if kind is AssetKind.DATA else AssetKind.DATA
        try:
            return names.find(self._finder, workspace, kind, reference, uri)
        except LapisError as first:
            try:
                return names.find(self._finder, workspace, other, reference, uri)
            except LapisError:
                raise first from None
