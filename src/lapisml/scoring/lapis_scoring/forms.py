"""The forms in which clients send rows: Azure ML's, MLflow's (2 and older) and TensorFlow Serving's.

==========================================  =========================================  ===========================
key                                         value                                      answer
==========================================  =========================================  ===========================
``input_data``, ``data``, or no key at all  ``{columns, index, data}``, rows,          ``[…]``
                                            records, columns
``dataframe_split``                         ``{columns, index, data}``                 ``{"predictions": […]}``
``dataframe_records``                       records                                    ``{"predictions": […]}``
``inputs``, ``instances``                   rows, records, columns                     ``{"predictions": […]}``
==========================================  =========================================  ===========================
"""

from __future__ import annotations

from typing import Any

from .errors import RequestError

SPLIT, RECORDS, COLUMNS, ARRAY = "split", "records", "columns", "array"

_BARE = ("input_data", "data")
_WRAPPED = ("dataframe_split", "dataframe_records", "inputs", "instances")
_KEYS = (*_BARE, *_WRAPPED)
_SPLIT_KEYS = {"columns", "index", "data", "params"}


class Form:
    """A request's rows, as they were sent.

    Attributes:
        shape: ``split``, ``records``, ``columns`` or ``array``.
        columns: names of the columns, of a split that has them.
        data: rows; records; values by column; or a list of whatever.
        index: labels of the rows, of a split that has them.
        params: parameters beside the rows.
        wrapped: whether the answer is ``{"predictions": …}``.
        key: where the rows stood, for messages.
    """

    __slots__ = ("columns", "data", "index", "key", "params", "shape", "wrapped")

    def __init__(self, shape: str, data: Any, key: str, wrapped: bool) -> None:
        self.shape = shape
        self.data = data
        self.key = key
        self.wrapped = wrapped
        self.columns: list[Any] | None = None
        self.index: list[Any] | None = None
        self.params: dict[str, Any] | None = None


def read(document: Any) -> Form:
    """Tell the form of a request.

    Raises:
        RequestError: it is none of them.
    """
    if type(document) is not dict:
        return _of("", document, False)
    for key in _KEYS:
        if key in document:
            if key == "data" and "columns" in document:
                break
            form = _of(key, document[key], key in _WRAPPED)
            if len(document) > 1:
                _beside(form, document)
            return form
    if "data" in document:
        return _split("", document, False)
    wanted = ", ".join(_KEYS)
    found = ", ".join(map(str, list(document)[:10])) or "nothing"
    message = f"The request has none of the keys that hold rows ({wanted}); it has {found}."
    raise RequestError(message, details=[{"path": "", "expected": f"one of {wanted}"}])


def _beside(form: Form, document: dict[str, Any]) -> None:
    others = [key for key in _KEYS if key in document]
    if len(others) > 1:
        message = f"The request holds rows more than once, under {' and '.join(others)}; keep one of them."
        raise RequestError(message, details=[{"path": key, "expected": "only one of them"} for key in others])
    params = document.get("params")
    if params is None:
        return
    if type(params) is not dict:
        raise RequestError("params is no object.", details=[{"path": "params", "expected": "an object"}])
    form.params = {**(form.params or {}), **params}


def _of(key: str, value: Any, wrapped: bool) -> Form:
    if type(value) is dict:
        if "data" in value and (key == "dataframe_split" or _SPLIT_KEYS.issuperset(value)):
            return _split(key, value, wrapped)
        if key in ("", "inputs", "instances", "input_data", "data"):
            return Form(COLUMNS, value, key, wrapped)
        expected = "an object with data, columns and index" if key == "dataframe_split" else "a list of records"
        raise RequestError(f"{key} is not {expected}.", details=[{"path": key, "expected": expected}])
    if type(value) is list:
        if key == "dataframe_split":
            expected = "an object with data, columns and index"
            raise RequestError(f"{key} is not {expected}.", details=[{"path": key, "expected": expected}])
        if value and type(value[0]) is dict:
            return Form(RECORDS, value, key, wrapped)
        return Form(ARRAY, value, key, wrapped)
    if key in ("inputs", "instances", "input_data"):
        return Form(ARRAY, value, key, wrapped)
    raise RequestError(f"{key or 'The request'} holds no rows.", details=[{"path": key, "expected": "rows"}])


def _split(key: str, value: dict[str, Any], wrapped: bool) -> Form:
    form = Form(SPLIT, value["data"], f"{key}.data" if key else "data", wrapped)
    if type(form.data) is not list:
        raise RequestError(f"{form.key} is no list.", details=[{"path": form.key, "expected": "a list of rows"}])
    columns = value.get("columns")
    if columns is not None:
        if type(columns) is not list:
            where = f"{key}.columns" if key else "columns"
            raise RequestError(f"{where} is no list.", details=[{"path": where, "expected": "a list of names"}])
        form.columns = columns
    index = value.get("index")
    form.index = index if type(index) is list and len(index) == len(form.data) else None
    params = value.get("params")
    form.params = params if type(params) is dict else None
    return form
