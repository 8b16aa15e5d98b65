"""What a loaded MLflow model takes and answers, in the terms of the accelerated form."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import forms
from ..errors import RequestError
from ..flavours import MATRIX, PYFUNC, Model
from ..matrix import Matrix, of_signature
from ..model_engine import taking
from ..signature import NUMPY_TYPES, ModelFile, Signature
from ..tables import Table
from .report import RefusedError
from .session import Rows
from .verify import Original

_KINDS = {"double": "double", "float": "float", "long": "whole", "integer": "short", "boolean": "truth"}
"""MLflow's types of columns → what `drawing.fitting` knows."""


def form_of(file: ModelFile, model: Model) -> dict[str, Any]:
    """Return the form of rows that a graph of this model is to take; see `Report.form`.

    Raises:
        RefusedError: it takes something else than numbers and texts.
    """
    if model.wants == PYFUNC or model.native is None:
        raise RefusedError("only models of scikit-learn, LightGBM and XGBoost that take plain columns are converted")
    signature = file.signature
    if signature is None:
        return _matrix(model.width, _texts(model.names), None)
    if signature.tensors:
        return _of_tensor(signature, model)
    if signature.numeric:
        types = [column.type for column in signature.columns]
        return _matrix(len(types), _texts(signature.names), [_KINDS[kind] for kind in types])
    return _columns(signature)


class Bridge:
    """Between rows as readers make them, rows in a graph's form, and the model.

    Args:
        form: the graph's; see `Report.form`.
        file, model, reader: the model, and what `readers.choose` found to read its requests.
    """

    def __init__(self, form: dict[str, Any], file: ModelFile, model: Model, reader: Any) -> None:
        self._form = form
        self._file = file
        self._reader = reader
        self._predict = taking(model)
        self._probabilities = _of_probabilities(model)
        self._takes_matrix = model.wants == MATRIX
        self._types = {} if file.signature is None else {one.name: one.type for one in file.signature.columns}

    @property
    def is_matrix(self) -> bool:
        """Whether the graph takes one matrix of numbers."""
        return bool(self._form["kind"] == "matrix")

    def reader(self) -> Any:
        """Return what reads requests for the graph."""
        if not self.is_matrix or self._takes_matrix:
            return self._reader
        if self._file.signature is not None:
            return of_signature(self._file.signature)
        return Matrix(self._form["names"], int(self._form["width"]), None)

    def rows(self, read: Any) -> Rows:
        """Bring what was read into the graph's form.

        Raises:
            KeyError, TypeError, ValueError: it does not fit.
        """
        if isinstance(read, np.ndarray):
            return np.ascontiguousarray(read, dtype=np.float64)
        kinds = {one["name"]: np.float64 if one["type"] == "number" else object for one in self._form["columns"]}
        return {name: np.asarray(read.columns[name], dtype=kind) for name, kind in kinds.items()}

    def answer(self, rows: Rows) -> Any:
        """Answer rows in the graph's form as the model does."""
        return self._predict(self._own(rows))

    def original(self) -> Original:
        """Return the model as it answers without a graph."""
        proba = self._probabilities
        return Original(self.answer, None if proba is None else lambda rows: proba(self._own(rows)))

    def example(self) -> Rows | None:
        """Return the rows of the model's input example in the graph's form; None without one that can be read."""
        path = self._file.example()
        if path is None:
            return None
        try:
            with open(path, encoding="utf-8") as example:
                return self.rows(self.reader().read(forms.read(json.load(example))))
        except (OSError, ValueError, TypeError, KeyError, RequestError):
            return None

    def _own(self, rows: Rows) -> Any:
        """Return rows in the graph's form as the model's own reader would have made them."""
        if self._takes_matrix:
            dtype = getattr(self._reader, "dtype", np.dtype("float64"))
            return rows if rows.dtype == dtype else rows.astype(dtype)
        columns = dict(zip(self._form["names"], rows.T)) if isinstance(rows, np.ndarray) else dict(rows)
        for name, values in columns.items():
            kind = NUMPY_TYPES.get(self._types.get(name, "double"))
            columns[name] = values.tolist() if kind is None else values.astype(kind)
        return Table(columns, len(next(iter(columns.values()))))


def _of_probabilities(model: Model) -> Callable[[Any], Any] | None:
    """Return what gives the probabilities for what the model's reader makes; None for a model without."""
    proba = getattr(model.native, "predict_proba", None)
    if proba is None:
        return None
    same = copy.copy(model)
    same.predict = proba
    found: Callable[[Any], Any] = taking(same)
    return found


def _matrix(width: int | None, names: list[str] | None, kinds: list[str] | None) -> dict[str, Any]:
    if not width:
        raise RefusedError("neither the model nor its signature says how many columns it takes")
    return {"kind": "matrix", "width": width, "names": names, "numbers": kinds or ["double"] * width}


def _of_tensor(signature: Signature, model: Model) -> dict[str, Any]:
    one = signature.tensors[0]
    kinds = {"float64": "double", "float32": "float", "int64": "whole", "int32": "short"}
    if len(signature.tensors) != 1 or len(one["shape"]) != 2 or one["dtype"] not in kinds:
        raise RefusedError("its signature is not one matrix of numbers")
    width = int(one["shape"][1]) if int(one["shape"][1]) > 0 else model.width
    return _matrix(width, None, [kinds[one["dtype"]]] * (width or 0))


def _columns(signature: Signature) -> dict[str, Any]:
    columns, numbers = [], []
    for column in signature.columns:
        if column.name is None or not (column.type in _KINDS or column.type == "string"):
            raise RefusedError(f"column '{column.name}' holds neither numbers nor texts")
        if not column.required:
            raise RefusedError(f"column '{column.name}' may be absent")
        if column.type == "string":
            columns.append({"name": column.name, "type": "text"})
        else:
            columns.append({"name": column.name, "type": "number"})
            numbers.append(_KINDS[column.type])
    return {"kind": "columns", "columns": columns, "numbers": numbers}


def _texts(names: list[Any] | None) -> list[str] | None:
    return None if names is None or not all(isinstance(name, str) for name in names) else list(names)
