"""Rows straight into one array of numbers, for models that need no frame."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from . import complaints
from .forms import ARRAY, RECORDS, SPLIT, Form
from .signature import NUMPY_TYPES, Signature


class Matrix:
    """Makes an array of shape (rows, columns) of what a request holds.

    Args:
        names: the columns in the model's order; None when they have no names.
        width: how many columns; None when that is not known.
        types: MLflow's type of each column; None = double.
        optional: names that may be absent.
    """

    def __init__(
        self,
        names: list[Any] | None,
        width: int | None,
        types: list[str] | None,
        optional: frozenset[Any] = frozenset(),
    ) -> None:
        import numpy as np

        self._np = np
        self.names = names
        self.width = width
        self.types = types or ["double"] * (width or 0)
        self._optional = optional
        self.dtype = np.result_type(*[NUMPY_TYPES[kind] for kind in self.types]) if self.types else np.dtype("float64")
        if self.dtype.kind == "b":
            self.dtype = np.dtype("float64")
        self._parsed = np.dtype("float32") if self.dtype == np.float32 else np.dtype("float64")
        self._whole = [i for i, kind in enumerate(self.types) if kind in ("long", "integer")]
        self._single = [] if self.dtype == np.float32 else [i for i, kind in enumerate(self.types) if kind == "float"]
        self._checked = bool(self._whole or self._single)
        self._ends = np.array([2.0**31 if self.types[i] == "integer" else 2.0**63 for i in self._whole])
        self._get = itemgetter(*names) if names and len(names) > 1 else None

    def read(self, form: Form) -> Any:
        """Return the array.

        Raises:
            RequestError: columns are missing, rows differ in length, values are no numbers.
        """
        rows, order = self._rows(form)
        try:
            array = self._array(rows)
        except (ValueError, TypeError, OverflowError) as error:
            raise complaints.values(rows, form, self._sent(form), self._type_of) from error
        width = array.shape[1] if array.ndim == 2 else -1
        if order is not None:
            if width != len(form.columns or ()):
                raise complaints.lengths(rows, form, len(form.columns or ()))
            array = array[:, order]
        elif (self.width is not None and width != self.width) or width < 0:
            array = self._reshaped(array, rows, form)
        return self._typed(array, form) if self._checked else array

    def _array(self, rows: Any) -> Any:
        if len(self._whole) == len(self.types) > 0:
            # Whole numbers beyond 2⁵³ would not survive as doubles.
            array = self._np.array(rows)
            if array.dtype == self._np.int64:
                return array
        return self._np.array(rows, self._parsed)

    def _rows(self, form: Form) -> tuple[Any, list[int] | None]:
        if form.shape == SPLIT and form.columns is not None and self.names is not None and form.columns != self.names:
            order = self._order(form)
            return form.data, order
        if form.shape == SPLIT or form.shape == ARRAY:
            return form.data, None
        if self.names is None:
            return _unnamed(form), None
        return (self._records(form) if form.shape == RECORDS else self._columns(form)), None

    def _order(self, form: Form) -> list[int] | None:
        assert self.names is not None
        sent = form.columns or []
        places = {name: place for place, name in enumerate(sent)}
        try:
            return [places[name] for name in self.names]
        except (KeyError, TypeError):
            pass
        missing = [name for name in self.names if name not in sent and name not in self._optional]
        if missing:
            raise complaints.missing(missing, sent, form)
        form.data = [dict(zip(sent, row)) if type(row) is list else row for row in form.data]
        form.shape, form.columns = RECORDS, None
        form.data = self._records(form)
        form.shape = ARRAY
        return None

    def _records(self, form: Form) -> Any:
        assert self.names is not None
        try:
            if self._get is not None:
                return list(map(self._get, form.data))
            return [(record[self.names[0]],) for record in form.data]
        except (KeyError, TypeError):
            pass
        rows = []
        for number, record in enumerate(form.data):
            if type(record) is not dict:
                raise complaints.record(form, number)
            missing = [name for name in self.names if name not in record and name not in self._optional]
            if missing:
                raise complaints.missing(missing, list(record), form, number)
            rows.append([record.get(name) for name in self.names])
        return rows

    def _columns(self, form: Form) -> Any:
        assert self.names is not None
        sent = list(form.data)
        missing = [name for name in self.names if name not in form.data and name not in self._optional]
        if missing:
            raise complaints.missing(missing, sent, form)
        columns = [complaints.column(form.data[name]) if name in form.data else None for name in self.names]
        height = max((len(column) for column in columns if column is not None), default=0)
        filled = [[None] * height if column is None else column for column in columns]
        for name, column in zip(self.names, filled):
            if len(column) != height:
                raise complaints.height(name, len(column), height, form)
        return list(zip(*filled))

    def _reshaped(self, array: Any, rows: Any, form: Form) -> Any:
        """Read a flat list as one row, or as one column, when the model leaves no doubt which."""
        if array.ndim == 1 and form.shape != SPLIT:
            if self.width == 1 or (self.width is None and array.size):
                return array.reshape(-1, 1) if self.width == 1 else array.reshape(1, -1)
            if array.size == self.width:
                return array.reshape(1, -1)
        if array.size == 0 and self.width is not None:
            return array.reshape(0, self.width)
        raise complaints.lengths(rows, form, self.width)

    def _typed(self, array: Any, form: Form) -> Any:
        np = self._np
        if self._whole:
            part = array if len(self._whole) == len(self.types) else array[:, self._whole]
            wrong = (part != np.rint(part)) | (part >= self._ends) | (part < -self._ends)
            if wrong.any():
                raise complaints.fractions(array, wrong, self._whole, self.names, form)
        for place in self._single:
            array[:, place] = array[:, place].astype(np.float32)
        return array if array.dtype == self.dtype else array.astype(self.dtype)

    def _sent(self, form: Form) -> list[Any] | None:
        return form.columns if form.shape == SPLIT and form.columns is not None else self.names

    def _type_of(self, name: Any) -> str:
        return self.types[self.names.index(name)] if self.names and name in self.names else "double"


def _unnamed(form: Form) -> Any:
    """Return rows for a model whose columns have no names: the values as they come."""
    if form.shape == RECORDS:
        return [list(record.values()) if type(record) is dict else record for record in form.data]
    columns = [complaints.column(values) for values in form.data.values()]
    for name, values in zip(form.data, columns):
        if len(values) != len(columns[0]):
            raise complaints.height(name, len(values), len(columns[0]), form)
    return list(zip(*columns))


def of_signature(signature: Signature) -> Matrix:
    """Return what reads rows for a signature of numbers."""
    optional = frozenset(column.name for column in signature.columns if not column.required)
    types = [column.type for column in signature.columns]
    return Matrix(signature.names, len(types), types, optional)
