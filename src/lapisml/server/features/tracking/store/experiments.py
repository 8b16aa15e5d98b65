"""Rows of experiments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, insert, not_, select, update

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import (
    DEFAULT_EXPERIMENT_ID,
    DEFAULT_EXPERIMENT_NAME,
    Experiment,
    View,
)
from lapisml.server.features.tracking.store.conditions import compare, has_pair, order_terms
from lapisml.server.features.tracking.store.driver import fetch, fetch_among, is_sqlite, run_many
from lapisml.server.features.tracking.tables import experiment_tags, experiments, runs

_SET_TAG = (
    "INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, ?) "
    "ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value"
)
_BY_NAME = select(experiments).where(
    experiments.c.workspace_id == bindparam("workspace"), experiments.c.name == bindparam("exact_name")
)
_FIELDS = {"creation_time": "created_at", "last_update_time": "updated_at", "name": "name"}


def public_id(row: int, is_default: bool) -> str:
    """Give the id that users see: the default experiment of every workspace is "0"."""
    return DEFAULT_EXPERIMENT_ID if is_default else str(row)


def ensure_default(connection: Connection, workspace_id: int, now: int) -> int:
    """Return the row id of the workspace's default experiment, making it when it is missing."""
    sql = (
        "INSERT INTO experiments (workspace_id, name, is_default, created_at, updated_at) "
        "VALUES (?, ?, true, ?, ?) ON CONFLICT (workspace_id, name) DO NOTHING"
    )
    found = _default_row(connection, workspace_id)
    if found is None:
        run_many(connection, sql, [(workspace_id, DEFAULT_EXPERIMENT_NAME, now, now)])
        found = _default_row(connection, workspace_id)
    assert found is not None
    return found


def _default_row(connection: Connection, workspace_id: int) -> int | None:
    rows = fetch(connection, "SELECT id FROM experiments WHERE workspace_id = ? AND is_default", (workspace_id,))
    return int(rows[0][0]) if rows else None


def row_id(connection: Connection, workspace_id: int, experiment_id: str) -> int | None:
    """Return the row id of an experiment by its public id, None when there is none in this workspace."""
    if experiment_id == DEFAULT_EXPERIMENT_ID:
        return _default_row(connection, workspace_id)
    if not experiment_id.isdecimal() or len(experiment_id) > 18:
        return None
    rows = fetch(
        connection,
        "SELECT id FROM experiments WHERE workspace_id = ? AND id = ?",
        (workspace_id, int(experiment_id)),
    )
    return int(rows[0][0]) if rows else None


def require_row_id(connection: Connection, workspace_id: int, experiment_id: str) -> int:
    """Return the row id of an experiment.

    Raises:
        LapisError: NotFound.
    """
    row = row_id(connection, workspace_id, experiment_id)
    if row is None:
        raise LapisError(ErrorCode.NOT_FOUND, f"No Experiment with id={experiment_id[:80]} exists.")
    return row


def place(connection: Connection, workspace_id: int, experiment_id: str, now: int) -> tuple[int, str, str | None]:
    """Return the row id, public id and artifact location of an experiment that takes new runs.

    Raises:
        LapisError: NotFound; Usage when it was deleted.
    """
    found = _place(connection, workspace_id, experiment_id)
    if not found and experiment_id == DEFAULT_EXPERIMENT_ID:
        ensure_default(connection, workspace_id, now)
        found = _place(connection, workspace_id, experiment_id)
    if not found:
        raise LapisError(ErrorCode.NOT_FOUND, f"No Experiment with id={experiment_id[:80]} exists.")
    row, is_default, location, deleted_at = found[0]
    if deleted_at is not None:
        raise invalid(f"The experiment {experiment_id} must be in the 'active' state. Current state is deleted.")
    return row, public_id(row, is_default), location


def _place(connection: Connection, workspace_id: int, experiment_id: str) -> list[tuple[Any, ...]]:
    sql = "SELECT id, is_default, artifact_location, deleted_at FROM experiments WHERE workspace_id = ? AND "
    if experiment_id == DEFAULT_EXPERIMENT_ID:
        return fetch(connection, sql + "is_default", (workspace_id,))
    if not experiment_id.isdecimal() or len(experiment_id) > 18:
        return []
    return fetch(connection, sql + "id = ?", (workspace_id, int(experiment_id)))


def require_active(connection: Connection, row: int) -> None:
    """Check that an experiment takes new runs.

    Raises:
        LapisError: Usage when it was deleted.
    """
    deleted = fetch(connection, "SELECT deleted_at FROM experiments WHERE id = ?", (row,))
    if deleted and deleted[0][0] is not None:
        raise invalid("The experiment must be in the 'active' state. Current state is deleted.")


def add(connection: Connection, workspace_id: int, name: str, artifact_location: str | None, now: int) -> int:
    """Insert an experiment and return its row id.

    Raises:
        LapisError: AlreadyExists when the name is taken, by a deleted experiment too.
    """
    there = by_name(connection, workspace_id, name)
    if there is not None:
        state = " in deleted state. You can restore it, or permanently use another name" if there.deleted_at else ""
        raise LapisError(ErrorCode.ALREADY_EXISTS, f"Experiment '{name}' already exists{state}.")
    made = connection.execute(
        insert(experiments).values(
            workspace_id=workspace_id, name=name, is_default=False,
            artifact_location=artifact_location, created_at=now, updated_at=now,
        ).returning(experiments.c.id)
    )  # fmt: skip
    return int(made.scalar_one())


