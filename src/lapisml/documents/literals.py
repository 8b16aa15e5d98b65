"""Values of inputs of a declared type: ``integer``, ``number``, ``boolean``, ``string``.

Light: the standard library only.
"""

from __future__ import annotations

import math
from typing import TypeGuard

from lapisml.documents.scalars import Scalar, resolve, stringify

_MOST_DIGITS = 4000


class LiteralError(ValueError):
    """A value that does not have the declared type.

    Attributes:
        expected: what would have been right.
    """

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.expected = expected


def coerce(value: Scalar, kind: str) -> str | int | float | bool:
    """Turn a value into the declared type; text such as ``1e-3`` counts as the number that it spells.

    Args:
        kind: ``string``, ``integer``, ``number`` or ``boolean``.

    Raises:
        LiteralError: the value does not spell one.
    """
    if kind == "string":
        return stringify(value)
    if kind == "boolean":
        return _boolean(value)
    return _number(value, kind)


def _boolean(value: Scalar) -> bool:
    found = resolve(value) if isinstance(value, str) else value
    if isinstance(found, bool):
        return found
    raise LiteralError(f"`{value}` is neither true nor false", "true or false")


def _number(value: Scalar, kind: str) -> int | float:
    expected = "a whole number" if kind == "integer" else "a number"
    number = _finite(value)
    if number is None or (kind == "integer" and not number.is_integer()):
        raise LiteralError(f"`{str(value)[:80]}` is not {expected}", expected)
    if kind == "integer":
        return int(value) if isinstance(value, int) or _spells_digits(value) else int(number)
    return value if isinstance(value, (int, float)) else number


def _finite(value: Scalar) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _spells_digits(value: Scalar) -> TypeGuard[str]:
    """Say whether text spells a whole number without a point or an exponent, so that no digit need be lost."""
    return isinstance(value, str) and value.strip().lstrip("+-").isdecimal() and len(value) < _MOST_DIGITS
