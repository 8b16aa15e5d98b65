"""Datastores of a workspace, and where any URI of data leads.

Every workspace has four datastores of its own (`OWN`), whose files lie where `OwnFiles` says. Further ones point at
object stores and folders; their credentials are kept encrypted and leave the server only towards the store itself. A
URI is first put through the rewrite rules, then resolved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import is_valid_name
from lapisml.documents.references import DatastoreUri, LocalPath, PlainUri, parse
from lapisml.ports.storage import StorageLocation
from lapisml.server.features.datastores import locations, store
from lapisml.server.features.datastores.local_access import LocalAccess
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.features.datastores.rewrites import RewriteRules
from lapisml.server.features.datastores.store import DatastoreRecord
from lapisml.server.features.workspaces.registries import RegistryOf, no_registry
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.vault import MASK, Vault

__all__ = ["ARTIFACTS", "DEFAULT", "OWN", "DatastoreRecord", "DatastoreService", "datastore_uri"]

DEFAULT = "workspaceblobstore"
ARTIFACTS = "workspaceartifactstore"
OWN = (DEFAULT, ARTIFACTS, "workspacefilestore", "workspaceworkingdirectory")
"""The datastores that every workspace has; they can't be changed or deleted."""

Objection = Callable[[Workspace, str], str | None]
"""Gives the sentence why the datastore of that name can't be deleted now, or None."""

_PUBLIC_CREDENTIALS = frozenset({"tenant_id", "client_id", "authority_url", "resource_url", "type"})


