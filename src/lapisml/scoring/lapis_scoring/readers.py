"""Chooses how a model's requests become rows."""

from __future__ import annotations

import json
import sys
from typing import Any

from . import forms
from .errors import RequestError
from .flavours import FRAME, MATRIX, PYFUNC, Model
from .frame import Frames
from .matrix import Matrix, of_signature
from .pyfunc_reader import PyfuncReader
from .signature import NUMPY_TYPES, ModelFile, Signature


def choose(file: ModelFile, model: Model) -> Any:
    """Return an object with ``read(form) → rows``; `model.wants` says afterwards what it makes.

    Raises:
        LoadError, ImportError: the environment lacks what reading needs.
    """
    signature = file.signature
    if model.wants == PYFUNC:
        return PyfuncReader(signature, model.pyfunc)
    if model.wants == MATRIX:
        matrix = _matrix(signature, model)
        if matrix is not None and _same(file, model, matrix):
            return matrix
        model.wants = FRAME
    if signature is not None and not signature.simple:
        return PyfuncReader(signature, None)
    return Frames(signature, model.names)


def _matrix(signature: Signature | None, model: Model) -> Matrix | None:
    if signature is None:
        names = model.names if model.anatomy is not None else None
        return Matrix(names, model.width, None)
    if signature.tensors:
        return _of_tensor(signature.tensors[0], model)
    if not signature.numeric:
        return None
    fitted = model.names if model.anatomy is not None else None
    if fitted is not None and signature.names is not None and fitted != signature.names:
        return None
    return of_signature(signature)


def _of_tensor(tensor: dict[str, Any], model: Model) -> Matrix | None:
    shape = tensor["shape"]
    kind = next((kind for kind, name in NUMPY_TYPES.items() if name == tensor["dtype"]), None)
    if len(shape) != 2 or kind is None:
        return None
    width = int(shape[1]) if shape[1] and shape[1] > 0 else model.width
    return Matrix(None, width, [kind] * width if width else None)


def _same(file: ModelFile, model: Model, matrix: Matrix) -> bool:
    """Say whether the model answers an array as it answers a frame; afterwards it has forgotten its columns' names."""
    anatomy = model.anatomy
    if anatomy is None:
        return True
    if anatomy.hands_frames:
        return False
    if not anatomy.picks_columns:
        anatomy.forget_names()
        return True
    if matrix.width is None or matrix.names is None:
        return False
    rows = _trial(file, matrix)
    try:
        framed = _answers(model, Frames(file.signature, matrix.names), rows, matrix)
        forgotten = anatomy.forget_names()
        if _equal(framed, _answers(model, matrix, rows, matrix)):
            return True
        anatomy.remember(forgotten)
    except ImportError:
        return False
    return False


def _trial(file: ModelFile, matrix: Matrix) -> list[list[list[float]]]:
    """Return rows to try: the model's example, and drawn ones; one request each."""
    import numpy as np

    assert matrix.width is not None
    drawn = np.random.RandomState(7).normal(0, 10, (24, matrix.width)).round()
    special = [[0.0] * matrix.width, [1.0] * matrix.width, [-1.0] * matrix.width]
    rows: list[list[list[float]]] = [[row] for row in [*special, *drawn.tolist()]]
    path = file.example()
    if path is not None:
        try:
            with open(path, encoding="utf-8") as example:
                rows.insert(0, matrix.read(forms.read(json.load(example))).tolist()[:20])
        except (OSError, ValueError, RequestError):
            sys.stderr.write("The model's input example can't be read; it is left out of the trial.\n")
    return rows


def _answers(model: Model, reader: Any, rows: list[list[list[float]]], matrix: Matrix) -> list[Any]:
    found: list[Any] = []
    for data in rows:
        form = forms.Form(forms.SPLIT, data, "data", False)
        form.columns = matrix.names
        try:
            found.append(model.predict(reader.read(form)))
        except Exception as error:  # noqa: BLE001 - a model may raise anything; the other form must raise it too
            found.append(type(error).__name__)
    return found


def _equal(ones: list[Any], others: list[Any]) -> bool:
    import numpy as np

    if all(isinstance(one, str) for one in ones):
        return False
    for one, other in zip(ones, others):
        if isinstance(one, str) or isinstance(other, str):
            if not (isinstance(one, str) and isinstance(other, str) and one == other):
                return False
        elif np.shape(one) != np.shape(other) or not (np.asarray(one) == np.asarray(other)).all():
            return False
    return True
