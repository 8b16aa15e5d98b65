"""Rows of datastores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from lapisml.server.features.datastores.tables import datastores

_GET = select(datastores).where(
    datastores.c.workspace_id == bindparam("workspace"), datastores.c.name == bindparam("lower_name")
)


@dataclass(frozen=True)
class DatastoreRecord:
    """One datastore as kept.

    Attributes:
        document: the CLI v2 document; secrets in its `credentials` are masked.
        sealed: the credentials, encrypted; None when there are none.
        is_default: the one that is used where a document names none.
    """

    id: int
    workspace_id: int
    name: str
    document: dict[str, Any]
    sealed: str | None = field(repr=False)
    is_default: bool
    created_by: str
    created_at: int
    updated_at: int


def get(connection: Connection, workspace_id: int, name: str) -> DatastoreRecord | None:
    """Read one datastore; names are compared without regard to letter case."""
    row = connection.execute(_GET, {"workspace": workspace_id, "lower_name": name.lower()}).first()
    return _record(row) if row else None


def list_all(connection: Connection, workspace_id: int) -> list[DatastoreRecord]:
    """Read every datastore of a workspace, by name."""
    query = select(datastores).where(datastores.c.workspace_id == workspace_id).order_by(datastores.c.name)
    return [_record(row) for row in connection.execute(query)]


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a datastore."""
    connection.execute(insert(datastores).values(**{**values, "name": values["name"].lower()}))


def change(connection: Connection, datastore_id: int, now: int, **values: Any) -> None:
    """Update columns of a datastore."""
    connection.execute(update(datastores).where(datastores.c.id == datastore_id).values(**values, updated_at=now))


def make_default(connection: Connection, workspace_id: int, datastore_id: int) -> None:
    """Make one datastore of the workspace the default, and no other."""
    of_workspace = datastores.c.workspace_id == workspace_id
    connection.execute(update(datastores).where(of_workspace).values(is_default=datastores.c.id == datastore_id))


def remove(connection: Connection, datastore_id: int) -> None:
    """Delete a datastore."""
    connection.execute(delete(datastores).where(datastores.c.id == datastore_id))


def _record(row: Row[Any]) -> DatastoreRecord:
    values = dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row
    return DatastoreRecord(sealed=values.pop("credentials"), **values)
