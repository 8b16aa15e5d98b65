"""Rows of what feature stores hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from lapisml.server.features.feature_sets.tables import feature_documents


class FeatureKind(StrEnum):
    """What is kept; the value says it to people."""

    SET = "feature set"
    ENTITY = "feature store entity"


@dataclass(frozen=True)
class FeatureRecord:
    """One version as kept. Times are milliseconds since the epoch, UTC.

    Attributes:
        document: keys of the CLI v2 in snake case, without name, version and whether it is archived.
    """

    id: int
    workspace_id: int
    kind: FeatureKind
    name: str
    version: str
    document: dict[str, Any]
    archived: bool
    created_by: str
    created_at: int
    updated_at: int


def get(connection: Connection, workspace_id: int, kind: FeatureKind, name: str, version: str) -> FeatureRecord | None:
    """Read one version."""
    c = feature_documents.c
    query = select(feature_documents).where(
        c.workspace_id == workspace_id, c.kind == kind.value, c.name == name, c.version == version
    )
    row = connection.execute(query).first()
    return _record(row) if row else None


def list_all(
    connection: Connection, workspace_id: int, kind: FeatureKind, name: str | None = None
) -> list[FeatureRecord]:
    """Read every version of a kind, or of one name, the last made first."""
    c = feature_documents.c
    query = select(feature_documents).where(c.workspace_id == workspace_id, c.kind == kind.value)
    if name is not None:
        query = query.where(c.name == name)
    return [_record(row) for row in connection.execute(query.order_by(c.created_at.desc(), c.id.desc()))]


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a version."""
    connection.execute(insert(feature_documents).values(**values))


def change(connection: Connection, record_id: int, now: int, **values: Any) -> None:
    """Update columns of a version."""
    c = feature_documents.c
    connection.execute(update(feature_documents).where(c.id == record_id).values(**values, updated_at=now))


def _record(row: Row[Any]) -> FeatureRecord:
    values = dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row
    return FeatureRecord(**{**values, "kind": FeatureKind(values["kind"])})
