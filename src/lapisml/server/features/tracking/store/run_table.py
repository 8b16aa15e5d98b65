"""The queries of the table of runs: a page behind a row, how many there are, and what is shown of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, case, exists, func, literal, not_, or_, select
from sqlalchemy.sql.selectable import FromClause

from lapisml.server.features.tracking.filters import Order
from lapisml.server.features.tracking.records import PARENT_RUN_TAG
from lapisml.server.features.tracking.run_query import NO_JOB, JobNames, RunQuery, Shown
from lapisml.server.features.tracking.store.driver import fetch, is_sqlite
from lapisml.server.features.tracking.store.run_search import condition, field_of
from lapisml.server.features.tracking.tables import experiments, metric_series, run_params, run_tags, runs

_PAIRS: dict[str, Table] = {"metric": metric_series, "param": run_params, "tag": run_tags}
_NULLABLE = ("end_time",)

KEYS_FROM_RUNS = 2000
"""The columns offered are the keys of so many runs, the latest."""

_NEWEST = "SELECT id FROM runs WHERE workspace_id = ? AND deleted_at IS NULL {of}ORDER BY start_time DESC LIMIT ?"
_KEYS = "SELECT DISTINCT key FROM {table} WHERE run IN (SELECT id FROM ({newest}) AS newest) ORDER BY key"
_COUNTS = (
    "SELECT experiment_id, status, count(*), max(start_time), max(end_time) FROM runs "
    "WHERE +workspace_id = ? AND deleted_at IS NULL GROUP BY experiment_id, status"
)
"""Nearly every row counts: the plus keeps SQLite from finding each of them by an index."""


class Term(NamedTuple):
    """One criterion of an order; its value is never NULL, so that a page can begin behind any row."""

    value: ColumnElement[Any]
    ascending: bool


def page(
    connection: Connection,
    workspace_id: int,
    query: RunQuery,
    experiment_rows: Sequence[int] | None,
    names: JobNames,
    limit: int,
    after: Sequence[Any] | None,
) -> list[tuple[Any, ...]]:
    """Return (row id, what the order looks at …) of the runs behind `after`, which is the end of such a row."""
    source, terms = _terms(query.orders)
    found = select(runs.c.id, *[term.value for term in terms]).select_from(source)
    found = found.where(*_conditions(connection, workspace_id, query, experiment_rows, names))
    if after is not None:
        found = found.where(_behind(terms, after))
    found = found.order_by(*[term.value.asc() if term.ascending else term.value.desc() for term in terms])
    return [tuple(row) for row in connection.execute(found.limit(limit))]


def count(
    connection: Connection,
    workspace_id: int,
    query: RunQuery,
    experiment_rows: Sequence[int] | None,
    names: JobNames,
) -> int:
    """Count the runs that a query finds."""
    conditions = _conditions(connection, workspace_id, query, experiment_rows, names)
    return int(connection.execute(select(func.count()).select_from(runs).where(*conditions)).scalar_one())


def logged(
    connection: Connection, entity: str, rows: Sequence[int], keys: Sequence[str] | None
) -> list[tuple[Any, ...]]:
    """Return (run, key, value, is_nan for metrics) of runs; all keys where `keys` is None."""
    table = _PAIRS[entity]
    columns = [table.c.run, table.c.key, table.c.value, *([table.c.is_nan] if entity == "metric" else [])]
    query: Select[Any] = select(*columns).where(table.c.run.in_(rows))
    if keys is not None:
        query = query.where(table.c.key.in_(keys))
    return [tuple(row) for row in connection.execute(query)] if rows and (keys is None or keys) else []


def keys(connection: Connection, workspace_id: int, entity: str, experiment_row: int | None) -> list[str]:
    """Return the keys that the latest runs logged, of one experiment or of all."""
    of = "" if experiment_row is None else "AND experiment_id = ? "
    values = [workspace_id, *([] if experiment_row is None else [experiment_row]), KEYS_FROM_RUNS]
    sql = _KEYS.format(table=_PAIRS[entity].name, newest=_NEWEST.format(of=of))
    return [row[0] for row in fetch(connection, sql, values)]


def experiment_names(connection: Connection, workspace_id: int) -> list[tuple[Any, ...]]:
    """Return (row id, is default, name, creation) of the experiments that were not deleted."""
    columns = (experiments.c.id, experiments.c.is_default, experiments.c.name, experiments.c.created_at)
    query = select(*columns).where(experiments.c.workspace_id == workspace_id, experiments.c.deleted_at.is_(None))
    return [tuple(row) for row in connection.execute(query.order_by(experiments.c.name))]


def counts(connection: Connection, workspace_id: int) -> list[tuple[Any, ...]]:
    """Return (experiment, state, number, last start, last end) of the active runs."""
    return fetch(connection, _COUNTS, (workspace_id,))


def _terms(orders: Sequence[Order]) -> tuple[FromClause, list[Term]]:
    source: FromClause = runs
    terms: list[Term] = []
    for order in orders:
        source, made = _terms_of(source, order)
        terms += made
    if not any(order.key == "start_time" and order.entity == "attribute" for order in orders):
        terms.append(Term(runs.c.start_time, False))
    return source, [*terms, Term(runs.c.id, False)]


def _terms_of(source: FromClause, order: Order) -> tuple[FromClause, list[Term]]:
    """Join what an order looks at; runs without the value come last, before them those whose value is NaN."""
    if order.entity == "attribute":
        field = field_of(order.key)
        if order.key not in _NULLABLE:
            return source, [Term(field, order.ascending)]
        rank = case((field.is_(None), 2), else_=0)
        return source, [Term(rank, True), Term(func.coalesce(field, 0), order.ascending)]
    table = _PAIRS[order.entity].alias()
    joined = source.outerjoin(table, and_(table.c.run == runs.c.id, table.c.key == order.key))
    if order.entity == "metric":
        rank = case((table.c.value.is_(None), 2), (table.c.is_nan == 1, 1), else_=0)
        return joined, [Term(rank, True), Term(func.coalesce(table.c.value, 0.0), order.ascending)]
    rank = case((table.c.value.is_(None), 2), else_=0)
    return joined, [Term(rank, True), Term(func.coalesce(table.c.value, ""), order.ascending)]


def _behind(terms: Sequence[Term], after: Sequence[Any]) -> ColumnElement[bool]:
    """Compare rows with `after` term by term; the first term alone bounds them too, for the sake of an index."""
    ways = []
    for place, (term, value) in enumerate(zip(terms, after, strict=True)):
        same = [earlier.value == at for earlier, at in zip(terms[:place], after[:place], strict=True)]
        ways.append(and_(*same, term.value > value if term.ascending else term.value < value))
    first = terms[0].value >= after[0] if terms[0].ascending else terms[0].value <= after[0]
    return and_(first, or_(*ways))


def _conditions(
    connection: Connection,
    workspace_id: int,
    query: RunQuery,
    experiment_rows: Sequence[int] | None,
    names: JobNames,
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [runs.c.workspace_id == workspace_id]
    if experiment_rows is not None:
        found.append(runs.c.experiment_id.in_(experiment_rows))
    if query.statuses:
        found.append(runs.c.status.in_(query.statuses))
    if query.types:
        found.append(_of_types(workspace_id, query.types, names))
    if query.top_level:
        found.append(not_(_has_parent()))
    found += _shown(workspace_id, query.shown, names)
    return found + [condition(clause, is_sqlite(connection)) for clause in query.clauses]


def _shown(workspace_id: int, shown: Shown, names: JobNames) -> list[ColumnElement[bool]]:
    archived = names.archived(workspace_id)
    if shown is Shown.ACTIVE:
        return [runs.c.deleted_at.is_(None), runs.c.run_id.not_in(archived)]
    if shown is Shown.ARCHIVED:
        return [or_(runs.c.deleted_at.is_not(None), runs.c.run_id.in_(archived))]
    return []


def _of_types(workspace_id: int, types: Sequence[str], names: JobNames) -> ColumnElement[bool]:
    ways = [runs.c.run_id.in_(names.of_types(workspace_id, [one for one in types if one != NO_JOB]))]
    if NO_JOB in types:
        ways.append(runs.c.run_id.not_in(names.all(workspace_id)))
    return or_(*ways)


def _has_parent() -> ColumnElement[bool]:
    tagged = and_(run_tags.c.run == runs.c.id, run_tags.c.key == PARENT_RUN_TAG)
    return exists(select(literal(1)).where(tagged))
