"""Counting and removing everything that belongs to one workspace, found by following foreign keys.

No feature has to be asked: each table that refers to ``workspaces.id``, or to a table that does, belongs to it.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, Select, Table, delete, func, or_, select

ROOT = "workspaces"


def count_owned(connection: Connection, metadata: MetaData, workspace_id: int) -> dict[str, int]:
    """Count the rows of the tables that name the workspace in a column of their own, by table; zeros left out."""
    counts = {}
    for table in metadata.sorted_tables:
        column = _workspace_column(table)
        if column is not None:
            query = select(func.count()).select_from(table).where(column == workspace_id)
            counts[table.name] = int(connection.execute(query).scalar_one())
    return {name: count for name, count in counts.items() if count}


def purge(connection: Connection, metadata: MetaData, workspace_id: int) -> None:
    """Delete every row that belongs to the workspace, children first; its own row stays."""
    for table in reversed(metadata.sorted_tables):
        ways = _ways_to_root(table, workspace_id)
        if table.name != ROOT and ways:
            connection.execute(delete(table).where(or_(*[column.in_(keys) for column, keys in ways])))


def global_tables(metadata: MetaData) -> set[str]:
    """Name the tables that belong to no workspace."""
    return {t.name for t in metadata.sorted_tables if t.name != ROOT and not _ways_to_root(t, 0)}


def _workspace_column(table: Table) -> Column[int] | None:
    columns = [key.parent for key in table.foreign_keys if key.column.table.name == ROOT]
    return columns[0] if columns else None


def _ways_to_root(
    table: Table, workspace_id: int, seen: frozenset[str] = frozenset()
) -> list[tuple[Column[int], Select[tuple[int]]]]:
    """Give each column that leads to the workspace, with the query of the keys that belong to it."""
    ways = []
    for key in table.foreign_keys:
        target = key.column.table
        if target.name == ROOT:
            ways.append((key.parent, select(key.column).where(key.column == workspace_id)))
            continue
        if target.name in seen or target is table:
            continue
        onward = _ways_to_root(target, workspace_id, seen | {table.name})
        if onward:
            owned = or_(*[column.in_(keys) for column, keys in onward])
            ways.append((key.parent, select(key.column).where(owned)))
    return ways
