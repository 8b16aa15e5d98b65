"""Bringing a version from a workspace into a registry, with everything it needs.

A model's or a data asset's files are copied; a component brings its code, and the environments and components that
it refers to are shared along under their own names. Sharing the same version again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import DatastoreUri, parse
from lapisml.ports.storage import Storage
from lapisml.server.features.assets import parts
from lapisml.server.features.assets.intake import MODELS, UPLOADS
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.datastores.service import DEFAULT, DatastoreService, datastore_uri
from lapisml.server.features.workspaces.registries import BUILT_IN
from lapisml.server.features.workspaces.service import Workspace

_STAYS = frozenset({"name", "version", "stage"})


@dataclass(frozen=True)
class Share:
    """What is shared where.

    Attributes:
        reference: the version, in any form that means one in the workspace.
        name, version: what it is called in the registry; None: as in the workspace.
    """

    workspace: Workspace
    kind: AssetKind
    reference: str
    registry: Workspace
    name: str | None = None
    version: str | None = None


class Sharing:
    """Copies versions from workspaces into registries."""

    def __init__(self, assets: AssetService, datastores: DatastoreService, storage: Storage) -> None:
        self._assets = assets
        self._datastores = datastores
        self._storage = storage

    def share(self, share: Share, by: str) -> AssetRecord:
        """Bring a version into a registry; one that is there already with the same content is the answer.

        Raises:
            LapisError: ReferenceNotFound; Conflict when the registry has other content under that name and version.
        """
        record = self._assets.resolve(share.workspace, share.kind, share.reference)
        name, version = share.name or record.name, share.version or record.version
        whole = self._rewritten(share, record, self._present(share, name, version), by)
        document = {key: value for key, value in whole.items() if key not in _STAYS}
        made = self._assets.create(share.registry, share.kind, {**document, "name": name, "version": version}, by)
        return replace(made, registry=share.registry.registry)

    def _rewritten(self, share: Share, record: AssetRecord, present: frozenset[str], by: str) -> dict[str, Any]:
        """Bring what a version is made of into the registry; give its document with the addresses there."""

        def copied(uri: str) -> str:
            return self._copied(share, record, uri, present)

        document = parts.with_builds(record.document, copied)
        if share.kind is AssetKind.COMPONENTS:
            self._assets.bring_code(share.workspace, share.registry, document)
            return parts.with_references(document, lambda kind, text: self._along(share, kind, text, by))
        if share.kind is AssetKind.ENVIRONMENTS:
            build = document.get("build")
            return {**document, "build": {**build, "path": copied(str(build["path"]))}} if build else document
        return {**document, "path": copied(str(record.uri))}

    def _along(self, share: Share, kind: AssetKind, text: str, by: str) -> str:
        """Share what a component refers to; what is in a registry already stays there."""
        record = self._assets.resolve(share.workspace, kind, text)
        if record.registry is not None:
            return record.reference
        if record.id == 0:
            return replace(record, registry=BUILT_IN).reference
        return self.share(Share(share.workspace, kind, record.reference, share.registry), by).reference

    def _copied(self, share: Share, record: AssetRecord, uri: str, present: frozenset[str]) -> str:
        """Copy content into the registry unless it is there; give its address."""
        reference = parse(uri)
        if isinstance(reference, DatastoreUri) and reference.registry is not None:
            return uri
        source = self._assets.location(share.workspace, uri, share.kind)
        if source.protocol in ("http", "https"):
            return uri
        found = self._storage.info(source)
        if found is None:
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"There is nothing at '{uri}' any more.")
        mark = f"{share.workspace.id}/{record.kind}/{record.id}\n{uri}"
        folder = hashlib.sha256(mark.encode()).hexdigest()
        path = f"{UPLOADS}/{folder}/{source.name}{'/' if found.is_dir else ''}"
        made = datastore_uri(DEFAULT, path, share.registry)
        if made not in present:
            never_changes = isinstance(reference, DatastoreUri) and reference.path.startswith((UPLOADS, MODELS))
            self._storage.copy(source, self._datastores.resolve(share.registry, made), link=never_changes)
        return made

    def _present(self, share: Share, name: str, version: str) -> frozenset[str]:
        """Give every text in the version that the registry has: content whose address is among them was copied."""
        try:
            found = self._assets.get(share.registry, share.kind, name, version)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return frozenset()
        return frozenset(_texts(found.document))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
