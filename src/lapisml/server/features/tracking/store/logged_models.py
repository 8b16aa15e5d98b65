"""Rows of logged models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, literal, or_, select, update
from sqlalchemy.sql.selectable import FromClause

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import Caller, DatasetFilter, LoggedModel
from lapisml.server.features.tracking.store.conditions import compare, has_metric, has_pair, order_terms
from lapisml.server.features.tracking.store.driver import fetch, fetch_among, fetch_each_among, is_sqlite, run_many
from lapisml.server.features.tracking.tables import (
    logged_model_metrics,
    logged_model_params,
    logged_model_tags,
    logged_models,
)

_INFO = (
    "SELECT m.id, m.model_id, CASE WHEN e.is_default THEN '0' ELSE CAST(e.id AS TEXT) END, m.name, m.model_type, "
    "m.source_run_id, m.status, m.created_at, m.updated_at, m.deleted_at, m.owner_job "
    "FROM logged_models m JOIN experiments e ON e.id = m.experiment_id "
)
_PARAMS = "SELECT model, key, value FROM logged_model_params WHERE model AMONG ? ORDER BY model, key"
_TAGS = "SELECT model, key, value FROM logged_model_tags WHERE model AMONG ? ORDER BY model, key"
_METRICS = (
    "SELECT model, key, value, timestamp, step, is_nan, run_id, dataset_name, dataset_digest "
    "FROM logged_model_metrics WHERE model AMONG ? ORDER BY model, key, timestamp, step, id"
)
_PAIRS = {"param": logged_model_params, "tag": logged_model_tags}
_FIELDS = {"creation_timestamp": "created_at", "last_updated_timestamp": "updated_at"}


def add(connection: Connection, **values: Any) -> int:
    """Insert a logged model and return its row id."""
    made = connection.execute(insert(logged_models).values(**values).returning(logged_models.c.id))
    return int(made.scalar_one())


def require(connection: Connection, workspace_id: int, model_id: str, allow_deleted: bool = False) -> LoggedModel:
    """Return a logged model with all that is known of it.

    Raises:
        LapisError: NotFound.
    """
    rows = fetch(connection, _INFO + "WHERE m.workspace_id = ? AND m.model_id = ?", (workspace_id, model_id))
    if not rows or (rows[0][9] is not None and not allow_deleted):
        raise LapisError(ErrorCode.NOT_FOUND, f"Logged model with ID '{model_id[:80]}' not found.")
    return _load(connection, rows)[0]


def of_run(connection: Connection, workspace_id: int, run_id: str) -> list[LoggedModel]:
    """Return the active logged models of a run, the first made first."""
    where = "WHERE m.workspace_id = ? AND m.source_run_id = ? AND m.deleted_at IS NULL ORDER BY m.id"
    return _load(connection, fetch(connection, _INFO + where, (workspace_id, run_id)))


def change(connection: Connection, row: int, **values: Any) -> None:
    """Change fields of a logged model."""
    connection.execute(update(logged_models).where(logged_models.c.id == row).values(**values))


def set_tags(connection: Connection, row: int, tags: Mapping[str, str]) -> None:
    """Write tags over those that are there."""
    sql = (
        "INSERT INTO logged_model_tags (model, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT (model, key) DO UPDATE SET value = excluded.value"
    )
    run_many(connection, sql, [(row, key, value) for key, value in tags.items()])


def delete_tag(connection: Connection, row: int, key: str) -> bool:
    """Delete a tag; says whether it was there."""
    tags = logged_model_tags
    return connection.execute(delete(tags).where(tags.c.model == row, tags.c.key == key)).rowcount > 0


def add_params(connection: Connection, model: LoggedModel, params: Mapping[str, str]) -> None:
    """Write parameters.

    Raises:
        LapisError: Usage when one would change.
    """
    for key, value in params.items():
        if model.params.get(key, value) != value:
            raise invalid(f"Changing param values is not allowed. Param with key='{key}' was already logged.")
    sql = "INSERT INTO logged_model_params (model, key, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    run_many(connection, sql, [(model.row, key, value) for key, value in params.items()])


def search(
    connection: Connection,
    caller: Caller,
    experiment_rows: Sequence[int],
    clauses: Sequence[Clause],
    datasets: Sequence[DatasetFilter],
    orders: Sequence[tuple[Order, DatasetFilter | None]],
    limit: int,
    offset: int,
) -> list[LoggedModel]:
    """Return a page of the active logged models of experiments, the last made first where orders tie."""
    source: FromClause = logged_models
    columns = {}
    for order, dataset in orders:
        source, columns[order] = _sortable(source, order, dataset)
    query = select(logged_models.c.id).select_from(source).where(
        logged_models.c.experiment_id.in_(experiment_rows),
        logged_models.c.deleted_at.is_(None),
        *_own(caller),
        *_conditions(clauses, datasets, is_sqlite(connection)),
    )  # fmt: skip
    terms = order_terms([order for order, _ in orders], columns)
    terms += [logged_models.c.created_at.desc(), logged_models.c.id.desc()]
    ids = [row[0] for row in connection.execute(query.order_by(*terms).limit(limit).offset(offset))]
    return by_rows(connection, ids)


def by_rows(connection: Connection, ids: Sequence[int]) -> list[LoggedModel]:
    """Return logged models by row id, in the order of `ids`."""
    rows = fetch_among(connection, _INFO + "WHERE m.id AMONG ?", ids)
    found = {model.row: model for model in _load(connection, rows)}
    return [found[row] for row in ids if row in found]


def _own(caller: Caller) -> list[ColumnElement[bool]]:
    if caller.job is None:
        return []
    return [or_(logged_models.c.owner_job == caller.job, logged_models.c.source_run_id == caller.job)]


def _conditions(
    clauses: Sequence[Clause], datasets: Sequence[DatasetFilter], sqlite: bool
) -> list[ColumnElement[bool]]:
    on_dataset = [_on_dataset(logged_model_metrics, dataset) for dataset in datasets]
    further = [or_(*on_dataset)] if on_dataset else []
    conditions: list[ColumnElement[bool]] = []
    for clause in clauses:
        if clause.entity == "attribute":
            conditions.append(compare(_field(clause.key), clause, sqlite))
        elif clause.entity == "metric":
            conditions.append(has_metric(logged_models.c.id, logged_model_metrics, clause, further))
        else:
            conditions.append(has_pair(logged_models.c.id, _PAIRS[clause.entity], clause, sqlite))
    if further and not any(clause.entity == "metric" for clause in clauses):
        measured = select(literal(1)).where(logged_model_metrics.c.model == logged_models.c.id, *further)
        conditions.append(measured.exists())
    return conditions


def _on_dataset(metrics: Any, dataset: DatasetFilter) -> ColumnElement[bool]:
    name, digest = dataset
    condition: ColumnElement[bool] = metrics.c.dataset_name == name
    return condition if digest is None else and_(condition, metrics.c.dataset_digest == digest)


def _sortable(
    source: FromClause, order: Order, dataset: DatasetFilter | None
) -> tuple[FromClause, tuple[ColumnElement[Any], ColumnElement[Any] | None]]:
    """Join what an order looks at; of a metric the latest value, of the dataset when one is named."""
    if order.entity == "attribute":
        return source, (_field(order.key), None)
    if order.entity == "metric":
        return _sortable_metric(source, order, dataset)
    table = _PAIRS[order.entity].alias()
    return source.outerjoin(table, and_(table.c.model == logged_models.c.id, table.c.key == order.key)), (
        table.c.value,
        None,
    )


def _sortable_metric(
    source: FromClause, order: Order, dataset: DatasetFilter | None
) -> tuple[FromClause, tuple[ColumnElement[Any], ColumnElement[Any] | None]]:
    metrics = logged_model_metrics.alias()
    later = logged_model_metrics.alias()
    mine = [later.c.model == logged_models.c.id, later.c.key == order.key]
    if dataset is not None:
        mine.append(_on_dataset(later, dataset))
    latest = (
        select(later.c.id).where(*mine)
        .order_by(later.c.timestamp.desc(), later.c.step.desc(), later.c.id.desc())
        .limit(1).correlate(logged_models).scalar_subquery()
    )  # fmt: skip
    return source.outerjoin(metrics, metrics.c.id == latest), (metrics.c.value, metrics.c.is_nan)


def _field(key: str) -> ColumnElement[Any]:
    return logged_models.c[_FIELDS.get(key, key)]


def _load(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> list[LoggedModel]:
    models = {row[0]: LoggedModel(*row) for row in rows}
    params, tags, metrics = fetch_each_among(connection, (_PARAMS, _TAGS, _METRICS), models)
    for model, key, value in params:
        models[model].params[key] = value
    for model, key, value in tags:
        models[model].tags[key] = value
    for model, *fields in metrics:
        models[model].metrics.append((*fields,))
    return list(models.values())
