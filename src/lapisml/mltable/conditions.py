"""Conditions on rows: ``col('age') > 30 and col('city') == 'Bern'``.

Only comparisons, arithmetic, and/or/not over columns and plain values: a condition is never run as code.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from .checks import MLTableError

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.And: operator.and_,
    ast.Or: operator.or_,
}  # fmt: skip
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.Not: operator.invert,
    ast.Invert: operator.invert,
    ast.USub: operator.neg,
}


def check(text: str, place: str) -> None:
    """Check that a condition can be understood.

    Raises:
        MLTableError: it can't.
    """
    try:
        _walk(_parse(text), lambda _name: _Anything())
    except MLTableError as error:
        raise MLTableError(f"MLTable: {place}: {error}") from error


def evaluate(text: str, column: Callable[[str], Any]) -> Any:
    """Give a condition over what `column` gives for a name (a Polars expression, a pandas series)."""
    return _walk(_parse(text), column)


class _Anything:
    """Stands for a column while a condition is only checked."""

    def _same(self, *_other: object) -> _Anything:
        return self

    __eq__ = __ne__ = _same  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = __and__ = __or__ = __rand__ = __ror__ = __invert__ = __neg__ = _same
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __hash__ = None  # type: ignore[assignment]


def _parse(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise _unclear(text) from error


def _unclear(what: str) -> MLTableError:
    return MLTableError(f"the condition `{what}` is not understood; write it like col('age') > 30 and col('x') == 'a'")


def _walk(node: ast.expr, column: Callable[[str], Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Call):
        return column(_column_name(node))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_walk(node.operand, column))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_walk(node.left, column), _walk(node.right, column))
    if isinstance(node, ast.BoolOp):
        found = _walk(node.values[0], column)
        for value in node.values[1:]:
            found = _BINARY[type(node.op)](found, _walk(value, column))
        return found
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _BINARY:
        return _BINARY[type(node.ops[0])](_walk(node.left, column), _walk(node.comparators[0], column))
    raise _unclear(ast.dump(node)[:60])


def _column_name(node: ast.Call) -> str:
    named = isinstance(node.func, ast.Name) and node.func.id == "col" and len(node.args) == 1 and not node.keywords
    argument = node.args[0] if named else None
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        raise _unclear("a call other than col('name')")
    return argument.value
