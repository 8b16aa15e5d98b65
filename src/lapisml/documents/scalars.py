"""What a plain YAML scalar stands for.

The YAML 1.1 rules that PyYAML and with it the ``az ml`` command follow (https://yaml.org/type/), without
two of them that surprise people: ``12:30`` is text, not the number 750, and a date is text.
"""

from __future__ import annotations

import re

Scalar = str | int | float | bool | None

_TRUE = frozenset("yes Yes YES true True TRUE on On ON".split())
_FALSE = frozenset("no No NO false False FALSE off Off OFF".split())
_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_INT = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(
    r"[-+]?(?:(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)|\.(?:inf|Inf|INF))\Z"
    r"|\.(?:nan|NaN|NAN)\Z"
)
_BASES = {"0b": 2, "0x": 16}
_LONGEST_NUMBER = 400


def resolve(text: str) -> Scalar:
    """Give the value of a plain scalar: None, a bool, an int, a float, or the text itself."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INT.match(text):
        return _integer(text.replace("_", ""), text)
    if _FLOAT.match(text):
        return float(re.sub(r"\.(?=[iInN][nNaA])", "", text.replace("_", "")))
    return text


def _integer(digits: str, text: str) -> int | str:
    sign = -1 if digits.startswith("-") else 1
    body = digits.lstrip("+-")
    base = _BASES.get(body[:2], 8 if body.startswith("0") and len(body) > 1 else 10)
    body = body[2:] if body[:2] in _BASES else body
    return sign * int(body, base) if body.strip("_") else text


def stringify(value: Scalar) -> str:
    """Write a literal as a job's command gets it: ``True``/``False`` for booleans, nothing for None."""
    return "" if value is None else str(value)


class SourceScalar(str):
    """How a scalar is written, with the value that it stands for: the text ``01`` and the number 1."""

    __slots__ = ("value",)
    value: Scalar

    def __new__(cls, text: str, value: Scalar) -> SourceScalar:
        """Keep both."""
        made = super().__new__(cls, text)
        made.value = value
        return made
