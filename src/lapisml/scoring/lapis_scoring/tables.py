"""Rows by column, with the types that the signature gives them: for models that take texts, dates, or frames."""

from __future__ import annotations

import base64
from typing import Any

from . import complaints
from .errors import RequestError
from .forms import ARRAY, COLUMNS, RECORDS, Form
from .signature import NUMPY_TYPES, Column, Signature


class Table:
    """Columns of one length.

    Attributes:
        columns: name → array, or list for texts.
        index: labels of the rows, when the request had some.
    """

    __slots__ = ("_height", "columns", "index")

    def __init__(self, columns: dict[Any, Any], height: int, index: list[Any] | None = None) -> None:
        self.columns = columns
        self._height = height
        self.index = index

    def __len__(self) -> int:
        return self._height

    def frame(self) -> Any:
        """Return it as a pandas DataFrame."""
        import pandas as pd

        index = pd.RangeIndex(self._height) if self.index is None else self.index
        return pd.DataFrame(self.columns, index=index, copy=False)

    def objects(self) -> Any:
        """Return it as an array of objects, absent texts as NaN, as frames have them."""
        import numpy as np

        made = np.empty((self._height, len(self.columns)), object)
        for place, values in enumerate(self.columns.values()):
            absent = isinstance(values, list) and None in values
            made[:, place] = [np.nan if value is None else value for value in values] if absent else values
        return made


def joined(tables: list[Table]) -> Table:
    """Return tables of the same columns as one."""
    import numpy as np

    made: dict[Any, Any] = {}
    for name, values in tables[0].columns.items():
        parts = [table.columns[name] for table in tables]
        made[name] = [v for part in parts for v in part] if isinstance(values, list) else np.concatenate(parts)
    return Table(made, sum(map(len, tables)))


class Tables:
    """Makes tables of what requests hold.

    Args:
        signature: the model's signature of plain columns, or None.
        names: the columns of a model without a signature, when it knows them.
    """

    def __init__(self, signature: Signature | None, names: list[Any] | None = None) -> None:
        import numpy as np

        self._np = np
        self._columns = signature.columns if signature is not None else []
        self._names = signature.names if signature is not None else names

    def read(self, form: Form) -> Table:
        """Return the table.

        Raises:
            RequestError: columns are missing, rows differ in length, values have the wrong type.
        """
        by_column, height = self._by_column(form)
        if self._columns:
            by_column = {
                label: self._typed(column, by_column[label], form)
                for label, column in zip(self._labels(by_column), self._columns)
                if label in by_column
            }
        return Table(by_column, height, form.index)

    def _labels(self, by_column: dict[Any, Any]) -> list[Any]:
        return list(by_column) if self._names is None else self._names

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
        names: dict[Any, None] = {}
        for number, record in enumerate(form.data):
            if type(record) is not dict:
                raise complaints.record(form, number)
            names.update(dict.fromkeys(record))
        for column in self._columns:
            if column.required and column.name in names:
                for number, record in enumerate(form.data):
                    if column.name not in record:
                        raise complaints.missing([column.name], list(record), form, number)
        return {name: [record.get(name) for record in form.data] for name in names}

    def _of_rows(self, form: Form) -> dict[Any, Any]:
        rows = form.data if isinstance(form.data, list) else [form.data]
        if form.shape == ARRAY and rows and not isinstance(rows[0], list):
            rows = [rows] if len(rows) == len(self._columns) > 1 else [[value] for value in rows]
        names = form.columns if form.columns is not None else self._names
        if names is None:
            width = len(self._columns) or (len(rows[0]) if rows and isinstance(rows[0], list) else 0)
            names = list(range(width))
        if any(type(row) is not list or len(row) != len(names) for row in rows):
            raise complaints.lengths(rows, form, len(names))
        columns = [list(values) for values in zip(*rows)] if rows else [[] for _ in names]
        return dict(zip(names, columns))

    def _typed(self, column: Column, values: list[Any], form: Form) -> Any:
        try:
            return self._converted(column.type, values)
        except (ValueError, TypeError, OverflowError) as error:
            raise _wrong(column, values, form, error) from error

    def _converted(self, kind: str, values: list[Any]) -> Any:
        np = self._np
        if kind in ("double", "float"):
            return np.array(values, NUMPY_TYPES[kind])
        if kind in ("long", "integer"):
            return self._whole(kind, values)
        if kind == "boolean":
            return self._truths(values)
        if kind == "datetime":
            import pandas as pd

            return pd.to_datetime(values).to_numpy()
        if kind == "binary":
            return [None if value is None else base64.b64decode(value) for value in values]
        if any(value is not None and type(value) is not str for value in values):
            raise ValueError("expected texts")
        return values

    def _whole(self, kind: str, values: list[Any]) -> Any:
        np = self._np
        if all(type(value) is int for value in values):
            return np.array(values, NUMPY_TYPES[kind])
        numbers = np.array(values, "float64")
        if (numbers != np.rint(numbers)).any():
            raise ValueError("expected whole numbers")
        return numbers.astype(NUMPY_TYPES[kind])

    def _truths(self, values: list[Any]) -> Any:
        if any(value is not None and type(value) is not bool and value not in (0, 1) for value in values):
            raise ValueError("expected true or false")
        if None in values:
            return self._np.array([None if value is None else bool(value) for value in values], object)
        return self._np.array(values, bool)


def _wrong(column: Column, values: list[Any], form: Form, error: Exception) -> RequestError:
    row = next((row for row, value in enumerate(values) if not _fits(column.type, value)), 0)
    value = values[row] if values else None
    got = "no value" if value is None else repr(value)[:40]
    message = f"Column '{column.name}', row {row}: expected {column.type}, got {got}."
    if column.type == "datetime":
        message = f"Column '{column.name}': expected {column.type}: {' '.join(str(error).split())[:200]}."
    details = [{"path": form.key, "column": column.name, "row": row, "expected": column.type}]
    return RequestError(message, "WrongType", details=details)


def _fits(kind: str, value: Any) -> bool:
    if kind in ("string", "binary"):
        return value is None or isinstance(value, str)
    if kind == "boolean":
        return value is None or value in (0, 1)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value is None and kind in ("double", "float")
    return kind in ("double", "float") or number == number // 1