class DatastoreService:
    """Creates, changes and resolves datastores.

    Args:
        vault: encrypts credentials at rest.
        files: where workspaces keep their own files.
        rewrites: applied to every URI before it is resolved.
        local_access: says which folders of this machine a document may name.
        allow_private: private network addresses may be connected to.
        registry_of: finds the registry that a URI names.

    Attributes:
        files: the same.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        files: OwnFiles,
        rewrites: RewriteRules,
        local_access: LocalAccess,
        allow_private: bool = False,
        registry_of: RegistryOf = no_registry,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self.files = files
        self._rewrites = rewrites
        self._local_access = local_access
        self._allow_private = allow_private
        self._registry_of = registry_of
        self._objections: list[Objection] = []

    def object_to_deletion(self, objection: Objection) -> None:
        """Let a later feature forbid the deletion of a datastore."""
        self._objections.append(objection)

    def furnish(self, workspace: Workspace) -> None:
        """Give a workspace the datastores of its own; may be called again and again."""
        for name in OWN:
            self._own_place(workspace, name)
        with self._database.write() as connection:
            there = {record.name: record for record in store.list_all(connection, workspace.id)}
            for name in OWN:
                found, document = there.get(name), self._own_document(workspace, name)
                if found is None:
                    store.add(connection, self._values(workspace, document, None, "lapis", name == DEFAULT))
                elif found.document != document:
                    store.change(connection, found.id, self._clock.now_ms(), document=document)

    def create_or_update(self, workspace: Workspace, document: Mapping[str, Any], by: str) -> DatastoreRecord:
        """Create a datastore or replace its document.

        A credential whose value is the mask (as `show` prints it) stays as it is.

        Raises:
            LapisError: DocumentInvalid for a bad name; Conflict for one of the workspace's own;
                PathNotAllowed for a folder that may not be named.
        """
        self._check(document)
        try:
            with self._database.write() as connection:
                self._put(connection, workspace, document, by)
        except IntegrityError:  # another server created it at the same moment
            return self.create_or_update(workspace, document, by)
        return self.get(workspace, str(document["name"]))

    def get(self, workspace: Workspace, name: str) -> DatastoreRecord:
        """Return a datastore.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = store.get(connection, workspace.id, name)
        if found is None:
            raise not_found("datastore", name, "List them: lapis datastore list")
        return found

    def list(self, workspace: Workspace) -> list[DatastoreRecord]:
        """Return every datastore, by name."""
        with self._database.read() as connection:
            return store.list_all(connection, workspace.id)

    def default(self, workspace: Workspace) -> DatastoreRecord:
        """Return the datastore that is used where none is named."""
        return next((r for r in self.list(workspace) if r.is_default), None) or self.get(workspace, DEFAULT)

    def set_default(self, workspace: Workspace, name: str) -> DatastoreRecord:
        """Make a datastore the default.

        Raises:
            LapisError: NotFound.
        """
        record = self.get(workspace, name)
        with self._database.write() as connection:
            store.make_default(connection, workspace.id, record.id)
        return self.get(workspace, name)

    def delete(self, workspace: Workspace, name: str) -> None:
        """Forget a datastore; what lies in it stays there.

        Raises:
            LapisError: NotFound; Conflict for one of the workspace's own, the default, or one in use.
        """
        record = self.get(workspace, name)
        if record.name in OWN:
            raise LapisError(ErrorCode.CONFLICT, f"Datastore '{name}' belongs to the workspace itself.")
        if record.is_default:
            hint = f"Choose another first: lapis datastore set-default -n {DEFAULT}"
            raise LapisError(ErrorCode.CONFLICT, f"Datastore '{name}' is the default.", hint)
        for objection in self._objections:
            sentence = objection(workspace, record.name)
            if sentence is not None:
                raise LapisError(ErrorCode.CONFLICT, sentence)
        with self._database.write() as connection:
            store.remove(connection, record.id)

    def resolve(self, workspace: Workspace, uri: str) -> StorageLocation:
        """Return where a datastore URI (short or long form) or a plain URI leads, rewrite rules applied.

        The location carries the decrypted credentials: keep it in memory or in files of mode 0600.

        Raises:
            LapisError: ReferenceNotFound for a datastore that does not exist; PathNotAllowed; NotSupported.
        """
        rewritten = self._rewrites.apply(uri)
        parsed = parse(rewritten.uri)
        if isinstance(parsed, DatastoreUri):
            location = self._in_datastore(workspace, parsed, uri)
        elif not isinstance(parsed, (PlainUri, LocalPath)):
            raise LapisError(ErrorCode.USAGE, f"'{uri}' is not the address of data in a store.")
        elif isinstance(parsed, LocalPath) and not parsed.path.startswith("/"):
            raise LapisError(ErrorCode.USAGE, f"'{uri}' is a path on the sender's machine; upload it first.")
        elif rewritten.base is not None and rewritten.base.startswith("file:"):
            rest = rewritten.uri[len(rewritten.base) :]
            location = locations.of_uri(rewritten.base).child(rest.partition("?")[0])
        else:
            location = self._plain(workspace, rewritten.uri, checked=rewritten.base is None)
        if self._allow_private and location.protocol != "file":
            location = replace(location, options={**location.options, "allow_private": True})
        return location

    def _put(self, connection: Connection, workspace: Workspace, document: Mapping[str, Any], by: str) -> None:
        found = store.get(connection, workspace.id, str(document["name"]))
        masked, sealed = self._sealed(document, found)
        if found is None:
            store.add(connection, self._values(workspace, masked, sealed, by, False))
        elif (found.document, self._opened(found.sealed)) != (masked, self._opened(sealed)):
            store.change(connection, found.id, self._clock.now_ms(), document=masked, credentials=sealed)

    def _in_datastore(self, workspace: Workspace, parsed: DatastoreUri, uri: str) -> StorageLocation:
        if parsed.registry is not None:
            workspace = self._registry(parsed.registry, uri)
        with self._database.read() as connection:
            found = store.get(connection, workspace.id, parsed.datastore)
        if found is None:
            owner = (
                f"workspace '{workspace.name}'" if workspace.registry is None else f"registry '{workspace.registry}'"
            )
            missing = f"the datastore '{parsed.datastore}', which {owner} does not have"
            hint = "List them: lapis datastore list"
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"'{uri}' names {missing}.", hint)
        return self._root(workspace, found).child(parsed.path)

    def _registry(self, name: str, uri: str) -> Workspace:
        try:
            return self._registry_of(name)
        except LapisError as error:
            sentence = f"'{uri}' names the registry '{name}', which does not exist."
            raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence, error.hint) from None

    def _root(self, workspace: Workspace, record: DatastoreRecord) -> StorageLocation:
        if record.document["type"] == "local" and not record.document.get("path"):
            return self._own_place(workspace, record.name)
        return locations.of_datastore(record.document, self._opened(record.sealed))

    def _plain(self, workspace: Workspace, uri: str, *, checked: bool) -> StorageLocation:
        location = locations.of_uri(uri)
        if location.protocol == "file":
            return replace(location, path=str(self._local_access.check(location.path))) if checked else location
        blob = locations.blob_place(location)
        for candidate in (location, blob):
            options = self._credentials_for(workspace, candidate) if candidate is not None else None
            if candidate is not None and options is not None:
                return replace(candidate, options=options)
        return location

    def _credentials_for(self, workspace: Workspace, location: StorageLocation) -> Mapping[str, Any] | None:
        """Return the options of the datastore that has credentials for the same account and container."""
        wanted = locations.place(location)
        if wanted is None or location.options.get("sas_token"):
            return None
        for record in self.list(workspace):
            if record.sealed is None or record.document["type"] not in (
                "azure_blob",
                "azure_data_lake_gen2",
                "s3",
                "gcs",
            ):
                continue
            root = self._root(workspace, record)
            if locations.place(root) == wanted:
                return root.options
        return None

    def _check(self, document: Mapping[str, Any]) -> None:
        name = str(document.get("name", ""))
        if not is_valid_name(name) or name.lower() == "default":
            raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{name}' can't be the name of a datastore.")
        if name.lower() in OWN:
            raise LapisError(ErrorCode.CONFLICT, f"Datastore '{name}' belongs to the workspace itself.")
        if document.get("type") == "local" and document.get("path"):
            self._local_access.check(str(document["path"]))

    def _sealed(self, document: Mapping[str, Any], found: DatastoreRecord | None) -> tuple[dict[str, Any], str | None]:
        """Split a document into the one to keep, secrets masked, and the encrypted credentials."""
        given = dict(document.get("credentials") or {})
        before = self._opened(found.sealed) if found is not None else {}
        secret = {k: before.get(k) if v == MASK else v for k, v in given.items()}
        secret = {k: v for k, v in secret.items() if v is not None}
        kept = {k: v for k, v in document.items() if k not in ("credentials", "$schema")}
        if not secret:
            return kept, None
        shown = {k: v if k in _PUBLIC_CREDENTIALS else MASK for k, v in secret.items()}
        return {**kept, "credentials": shown}, self._vault.encrypt(json.dumps(secret))

    def _opened(self, sealed: str | None) -> dict[str, Any]:
        opened: dict[str, Any] = json.loads(self._vault.decrypt(sealed)) if sealed is not None else {}
        return opened

    def _own_place(self, workspace: Workspace, name: str) -> StorageLocation:
        """Return where a datastore lies that the workspace keeps; those that users name lie apart from ours."""
        place = self.files.at(workspace.name, *((name,) if name in OWN else ("datastores", name)))
        if place.protocol == "file":
            Path(place.path).mkdir(parents=True, exist_ok=True)
        return place

    def _own_document(self, workspace: Workspace, name: str) -> dict[str, Any]:
        kept = self.files.shared(workspace.name, name)
        where = f" Kept at {kept}." if kept is not None else ""
        return {"name": name, "type": "local", "description": f"{_DESCRIPTIONS[name]}{where}"}

    def _values(
        self, workspace: Workspace, document: dict[str, Any], sealed: str | None, by: str, is_default: bool
    ) -> dict[str, Any]:
        now = self._clock.now_ms()
        return {
            "workspace_id": workspace.id, "name": document["name"], "document": document, "credentials": sealed,
            "is_default": is_default, "created_by": by, "created_at": now, "updated_at": now,
        }  # fmt: skip


def datastore_uri(name: str, path: str, place: Workspace | None = None) -> str:
    """Return the short URI of a path in a datastore: ``azureml://datastores/<name>/paths/<path>``.

    Args:
        place: where the datastore is; the URI of one of a registry names the registry, so that it leads there from
            everywhere.
    """
    return str(DatastoreUri(name, path, registry=place.registry if place is not None else None))


_DESCRIPTIONS = {
    DEFAULT: "The workspace's data: uploads and outputs of jobs.",
    ARTIFACTS: "Artifacts and logs of jobs and runs.",
    "workspacefilestore": "Files shared by the workspace.",
    "workspaceworkingdirectory": "Notebooks and scripts of the workspace.",
}
