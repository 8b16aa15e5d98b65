"""Chooses how a model's requests become rows."""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from . import forms
from .errors import RequestError
from .flavours import FRAME, MATRIX, OBJECTS, PYFUNC, Model
from .matrix import Matrix, of_signature
from .pyfunc_reader import PyfuncReader
from .signature import NUMPY_TYPES, ModelFile, Signature
from .tables import Tables

_DRAWN = 24
"""How many rows are drawn for a trial."""


def choose(file: ModelFile, model: Model) -> Any:
    """Return an object with ``read(form) → rows``; `model.wants` says afterwards what the model gets.

    Raises:
        LoadError, ImportError: the environment lacks what reading needs.
    """
    signature = file.signature
    if model.wants == PYFUNC:
        return PyfuncReader(signature, model.pyfunc)
    if model.wants == MATRIX:
        matrix = _matrix(signature, model)
        if matrix is not None and _same(file, model, matrix, matrix.names, model.predict):
            return matrix
        model.wants = FRAME
    if signature is not None and not signature.simple:
        return PyfuncReader(signature, None)
    tables = Tables(signature, model.names)
    if _is_plain(signature) and model.anatomy is not None and model.anatomy.known:
        objects = Objects(tables)
        if _same(file, model, objects, signature.names if signature else None, model.predict):
            model.wants = OBJECTS
    return tables


class Objects:
    """Reads arrays of objects."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def read(self, form: forms.Form) -> Any:
        """Return the array."""
        return self._tables.read(form).objects()


def _is_plain(signature: Signature | None) -> bool:
    """Say whether columns are such that an array of objects can hold them as a frame does."""
    kinds = [column.type for column in signature.columns] if signature is not None else []
    required = all(column.required for column in signature.columns) if signature is not None else False
    return bool(kinds) and required and all(kind in NUMPY_TYPES or kind == "string" for kind in kinds)


def _matrix(signature: Signature | None, model: Model) -> Matrix | None:
    if signature is None:
        names = model.names if model.anatomy is not None else None
        return Matrix(names, model.width, None)
    if signature.tensors:
        return _of_tensor(signature.tensors[0], model)
    if not signature.numeric:
        return None
    fitted = model.names if model.anatomy is not None else None
    if fitted is not None and signature.names is not None and _spelt(fitted) != _spelt(signature.names):
        return None
    return of_signature(signature)


def _spelt(names: list[Any]) -> list[str]:
    """Return names as LightGBM writes them, which knows no spaces."""
    return [str(name).replace(" ", "_") for name in names]


def _of_tensor(tensor: dict[str, Any], model: Model) -> Matrix | None:
    shape = tensor["shape"]
    kind = next((kind for kind, name in NUMPY_TYPES.items() if name == tensor["dtype"]), None)
    if len(shape) != 2 or kind is None:
        return None
    width = int(shape[1]) if shape[1] and shape[1] > 0 else model.width
    return Matrix(None, width, [kind] * width if width else None)


def _same(file: ModelFile, model: Model, reader: Any, names: list[Any] | None, predict: Any) -> bool:
    """Say whether the model answers an array as it answers a frame; if so, it has forgotten its columns' names."""
    anatomy = model.anatomy
    if anatomy is None:
        return True
    if anatomy.hands_frames:
        return False
    numeric = isinstance(reader, Matrix)
    if numeric and not anatomy.picks_columns:
        anatomy.forget_names()
        return True
    if not names or (anatomy.names is not None and _spelt(anatomy.names) != _spelt(names)):
        return False
    rows = _trial(file, anatomy, names)
    try:
        tables = Tables(file.signature, names)
        framed = _answers(lambda form: predict(tables.read(form).frame()), rows)
    except ImportError:
        return False
    forgotten = anatomy.forget_names()
    if _equal(framed, _answers(lambda form: predict(reader.read(form)), rows)):
        return True
    anatomy.remember(forgotten)
    return False


def _trial(file: ModelFile, anatomy: Any, names: list[Any]) -> list[forms.Form]:
    """Return requests to try: the model's example, drawn rows, and rows with something absent."""
    columns = file.signature.columns if file.signature is not None else []
    kinds = [column.type for column in columns] or ["double"] * len(names)
    texts = anatomy.texts or ["a"]
    draw = random.Random(7)  # noqa: S311 - rows to try, nothing secret
    found = []
    for number in range(_DRAWN):
        row = [_drawn(kind, number, draw, texts) for kind in kinds]
        if number % 6 == 5:
            row[draw.randrange(len(row))] = None
        form = forms.Form(forms.SPLIT, [row], "data", False)
        form.columns = names
        found.append(form)
    path = file.example()
    if path is not None:
        try:
            with open(path, encoding="utf-8") as example:
                found.append(forms.read(json.load(example)))
        except (OSError, ValueError, RequestError):
            sys.stderr.write("The model's input example can't be read; it is left out of the trial.\n")
    return found


def _drawn(kind: str, number: int, draw: random.Random, texts: list[str]) -> Any:
    if kind == "string":
        return draw.choice(texts)
    if kind == "boolean":
        return draw.random() < 0.5
    whole = draw.randint(0, 9) if number > 2 else number
    return whole if kind in ("long", "integer") else float(whole) if number < 12 else draw.gauss(0, 10)


def _answers(answer: Any, rows: list[forms.Form]) -> list[Any]:
    found: list[Any] = []
    for form in rows:
        try:
            found.append(answer(form))
        except ImportError:
            raise
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
