"""Searches of traces: a filter becomes conditions on the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.store.conditions import compare, has_pair, order_terms
from lapisml.server.features.tracking.store.driver import is_sqlite
from lapisml.server.features.tracking.tables import experiments
from lapisml.server.features.tracking.traces import store
from lapisml.server.features.tracking.traces.records import NAME_TAG, PROMPT_LINK, RUN_LINK, SOURCE_RUN, Trace
from lapisml.server.features.tracking.traces.tables import (
    trace_assessments,
    trace_links,
    trace_metadata,
    trace_spans,
    trace_tags,
    traces,
)

_END = traces.c.timestamp_ms + func.coalesce(traces.c.execution_time_ms, 0)
_ATTRIBUTE_PREFIX = "attributes."
_SPAN_COLUMNS = {"name": trace_spans.c.name, "type": trace_spans.c.type, "status": trace_spans.c.status}


def page(
    connection: Connection, workspace_id: int, experiment_rows: Sequence[int], clauses: Sequence[Clause],
    orders: Sequence[Order], limit: int, offset: int, owner_job: str | None,
) -> list[Trace]:  # fmt: skip
    """Return traces in order, the latest first when no order is given.

    Args:
        owner_job: only those that this job logged; None for all.
    """
    query = among(store.HEADS, connection, workspace_id, experiment_rows, clauses, owner_job)
    terms = order_terms(orders, {order: (_order_value(order), None) for order in orders})
    query = query.order_by(*terms, traces.c.timestamp_ms.desc(), traces.c.trace_id)
    found = [store.head_of(row) for row in connection.execute(query.limit(limit).offset(offset))]
    return store.complete(connection, found)


def count(
    connection: Connection, workspace_id: int, experiment_rows: Sequence[int], clauses: Sequence[Clause],
    owner_job: str | None,
) -> int:  # fmt: skip
    """Count the traces that fulfil a filter."""
    query = select(func.count()).select_from(traces)
    return int(
        connection.execute(among(query, connection, workspace_id, experiment_rows, clauses, owner_job)).scalar_one()
    )


def among(
    query: Select[Any], connection: Connection, workspace_id: int, experiment_rows: Sequence[int],
    clauses: Sequence[Clause], owner_job: str | None,
) -> Select[Any]:  # fmt: skip
    """Narrow a query of traces to those of experiments that fulfil a filter.

    Raises:
        LapisError: Usage.
    """
    query = query.where(traces.c.workspace_id == workspace_id, traces.c.experiment_id.in_(experiment_rows))
    if owner_job is not None:
        query = query.where(traces.c.owner_job == owner_job)
    sqlite = is_sqlite(connection)
    spans = [_span_condition(clause, sqlite) for clause in clauses if _is_of_span(clause)]
    if spans:  # all of them on one and the same span
        query = query.where(exists(select(literal(1)).where(trace_spans.c.trace == traces.c.id, *spans)))
    return query.where(*[_condition(clause, sqlite) for clause in clauses if not _is_of_span(clause)])


def _is_of_span(clause: Clause) -> bool:
    return clause.entity == "span" or (clause.entity, clause.key) == ("attribute", "text")


def _condition(clause: Clause, sqlite: bool) -> ColumnElement[bool]:
    if clause.entity == "tag":
        return has_pair(traces.c.id, trace_tags, clause, sqlite)
    if clause.entity == "metadata":
        return _of_run(clause, sqlite) if clause.key == SOURCE_RUN else _metadata(clause, sqlite)
    if clause.entity in ("feedback", "expectation"):
        return _assessed(clause, sqlite)
    if clause.entity == "issue":
        return _has_issue(clause)
    return _attribute(clause, sqlite)


def _attribute(clause: Clause, sqlite: bool) -> ColumnElement[bool]:
    if clause.key == "name":
        return has_pair(traces.c.id, trace_tags, clause._replace(key=NAME_TAG), sqlite)
    if clause.key == "run_id":
        return _of_run(clause._replace(key=SOURCE_RUN), sqlite)
    if clause.key == "prompt":
        if str(clause.value).count("/") != 1:
            raise invalid(f"Invalid prompts filter value '{clause.value}'. Expected format: prompt = \"name/version\"")
        return _linked(PROMPT_LINK, str(clause.value))
    return compare(_END if clause.key == "end_time_ms" else traces.c[clause.key], clause, sqlite)


def _metadata(clause: Clause, sqlite: bool) -> ColumnElement[bool]:
    return has_pair(traces.c.id, trace_metadata, clause, sqlite)


def _of_run(clause: Clause, sqlite: bool) -> ColumnElement[bool]:
    """Ask for the traces that a run logged; with ``=`` also for those linked with it."""
    logged = _metadata(clause, sqlite)
    return or_(logged, _linked(RUN_LINK, str(clause.value))) if clause.operator == "=" else logged


def _linked(kind: str, target: str) -> ColumnElement[bool]:
    links = trace_links.c
    return exists(select(literal(1)).where(links.trace == traces.c.id, links.kind == kind, links.target == target))


def _assessed(clause: Clause, sqlite: bool) -> ColumnElement[bool]:
    columns = trace_assessments.c
    wanted = [
        columns.trace == traces.c.id, columns.kind == clause.entity, columns.name == clause.key, columns.valid
    ]  # fmt: skip
    there = exists(select(literal(1)).where(*wanted))
    if clause.operator in ("IS NULL", "IS NOT NULL"):
        return there if clause.operator == "IS NOT NULL" else not_(there)
    fulfilled: ColumnElement[bool]
    if clause.operator in ("=", "!="):
        as_json = columns.value.in_([str(clause.value), orjson.dumps(clause.value).decode(), _quoted(clause.value)])
        fulfilled = as_json if clause.operator == "=" else not_(as_json)
    elif clause.operator in (">", ">=", "<", "<="):
        fulfilled = compare(columns.number, clause, sqlite)
    else:
        fulfilled = compare(columns.value, clause, sqlite)
    return exists(select(literal(1)).where(*wanted, fulfilled))


def _quoted(value: Any) -> str:
    return orjson.dumps(str(value)).decode()


def _has_issue(clause: Clause) -> ColumnElement[bool]:
    if clause.key != "id":
        raise invalid(f"Invalid issue attribute '{clause.key[:80]}'. Supported attributes: id")
    columns = trace_assessments.c
    return exists(
        select(literal(1)).where(
            columns.trace == traces.c.id, columns.kind == "issue", columns.name == str(clause.value)
        )
    )


def _span_condition(clause: Clause, sqlite: bool) -> ColumnElement[bool]:
    if clause.key in ("text", "content"):
        places = (trace_spans.c.name, _raw(trace_spans.c.attributes), _raw(trace_spans.c.rest))
        return or_(*[compare(place, clause, sqlite) for place in places])
    if clause.key.startswith(_ATTRIBUTE_PREFIX):
        key = clause.key.removeprefix(_ATTRIBUTE_PREFIX).strip('`"')
        if not key or '"' in key:
            raise invalid("Span attribute name cannot be empty after 'attributes.', and has no quotes.")
        return compare(_sqlite_value(key) if sqlite else _postgres_value(key), clause, sqlite)
    if clause.key not in _SPAN_COLUMNS:
        raise invalid(
            f"Invalid span attribute '{clause.key[:80]}'. "
            f"Supported attributes: {', '.join(sorted(_SPAN_COLUMNS))}, attributes.<attribute_name>."
        )
    return compare(_SPAN_COLUMNS[clause.key], clause, sqlite)


def _raw(column: ColumnElement[Any]) -> ColumnElement[str]:
    return type_coerce(column, Text)


def _sqlite_value(key: str) -> ColumnElement[str]:
    """Give the value of a span's attribute as text."""
    attributes, path = _raw(trace_spans.c.attributes), f'$."{key}"'
    return func.coalesce(
        func.json_extract(attributes, f"{path}.string_value"),
        cast(func.json_extract(attributes, f"{path}.int_value"), Text),
        func.json_type(attributes, f"{path}.bool_value"),
        cast(func.json_extract(attributes, f"{path}.double_value"), Text),
        func.json_extract(attributes, path),
    )


def _postgres_value(key: str) -> ColumnElement[str]:
    value = cast(_raw(trace_spans.c.attributes), JSONB)[key]
    parts = [value[part].astext for part in ("string_value", "int_value", "bool_value", "double_value")]
    return func.coalesce(*parts, value.astext)


def _order_value(order: Order) -> ColumnElement[Any]:
    if order.entity not in ("attribute", "tag", "metadata"):
        raise invalid(f"Invalid identifier type '{order.entity}'")
    if order.entity == "tag" or order.key == "name":
        return _pair_value(trace_tags, order.key if order.entity == "tag" else NAME_TAG)
    if order.entity == "metadata" or order.key == "run_id":
        return _pair_value(trace_metadata, order.key if order.entity == "metadata" else SOURCE_RUN)
    if order.key == "experiment_id":
        return experiments.c.id
    return _END if order.key == "end_time_ms" else traces.c[order.key]


def _pair_value(table: Any, key: str) -> ColumnElement[Any]:
    query = select(table.c.value).where(and_(table.c.trace == traces.c.id, table.c.key == key))
    return query.scalar_subquery()
