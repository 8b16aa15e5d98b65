"""Rows as a pandas DataFrame, for models that want one."""

from __future__ import annotations

import base64
from typing import Any

from . import complaints
from .errors import RequestError
from .forms import ARRAY, COLUMNS, RECORDS, Form
from .signature import NUMPY_TYPES, Column, Signature


class Frames:
    """Makes DataFrames of what requests hold, with the types that the signature gives the columns.

    Args:
        signature: the model's signature of plain columns, or None.
        names: the columns of a model without a signature, when it knows them.
    """

    def __init__(self, signature: Signature | None, names: list[Any] | None = None) -> None:
        import numpy as np
        import pandas as pd

        self._np, self._pd = np, pd
        self._columns = signature.columns if signature is not None else []
        self._names = signature.names if signature is not None else names

    def read(self, form: Form) -> Any:
        """Return the frame.

        Raises:
            RequestError: columns are missing, rows differ in length, values have the wrong type.
        """
        by_column, height = self._by_column(form)
        if self._columns:
            made = {c.name: self._typed(c, by_column[c.name], form) for c in self._columns if c.name in by_column}
        else:
            made = by_column
        index = form.index if form.index is not None else self._pd.RangeIndex(height)
        return self._pd.DataFrame(made, index=index, copy=False)

    def _by_column(self, form: Form) -> tuple[dict[Any, Any], int]:
        """Return name → values, and how many rows there are."""
        if form.shape == COLUMNS:
            found = {name: complaints.column(values) for name, values in form.data.items()}
        elif form.shape == RECORDS:
            found = self._of_records(form)
        else:
            found = self._of_rows(form)
        missing = [c.name for c in self._columns if c.required and c.name is not None and c.name not in found]
        if missing:
            raise complaints.missing(missing, list(found), form, 0 if form.shape == RECORDS else None)
        height = max(map(len, found.values()), default=0)
        for name, values in found.items():
            if len(values) != height:
                raise complaints.height(name, len(values), height, form)
        return found, height

    def _of_records(self, form: Form) -> dict[Any, Any]:
        for number, record in enumerate(form.data):
            if type(record) is not dict:
                raise complaints.record(form, number)
        names = list(dict.fromkeys(name for record in form.data for name in record))
        for column in self._columns:
            if column.required and column.name in names:
                for number, record in enumerate(form.data):
                    if column.name not in record:
                        raise complaints.missing([column.name], list(record), form, number)
        return {name: [record.get(name) for record in form.data] for name in names}

    def _of_rows(self, form: Form) -> dict[Any, Any]:
        rows = form.data if isinstance(form.data, list) else [form.data]
        if form.shape == ARRAY and rows and not isinstance(rows[0], list):
            rows = [rows] if len(rows) == len(self._names or ()) > 1 else [[value] for value in rows]
        names = form.columns if form.columns is not None else self._names
        width = len(names) if names is not None else len(rows[0]) if rows and isinstance(rows[0], list) else 0
        if any(not isinstance(row, list) or len(row) != width for row in rows):
            raise complaints.lengths(rows, form, width)
        labels = names if names is not None else list(range(width))
        columns = [list(values) for values in zip(*rows)] if rows else [[] for _ in labels]
        if self._columns and self._names is None:
            labels = [column.name for column in self._columns[:width]] if width == len(self._columns) else labels
        return dict(zip(labels, columns))

    def _typed(self, column: Column, values: list[Any], form: Form) -> Any:
        try:
            return self._converted(column.type, values)
        except (ValueError, TypeError, OverflowError) as error:
            raise _wrong(column, values, form, error) from error

    def _converted(self, kind: str, values: list[Any]) -> Any:
        np = self._np
        if kind in ("long", "integer"):
            numbers = np.array(values, "float64")
            if (numbers != np.rint(numbers)).any():
                raise ValueError("expected whole numbers")
            return np.array(values, NUMPY_TYPES[kind]) if all(type(v) is int for v in values) else numbers.astype("i8")
        if kind in ("double", "float"):
            return np.array(values, NUMPY_TYPES[kind])
        if kind == "boolean":
            if any(value not in (True, False, None) for value in values):
                raise ValueError("expected true or false")
            return np.array(values, object if None in values else bool)
        if kind == "datetime":
            return self._pd.to_datetime(values)
        if kind == "binary":
            return [None if value is None else base64.b64decode(value) for value in values]
        if any(value is not None and not isinstance(value, str) for value in values):
            raise ValueError("expected texts")
        return values


def _wrong(column: Column, values: list[Any], form: Form, error: Exception) -> RequestError:
    shown = next((value for value in values if not _fits(column.type, value)), None)
    got = "no value" if shown is None else repr(shown)[:40]
    message = f"Column '{column.name}': expected {column.type}, got {got}."
    if column.type == "datetime":
        message = f"Column '{column.name}': expected {column.type}: {' '.join(str(error).split())[:200]}"
    details = [{"path": form.key, "column": column.name, "expected": column.type}]
    return RequestError(message, "WrongType", details=details)


def _fits(kind: str, value: Any) -> bool:
    if kind == "string":
        return value is None or isinstance(value, str)
    if kind == "boolean":
        return value is None or isinstance(value, bool)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value is None and kind in ("double", "float")
    return kind in ("double", "float") or number == int(number)
