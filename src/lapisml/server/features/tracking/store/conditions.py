"""Clauses of a search as SQL conditions that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, case, exists, literal, not_, or_, select

from lapisml.server.features.tracking.filters import Clause, Order

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def compare(column: ColumnElement[Any], clause: Clause, is_sqlite: bool) -> ColumnElement[bool]:
    """Compare a column with the clause's value by the clause's operator.

    LIKE minds case and ILIKE does not, as on PostgreSQL; SQLite's own LIKE does not mind it, so there LIKE
    becomes GLOB.
    """
    if clause.operator == "LIKE":
        value = str(clause.value)
        return column.op("GLOB")(_glob(value)) if is_sqlite else column.like(value)
    if clause.operator == "ILIKE":
        return column.ilike(str(clause.value))
    if clause.operator == "RLIKE":
        return column.regexp_match(str(clause.value))
    if clause.operator in ("IN", "NOT IN"):
        values = clause.value if isinstance(clause.value, tuple) else ()
        return column.in_(values) if clause.operator == "IN" else column.not_in(values)
    compared: ColumnElement[bool] = _COMPARE[clause.operator](column, clause.value)
    return compared


def has_pair(owner: ColumnElement[Any], pairs: Table, clause: Clause, is_sqlite: bool) -> ColumnElement[bool]:
    """Ask whether the row `owner` has a parameter or tag that fulfils the clause.

    Args:
        pairs: a table whose first column is the owner, with columns ``key`` and ``value``.
    """
    owned = and_(pairs.columns.values()[0] == owner, pairs.c.key == clause.key)
    if clause.operator == "IS NULL":
        return not_(exists(select(literal(1)).where(owned)))
    if clause.operator == "IS NOT NULL":
        return exists(select(literal(1)).where(owned))
    return exists(select(literal(1)).where(owned, compare(pairs.c.value, clause, is_sqlite)))


def has_metric(
    owner: ColumnElement[Any], metrics: Table, clause: Clause, further: Sequence[ColumnElement[bool]] = ()
) -> ColumnElement[bool]:
    """Ask whether the row `owner` has a metric that fulfils the clause.

    NaN is kept as 0.0 with a mark; it differs from every number and is not greater or less than any.

    Args:
        metrics: a table with columns ``key``, ``value``, ``is_nan`` and the owner (``run`` or ``model``).
    """
    column = metrics.c.run if "run" in metrics.c else metrics.c.model
    value = compare(metrics.c.value, clause, is_sqlite=True)
    is_nan = metrics.c.is_nan == 1
    fulfilled = or_(value, is_nan) if clause.operator == "!=" else and_(value, not_(is_nan))
    return exists(select(literal(1)).where(column == owner, metrics.c.key == clause.key, fulfilled, *further))


def order_terms(
    orders: Sequence[Order], columns: Mapping[Order, tuple[ColumnElement[Any], ColumnElement[Any] | None]]
) -> list[ColumnElement[Any]]:
    """Make ORDER BY terms: rows without the value come last, before them those whose value is NaN.

    Args:
        columns: criterion → (value, mark of NaN or None).
    """
    terms: list[ColumnElement[Any]] = []
    for order in orders:
        value, is_nan = columns[order]
        rank = case((value.is_(None), 2), else_=0)
        if is_nan is not None:
            rank = case((value.is_(None), 2), (is_nan == 1, 1), else_=0)
        terms += [rank, value.asc() if order.ascending else value.desc()]
    return terms


def _glob(pattern: str) -> str:
    """Turn a LIKE pattern into a GLOB pattern."""
    signs = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(signs.get(sign, sign) for sign in pattern)
