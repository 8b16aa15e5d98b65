"""Searching runs: filter and order become one query for the row ids of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.records import Caller, View
from lapisml.server.features.tracking.store.conditions import compare, has_metric, has_pair, order_terms
from lapisml.server.features.tracking.store.driver import is_sqlite
from lapisml.server.features.tracking.store.experiments import view_condition
from lapisml.server.features.tracking.tables import (
    datasets,
    metric_series,
    run_datasets,
    run_params,
    run_tags,
    runs,
)

_PAIRS: dict[str, Table] = {"param": run_params, "tag": run_tags}
_FIELDS = {"run_name": "name"}


def page(
    connection: Connection,
    caller: Caller,
    experiment_rows: Sequence[int],
    clauses: Sequence[Clause],
    orders: Sequence[Order],
    view: View,
    limit: int,
    offset: int,
) -> list[int]:
    """Return the row ids of a page of runs, in order; by start time, the latest first, where orders tie."""
    source: FromClause = runs
    columns = {}
    for order in orders:
        source, columns[order] = _sortable(source, order)
    query = select(runs.c.id).select_from(source)
    query = query.where(
        runs.c.experiment_id.in_(experiment_rows),
        *view_condition(runs.c.deleted_at, view),
        *_own(caller),
        *[condition(clause, is_sqlite(connection)) for clause in clauses],
    )
    terms = order_terms(orders, columns)
    query = query.order_by(*terms, runs.c.start_time.desc(), runs.c.run_id).limit(limit).offset(offset)
    return [row[0] for row in connection.execute(query)]


def _own(caller: Caller) -> list[ColumnElement[bool]]:
    """A job sees its own run and those that it made."""
    if caller.job is None:
        return []
    return [or_(runs.c.run_id == caller.job, runs.c.owner_job == caller.job)]


def _sortable(
    source: FromClause, order: Order
) -> tuple[FromClause, tuple[ColumnElement[Any], ColumnElement[Any] | None]]:
    """Join what an order looks at and return its column, with the mark of NaN for a metric."""
    if order.entity == "attribute":
        return source, (field_of(order.key), None)
    table = (metric_series if order.entity == "metric" else _PAIRS[order.entity]).alias()
    joined = source.outerjoin(table, and_(table.c.run == runs.c.id, table.c.key == order.key))
    return joined, (table.c.value, table.c.is_nan if order.entity == "metric" else None)


def condition(clause: Clause, sqlite: bool) -> ColumnElement[bool]:
    """Ask whether a run fulfils a comparison."""
    if clause.entity == "attribute":
        return compare(field_of(clause.key), clause, sqlite)
    if clause.entity == "metric":
        return has_metric(runs.c.id, metric_series, clause)
    if clause.entity == "dataset":
        return _has_dataset(clause, sqlite)
    return has_pair(runs.c.id, _PAIRS[clause.entity], clause, sqlite)


def _has_dataset(clause: Clause, sqlite: bool) -> ColumnElement[bool]:
    column = run_datasets.c.context if clause.key == "context" else datasets.c[clause.key]
    used = run_datasets.join(datasets, datasets.c.id == run_datasets.c.dataset)
    fulfilled = compare(column, clause, sqlite)
    return exists(select(literal(1)).select_from(used).where(run_datasets.c.run == runs.c.id, fulfilled))


def field_of(key: str) -> ColumnElement[Any]:
    """Give the column of a field that filters and orders name."""
    return runs.c[_FIELDS.get(key, key)]
