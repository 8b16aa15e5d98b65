"""Search of the registry: names with their tags, versions with theirs; the same answers on every database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets import store
from lapisml.server.features.assets.records import (
    AssetKind,
    AssetRecord,
    ContainerRecord,
    Page,
    SearchClause,
)
from lapisml.server.features.assets.tables import asset_container_tags, asset_containers, asset_tags, assets

_CONTAINER_FIELDS: dict[str, ColumnElement[Any]] = {
    "name": asset_containers.c.name,
    "created_at": asset_containers.c.created_at,
    "updated_at": asset_containers.c.updated_at,
}
_VERSION_FIELDS: dict[str, ColumnElement[Any]] = {
    "name": asset_containers.c.name,
    "version": assets.c.version,
    "number": assets.c.id,
    "run_id": assets.c.job_name,
    "stage": assets.c.stage,
    "source": assets.c.source,
    "created_at": assets.c.created_at,
    "updated_at": assets.c.updated_at,
}

Order = Sequence[tuple[str, bool]]
"""Fields and whether each is descending; ``number`` orders versions by when they were made."""


def containers(
    connection: Connection,
    workspace_id: int,
    kind: AssetKind,
    clauses: Sequence[SearchClause],
    order: Order,
    limit: int,
    token: str | None,
) -> Page[ContainerRecord]:
    """Find names; see `AssetService.search_containers`."""
    c = asset_containers.c
    where = [c.workspace_id == workspace_id, c.kind == kind.value, ~c.archived]
    where += [_condition(connection, clause, _CONTAINER_FIELDS, _container_tag) for clause in clauses]
    query = select(asset_containers).where(*where).order_by(*_ordered(order, _CONTAINER_FIELDS), c.name)
    rows, following = _slice(connection, query, limit, token)
    return Page(store.container_records(connection, rows), following)


def versions(
    connection: Connection,
    workspace_id: int,
    kind: AssetKind,
    clauses: Sequence[SearchClause],
    order: Order,
    limit: int,
    token: str | None,
) -> Page[AssetRecord]:
    """Find versions; see `AssetService.search_versions`."""
    c = asset_containers.c
    where = [c.workspace_id == workspace_id, c.kind == kind.value, ~c.archived, ~assets.c.archived]
    where += [_condition(connection, clause, _VERSION_FIELDS, _version_tag) for clause in clauses]
    joined = assets.join(asset_containers, assets.c.container_id == c.id)
    columns = (assets, c.kind, c.name, c.archived.label("container_archived"))
    query = select(*columns).select_from(joined).where(*where)
    query = query.order_by(*_ordered(order, _VERSION_FIELDS), c.name, assets.c.id.desc())
    rows, following = _slice(connection, query, limit, token)
    return Page(store.records(connection, rows), following)


def compare(
    connection: Connection, column: ColumnElement[Any], operator: str, value: str | list[str]
) -> ColumnElement[bool]:
    """Make one comparison; LIKE minds letter case and ILIKE does not, on every database.

    Raises:
        LapisError: Usage for an unknown operator.
    """
    if operator == "IN" and isinstance(value, list):
        return column.in_(value)
    if operator in ("=", "!=") and isinstance(value, str):
        return column == value if operator == "=" else column.is_distinct_from(value)
    if operator == "ILIKE" and isinstance(value, str):
        return func.lower(column).like(value.lower())
    if operator == "LIKE" and isinstance(value, str):
        if connection.dialect.name == "sqlite":  # whose LIKE ignores the case of ASCII letters
            return column.op("GLOB", is_comparison=True)(_glob(value))
        return column.like(value)
    raise LapisError(ErrorCode.USAGE, f"'{operator}' is not a comparison that this search knows.")


def _condition(connection: Connection, clause: SearchClause, fields: dict[str, Any], tag: Any) -> ColumnElement[bool]:
    if clause.field == "tag":
        where, value = tag(clause.key)
        return exists().where(*where, compare(connection, value, clause.operator, clause.value))
    if clause.field not in fields:
        raise LapisError(ErrorCode.USAGE, f"'{clause.field}' is not a field that this search knows.")
    return compare(connection, fields[clause.field], clause.operator, clause.value)


def _container_tag(key: str | None) -> tuple[list[ColumnElement[bool]], ColumnElement[str]]:
    c = asset_container_tags.c
    return [c.container_id == asset_containers.c.id, c.key == key], c.value


def _version_tag(key: str | None) -> tuple[list[ColumnElement[bool]], ColumnElement[str]]:
    c = asset_tags.c
    return [c.asset_id == assets.c.id, c.key == key], c.value


def _ordered(order: Order, fields: dict[str, Any]) -> list[Any]:
    for name, _ in order:
        if name not in fields:
            raise LapisError(ErrorCode.USAGE, f"'{name}' is not a field to order by.")
    return [fields[name].desc() if descending else fields[name] for name, descending in order]


def _slice(
    connection: Connection, query: Select[Any], limit: int, token: str | None
) -> tuple[Sequence[Any], str | None]:
    if token is not None and not token.isdigit():
        raise LapisError(ErrorCode.USAGE, "The page token is not one that this search gave.")
    start = int(token or 0)
    rows = connection.execute(query.offset(start).limit(limit + 1)).all()
    return rows[:limit], str(start + limit) if len(rows) > limit else None


def _glob(pattern: str) -> str:
    """Write a LIKE pattern as one of SQLite's GLOB."""
    special = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(special.get(character, character) for character in pattern)
