"""What a loaded MLflow model takes and answers, in the terms of the accelerated form."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from .. import forms, readers
from ..errors import LoadError, RequestError
from ..flavours import FRAME, MATRIX, PYFUNC, Model
from ..matrix import Matrix
from ..signature import NUMPY_TYPES, ModelFile, Signature
from .report import Refused
from .session import Rows
from .verify import Original

_KINDS = {"double": "double", "float": "float", "long": "whole", "integer": "short", "boolean": "truth"}
"""MLflow's types of columns → what `drawing.fitting` knows."""


def form_of(file: ModelFile, model: Model) -> Dict[str, Any]:
    """Return the form of rows that a graph of this model is to take; see `Report.form`.

    Raises:
        Refused: it takes something else than numbers and texts.
    """
    if model.wants == PYFUNC or model.native is None:
        raise Refused("only models of scikit-learn, LightGBM and XGBoost that take plain columns are converted")
    signature = file.signature
    if signature is None:
        return _matrix(model.width, _texts(model.names), None)
    if signature.tensors:
        return _of_tensor(signature, model)
    if signature.numeric:
        types = [column.type for column in signature.columns]
        return _matrix(len(types), _texts(signature.names), [_KINDS[kind] for kind in types])
    return _columns(signature)


def original_of(file: ModelFile, model: Model, reader: Any, form: Dict[str, Any]) -> Original:
    """Return the model as it answers today, taking rows in the graph's form."""
    to = input_of(file, model, reader, form)
    native = model.native
    proba = getattr(native, "predict_proba", None)
    answer: Callable[[Any], Any] = lambda rows: model.predict(to(rows))  # noqa: E731
    return Original(answer, None if proba is None else lambda rows: proba(to(rows)))


def input_of(file: ModelFile, model: Model, reader: Any, form: Dict[str, Any]) -> Callable[[Rows], Any]:
    """Return what makes the model's own input of rows in the graph's form."""
    if model.wants == MATRIX:
        dtype = getattr(reader, "dtype", np.dtype("float64"))
        return lambda rows: rows if rows.dtype == dtype else rows.astype(dtype)  # type: ignore[union-attr]
    types = {column.name: column.type for column in file.signature.columns} if file.signature is not None else {}
    names = form.get("names") or [one["name"] for one in form.get("columns") or ()]

    def frame(rows: Rows) -> Any:
        import pandas as pd

        columns = rows if not isinstance(rows, np.ndarray) else dict(zip(names, rows.T))
        made = {}
        for name in names:
            kind = NUMPY_TYPES.get(types.get(name, "double"))
            made[name] = columns[name] if kind is None else columns[name].astype(kind)
        return pd.DataFrame(made)

    return frame


def example_of(file: ModelFile, model: Model, reader: Any, form: Dict[str, Any]) -> Optional[Rows]:
    """Return the rows of the model's input example in the graph's form; None without one that can be read."""
    path = file.example()
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as example:
            rows = reader.read(forms.read(json.load(example)))
    except (OSError, ValueError, RequestError, LoadError):
        return None
    if model.wants == FRAME:
        return of_frame(rows, form)
    return np.ascontiguousarray(rows, dtype=np.float64)


def of_frame(frame: Any, form: Dict[str, Any]) -> Optional[Rows]:
    """Return a DataFrame's rows in the graph's form; None when they don't fit into it."""
    try:
        if form["kind"] == "matrix":
            return np.ascontiguousarray(frame[form["names"]].to_numpy(dtype=np.float64, na_value=np.nan))
        columns: Dict[str, np.ndarray] = {}
        for one in form["columns"]:
            kind = np.float64 if one["type"] == "number" else object
            columns[one["name"]] = frame[one["name"]].to_numpy(dtype=kind)
        return columns
    except (KeyError, TypeError, ValueError):
        return None


def reader_of(file: ModelFile, form: Dict[str, Any]) -> Matrix:
    """Return what reads requests straight into the matrix of a graph, for a model that itself wants a frame."""
    if file.signature is not None:
        return readers.of_signature(file.signature)
    return Matrix(form["names"], int(form["width"]), None)


def _matrix(width: Optional[int], names: Optional[List[str]], kinds: Optional[List[str]]) -> Dict[str, Any]:
    if not width:
        raise Refused("neither the model nor its signature says how many columns it takes")
    return {"kind": "matrix", "width": width, "names": names, "numbers": kinds or ["double"] * width}


def _of_tensor(signature: Signature, model: Model) -> Dict[str, Any]:
    one = signature.tensors[0]
    kinds = {"float64": "double", "float32": "float", "int64": "whole", "int32": "short"}
    if len(signature.tensors) != 1 or len(one["shape"]) != 2 or one["dtype"] not in kinds:
        raise Refused("its signature is not one matrix of numbers")
    width = int(one["shape"][1]) if int(one["shape"][1]) > 0 else model.width
    return _matrix(width, None, [kinds[one["dtype"]]] * (width or 0))


def _columns(signature: Signature) -> Dict[str, Any]:
    columns, numbers = [], []
    for column in signature.columns:
        if column.name is None or not (column.type in _KINDS or column.type == "string"):
            raise Refused("column '{}' holds {}, not numbers or texts".format(column.name, column.type))
        if column.type == "string":
            columns.append({"name": column.name, "type": "text"})
        else:
            columns.append({"name": column.name, "type": "number"})
            numbers.append(_KINDS[column.type])
    return {"kind": "columns", "columns": columns, "numbers": numbers}


def _texts(names: Optional[List[Any]]) -> Optional[List[str]]:
    return None if names is None or not all(isinstance(name, str) for name in names) else list(names)
