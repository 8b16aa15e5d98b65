"""Values of tables as a page shows them. Pure."""

from __future__ import annotations

import math
from typing import Any

import orjson

Cell = str | int | float | bool | None

LONGEST_CELL = 1_000
"""Characters."""

_EXACT = 2**53
"""Whole numbers from here on lose digits in a browser; they go as text."""


def shown_cell(value: Any, longest: int = LONGEST_CELL) -> Cell:
    """Write a value: numbers as they are, everything else as text of at most `longest` characters and a mark."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return _cut(value[:longest].hex(" "), longest)
    return _cut(_written(value), longest)


def _written(value: Any) -> str:
    return orjson.dumps(value, default=str).decode() if isinstance(value, list | dict) else str(value)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"
