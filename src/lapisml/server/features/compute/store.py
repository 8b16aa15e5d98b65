"""Rows of computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from lapisml.server.features.compute.tables import computes

_GET = select(computes).where(
    computes.c.workspace_id == bindparam("workspace"), computes.c.name == bindparam("lower_name")
)

RUNNING, DETACHING = "Running", "Detaching"


@dataclass(frozen=True)
class ComputeRecord:
    """One compute as kept.

    Attributes:
        document: the CLI v2 document.
        sealed: its secrets, encrypted; None when there are none.
        state: ``Running``, ``Stopped``, or ``Detaching``: an attached one whose jobs are being ended by force.
    """

    id: int
    workspace_id: int
    name: str
    document: dict[str, Any]
    sealed: str | None = field(repr=False)
    state: str
    created_by: str
    created_at: int
    updated_at: int


def get(connection: Connection, workspace_id: int, name: str) -> ComputeRecord | None:
    """Read one compute; names are compared without regard to letter case, as Azure does."""
    row = connection.execute(_GET, {"workspace": workspace_id, "lower_name": name.lower()}).first()
    return _record(row) if row else None


def list_all(connection: Connection, workspace_id: int) -> list[ComputeRecord]:
    """Read every compute of a workspace, by name."""
    query = select(computes).where(computes.c.workspace_id == workspace_id).order_by(computes.c.name)
    return [_record(row) for row in connection.execute(query)]


def add(
    connection: Connection,
    workspace_id: int,
    name: str,
    document: dict[str, Any],
    by: str,
    now: int,
    sealed: str | None = None,
) -> None:
    """Insert a compute in state ``Running``."""
    values = {
        "workspace_id": workspace_id,
        "name": name.lower(),
        "document": document,
        "secrets": sealed,
        "state": "Running",
    }
    connection.execute(insert(computes).values(**values, created_by=by, created_at=now, updated_at=now))


def change(connection: Connection, compute_id: int, now: int, **values: Any) -> None:
    """Update columns of a compute."""
    connection.execute(update(computes).where(computes.c.id == compute_id).values(**values, updated_at=now))


def remove(connection: Connection, compute_id: int) -> None:
    """Delete a compute."""
    connection.execute(delete(computes).where(computes.c.id == compute_id))


def _record(row: Row[Any]) -> ComputeRecord:
    values = dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row
    return ComputeRecord(sealed=values.pop("secrets"), **values)
