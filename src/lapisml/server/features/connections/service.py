"""Connections of a workspace. Secrets are kept encrypted and leave only when they are asked for by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.documents.registry import parse
from lapisml.server.features.connections import store
from lapisml.server.features.connections.secrets import put_back, taken_out
from lapisml.server.features.connections.store import ConnectionRecord
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.vault import Vault

__all__ = ["ConnectionRecord", "ConnectionService"]


class ConnectionService:
    """Creates, shows, changes and deletes connections.

    Args:
        vault: encrypts secrets at rest.
    """

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def create_or_update(
        self, workspace: Workspace, name: str, document: Mapping[str, Any], by: str
    ) -> tuple[ConnectionRecord, bool]:
        """Create a connection or replace its document; say whether it is new.

        A secret whose value is the mask (as `get` gives it) stays as it is.

        Raises:
            LapisError: DocumentInvalid, with a problem for every fault; Usage for a name that is not the address's.
        """
        if document.get("name", name) != name:
            raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")
        checked = parse("connection", {**document, "name": name}).to_dict()
        try:
            with self._database.write() as connection:
                is_new = self._put(connection, workspace, name, checked, by)
        except IntegrityError:  # another server created it at the same moment
            return self.create_or_update(workspace, name, document, by)
        return self.get(workspace, name), is_new

    def get(self, workspace: Workspace, name: str) -> ConnectionRecord:
        """Return a connection, secrets masked.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = store.get(connection, workspace.id, name)
        if found is None:
            raise not_found("connection", name, "List them: lapis connection list")
        return found

    def with_secrets(self, workspace: Workspace, name: str) -> ConnectionRecord:
        """Return a connection with its secrets. Keep it in memory.

        Raises:
            LapisError: NotFound; Integrity when they can't be decrypted.
        """
        found = self.get(workspace, name)
        return replace(found, document=put_back(found.document, self._opened(found.sealed)))

    def list(self, workspace: Workspace, type: str | None = None) -> list[ConnectionRecord]:  # noqa: A002 - the documents' word
        """Return every connection, or those of a type, by name; secrets masked."""
        with self._database.read() as connection:
            found = store.list_all(connection, workspace.id)
        return [record for record in found if type is None or _fold(record.type) == _fold(type)]

    def update(self, workspace: Workspace, name: str, changes: Mapping[str, Any], by: str) -> ConnectionRecord:
        """Change some keys of a connection; None removes one.

        Raises:
            LapisError: NotFound; DocumentInvalid.
        """
        whole = {**self.get(workspace, name).document, **changes}
        document = {key: value for key, value in whole.items() if value is not None}
        return self.create_or_update(workspace, name, document, by)[0]

    def delete(self, workspace: Workspace, name: str) -> None:
        """Forget a connection.

        Raises:
            LapisError: NotFound.
        """
        record = self.get(workspace, name)
        with self._database.write() as connection:
            store.remove(connection, record.id)

    def _put(self, connection: Connection, workspace: Workspace, name: str, document: dict[str, Any], by: str) -> bool:
        found = store.get(connection, workspace.id, name)
        before = self._opened(found.sealed) if found is not None else {}
        kept, secrets = taken_out(document, before)
        sealed = self._vault.encrypt(json.dumps(secrets)) if secrets else None
        now = self._clock.now_ms()
        values = {"type": str(document["type"]), "document": kept, "credentials": sealed}
        if found is None:
            stamps = {"created_by": by, "created_at": now, "updated_at": now}
            store.add(connection, {"workspace_id": workspace.id, "name": name, **values, **stamps})
        elif (found.document, before) != (kept, secrets):
            store.change(connection, found.id, now, **values)
        return found is None

    def _opened(self, sealed: str | None) -> dict[str, Any]:
        opened: dict[str, Any] = json.loads(self._vault.decrypt(sealed)) if sealed is not None else {}
        return opened


def _fold(type_: str) -> str:
    """Bring the name of a type to the form in which ``AzureOpenAI`` and ``azure_open_ai`` are the same."""
    return type_.replace("_", "").casefold()
