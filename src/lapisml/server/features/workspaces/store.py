"""Rows of workspaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from lapisml.server.features.workspaces.tables import workspaces

REGISTRY_MARK = "@"
"""What the name of a registry's row begins with; the name of a workspace can't."""


@dataclass(frozen=True)
class Workspace:
    """One workspace as kept, or the place of a registry's assets. Times are milliseconds since the epoch, UTC.

    Attributes:
        id: number of the row; what the tables of other features refer to.
        document: the CLI v2 document.
    """

    id: int
    name: str
    document: dict[str, Any]
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int

    @property
    def registry(self) -> str | None:
        """Name of the registry whose assets lie here; None for a workspace."""
        return self.name[len(REGISTRY_MARK) :] if self.name.startswith(REGISTRY_MARK) else None


def get(connection: Connection, name: str) -> Workspace | None:
    """Read a workspace by name."""
    row = connection.execute(select(workspaces).where(workspaces.c.name == name)).first()
    return _record(row) if row else None


def get_by_id(connection: Connection, workspace_id: int) -> Workspace | None:
    """Read a workspace by the number of its row."""
    row = connection.execute(select(workspaces).where(workspaces.c.id == workspace_id)).first()
    return _record(row) if row else None


def list_all(connection: Connection, *, registries: bool = False) -> list[Workspace]:
    """Read every workspace, or every registry, by name."""
    marked = workspaces.c.name.startswith(REGISTRY_MARK)
    query = select(workspaces).where(marked if registries else ~marked).order_by(workspaces.c.name)
    return [_record(row) for row in connection.execute(query)]


def add(connection: Connection, name: str, document: dict[str, Any], by: str, now: int) -> None:
    """Insert a workspace."""
    stamps = {"created_by": by, "created_at": now, "updated_by": by, "updated_at": now}
    connection.execute(insert(workspaces).values(name=name, document=document, **stamps))


def change(connection: Connection, workspace_id: int, document: dict[str, Any], by: str, now: int) -> None:
    """Replace the document of a workspace."""
    values = {"document": document, "updated_by": by, "updated_at": now}
    connection.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(**values))


def remove(connection: Connection, workspace_id: int) -> None:
    """Delete the row of a workspace."""
    connection.execute(delete(workspaces).where(workspaces.c.id == workspace_id))


def _record(row: Row[Any]) -> Workspace:
    return Workspace(**row._mapping)  # noqa: SLF001 - the documented mapping view of a row