def by_id(connection: Connection, workspace_id: int, experiment_id: str) -> Experiment:
    """Return an experiment by its public id.

    Raises:
        LapisError: NotFound.
    """
    row = require_row_id(connection, workspace_id, experiment_id)
    return _load(connection, connection.execute(select(experiments).where(experiments.c.id == row)).all())[0]


def by_name(connection: Connection, workspace_id: int, name: str) -> Experiment | None:
    """Return an experiment by its name, None when there is none."""
    found = _load(connection, connection.execute(_BY_NAME, {"workspace": workspace_id, "exact_name": name}).all())
    return found[0] if found else None


def change(connection: Connection, row: int, now: int, **values: Any) -> None:
    """Change fields of an experiment."""
    connection.execute(update(experiments).where(experiments.c.id == row).values(updated_at=now, **values))


def delete_with_runs(connection: Connection, row: int, now: int) -> None:
    """Mark an experiment and its active runs deleted, all with a time that no run deleted before has."""
    last = fetch(connection, "SELECT max(deleted_at) FROM runs WHERE experiment_id = ?", (row,))[0][0]
    now = max(now, (last or 0) + 1)
    change(connection, row, now, deleted_at=now)
    connection.execute(
        update(runs).where(runs.c.experiment_id == row, runs.c.deleted_at.is_(None)).values(deleted_at=now)
    )


def restore_with_runs(connection: Connection, row: int, now: int) -> None:
    """Make an experiment active again, with the runs that were deleted with it."""
    since = fetch(connection, "SELECT deleted_at FROM experiments WHERE id = ?", (row,))[0][0]
    change(connection, row, now, deleted_at=None)
    connection.execute(
        update(runs).where(runs.c.experiment_id == row, runs.c.deleted_at == since).values(deleted_at=None)
    )


def set_tags(connection: Connection, row: int, tags: Mapping[str, str], now: int) -> None:
    """Write tags over those that are there."""
    run_many(connection, _SET_TAG, [(row, key, value) for key, value in tags.items()])
    change(connection, row, now)


def delete_tag(connection: Connection, row: int, key: str) -> bool:
    """Delete a tag; says whether it was there."""
    gone = connection.execute(
        delete(experiment_tags).where(experiment_tags.c.experiment_id == row, experiment_tags.c.key == key)
    )
    return gone.rowcount > 0


def search(
    connection: Connection,
    workspace_id: int,
    clauses: Sequence[Clause],
    orders: Sequence[Order],
    view: View,
    limit: int,
    offset: int,
) -> list[Experiment]:
    """Return experiments in order, the last made first when no order is given."""
    query = select(experiments).where(
        experiments.c.workspace_id == workspace_id,
        *view_condition(experiments.c.deleted_at, view),
        *[_condition(connection, clause) for clause in clauses],
    )
    terms = order_terms(orders, {order: (_field(order.key), None) for order in orders})
    if not orders:
        terms.append(experiments.c.updated_at.desc())
    query = query.order_by(*terms, experiments.c.id.desc()).limit(limit).offset(offset)
    return _load(connection, connection.execute(query).all())


def view_condition(deleted_at: ColumnElement[Any], view: View) -> list[ColumnElement[bool]]:
    """Make the condition for active, deleted or all rows."""
    if view is View.ALL:
        return []
    return [deleted_at.is_(None) if view is View.ACTIVE else not_(deleted_at.is_(None))]


def _condition(connection: Connection, clause: Clause) -> ColumnElement[bool]:
    sqlite = is_sqlite(connection)
    if clause.entity == "tag":
        return has_pair(experiments.c.id, experiment_tags, clause, sqlite)
    if clause.key == "experiment_id":
        return _id_condition(clause)
    return compare(_field(clause.key), clause, sqlite)


def _id_condition(clause: Clause) -> ColumnElement[bool]:
    """Compare public ids, of which "0" is the default experiment's."""
    if clause.operator not in ("=", "!=", "IN", "NOT IN"):
        raise invalid(f"Invalid comparator for experiment_id: {clause.operator}")
    wanted = clause.value if isinstance(clause.value, tuple) else (str(clause.value),)
    if not all(value.isdecimal() and len(value) <= 18 for value in wanted):
        raise invalid("Invalid experiment ID: it must be a valid integer.")
    found: ColumnElement[bool] = experiments.c.id.in_([int(value) for value in wanted])
    if DEFAULT_EXPERIMENT_ID in wanted:
        found = found | experiments.c.is_default
    return found if clause.operator in ("=", "IN") else not_(found)


def _field(key: str) -> ColumnElement[Any]:
    return experiments.c.id if key == "experiment_id" else experiments.c[_FIELDS[key]]


def _load(connection: Connection, rows: Iterable[Row[Any]]) -> list[Experiment]:
    rows = list(rows)
    tags: dict[int, dict[str, str]] = {row.id: {} for row in rows}
    sql = "SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id AMONG ? ORDER BY key"
    for experiment, key, value in fetch_among(connection, sql, tags):
        tags[experiment][key] = value
    return [
        Experiment(
            public_id(row.id, row.is_default), row.name, row.artifact_location,
            row.created_at, row.updated_at, row.deleted_at, tags[row.id],
        )
        for row in rows
    ]  # fmt: skip
