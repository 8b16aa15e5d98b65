"""Rows of connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from lapisml.server.features.connections.tables import connections


@dataclass(frozen=True)
class ConnectionRecord:
    """One connection as kept. Times are milliseconds since the epoch, UTC.

    Attributes:
        document: the CLI v2 document; secrets in it are masked.
        sealed: the secrets, encrypted; None when there are none.
    """

    id: int
    workspace_id: int
    name: str
    type: str
    document: dict[str, Any]
    sealed: str | None = field(repr=False)
    created_by: str
    created_at: int
    updated_at: int


def get(connection: Connection, workspace_id: int, name: str) -> ConnectionRecord | None:
    """Read one connection."""
    c = connections.c
    row = connection.execute(select(connections).where(c.workspace_id == workspace_id, c.name == name)).first()
    return _record(row) if row else None


def list_all(connection: Connection, workspace_id: int) -> list[ConnectionRecord]:
    """Read every connection of a workspace, by name."""
    query = select(connections).where(connections.c.workspace_id == workspace_id).order_by(connections.c.name)
    return [_record(row) for row in connection.execute(query)]


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a connection."""
    connection.execute(insert(connections).values(**values))


def change(connection: Connection, connection_id: int, now: int, **values: Any) -> None:
    """Update columns of a connection."""
    connection.execute(update(connections).where(connections.c.id == connection_id).values(**values, updated_at=now))


def remove(connection: Connection, connection_id: int) -> None:
    """Delete a connection."""
    connection.execute(delete(connections).where(connections.c.id == connection_id))


def _record(row: Row[Any]) -> ConnectionRecord:
    values = dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row
    return ConnectionRecord(sealed=values.pop("credentials"), **values)
