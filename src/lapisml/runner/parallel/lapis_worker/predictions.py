"""Predictions as lines of a CSV file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any


def height(predicted: Any) -> int:
    """Return how many predictions there are; -1 when that can't be said."""
    shape = getattr(predicted, "shape", None)
    if shape:
        return int(shape[0])
    return len(predicted) if isinstance(predicted, (list, tuple)) else -1


def lines(predicted: Any, file: str, first: int | None) -> str:
    """Return predictions as lines: the row's number, what was predicted, the file's name.

    Args:
        predicted: an array, frame, Series or list.
        file: the name.
        first: number of the first row in its file; None for a file that is one item.
    """
    tail = f",{cell(file)}\n"
    columns = _columns(predicted)
    if len(columns) == 1:
        return _single(columns[0], tail, first)
    texts = [",".join(row) for row in zip(*map(_texts, columns))]  # noqa: B905 - not known to Python 3.8
    if first is None:
        return "".join([text + tail for text in texts])
    return "".join([f"{row},{text}{tail}" for row, text in enumerate(texts, first)])


def cell(value: Any) -> str:
    """Return a value as a cell: text in quotes where it must be, lists and objects as JSON, nothing for what is absent.

    Quotes as in https://www.rfc-editor.org/rfc/rfc4180, section 2.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if hasattr(value, "tolist"):
        value = value.tolist()
    text = json.dumps(value, default=str) if isinstance(value, (list, tuple, dict)) else str(value)
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _single(column: Any, tail: str, first: int | None) -> str:
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    if first is None:
        return "".join([text + tail for text in _texts(column)])
    if _are_labels(column, values):
        # The few different ends of lines are made once.
        ends = {value: f",{cell(value)}{tail}" for value in set(values)}
        return "".join([f"{row}{ends[value]}" for row, value in enumerate(values, first)])
    return "".join([f"{row},{text}{tail}" for row, text in enumerate(_texts(column), first)])


def _are_labels(column: Any, values: list[Any]) -> bool:
    """Say whether values are of one kind that labels are of, and can be looked up without a doubt."""
    kind = str(getattr(column, "dtype", ""))
    return kind.startswith(("int", "uint", "bool", "<U")) or set(map(type, values)) == {str}


def _columns(predicted: Any) -> list[Any]:
    """Take predictions apart into columns, each with a value for every row."""
    if hasattr(predicted, "columns"):
        return [predicted.iloc[:, place].to_numpy() for place in range(predicted.shape[1])]
    if hasattr(predicted, "to_numpy"):
        predicted = predicted.to_numpy()
    if hasattr(predicted, "toarray"):
        predicted = predicted.toarray()
    if hasattr(predicted, "ndim"):
        if predicted.ndim == 2:
            return [predicted[:, place] for place in range(predicted.shape[1])]
        return [predicted] if predicted.ndim == 1 else [list(predicted)]
    if isinstance(predicted, dict):
        return [value if hasattr(value, "__len__") and not isinstance(value, str) else [value]
                for value in predicted.values()]  # fmt: skip
    if isinstance(predicted, (list, tuple)):
        return [list(predicted)]
    return [[predicted]]


def _texts(column: Any) -> Iterable[str]:
    kind = str(getattr(column, "dtype", ""))
    if kind == "float64":
        return [repr(value) if value == value else "" for value in column.tolist()]
    if kind.startswith(("int", "uint", "bool")):
        return map(str, column.tolist())
    if kind.startswith("float"):
        return [str(value) if value == value else "" for value in column]
    return map(cell, column)
