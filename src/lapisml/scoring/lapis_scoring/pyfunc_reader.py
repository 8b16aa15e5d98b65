"""Requests for models that only MLflow can load: tensors, nested types, and whatever their signature says."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import RequestError
from .forms import ARRAY, RECORDS, SPLIT, Form
from .signature import Signature
from .tables import Tables

_TENSOR_FORMS = ("inputs", "instances")


class PyfuncReader:
    """Makes what ``PyFuncModel.predict`` takes of what a request holds.

    Args:
        signature: the model's signature, or None.
        pyfunc: the loaded model, for signatures that only MLflow understands.
    """

    def __init__(self, signature: Signature | None, pyfunc: Any) -> None:
        import numpy as np

        self._np = np
        self._signature = signature
        self._pyfunc = pyfunc
        self._tables = Tables(signature) if signature is None or signature.simple else None

    def read(self, form: Form) -> Any:
        """Return rows.

        Raises:
            RequestError: they don't fit the signature.
        """
        if self._tables is not None:
            if self._signature is None and form.shape == ARRAY and form.key in _TENSOR_FORMS:
                return self._np.array(form.data)
            return self._tables.read(form).frame()
        assert self._signature is not None
        if self._signature.tensors:
            return self._tensors(self._signature.tensors, form)
        return self._by_mlflow(form)

    def _tensors(self, tensors: list[dict[str, Any]], form: Form) -> Any:
        if len(tensors) == 1 and (tensors[0]["name"] is None or form.shape in (ARRAY, SPLIT)):
            data = [list(record.values()) for record in form.data] if form.shape == RECORDS else form.data
            if isinstance(data, dict):
                data = next(iter(data.values()), [])
            made = self._tensor(tensors[0], data, form.key)
            return made if tensors[0]["name"] is None else {tensors[0]["name"]: made}
        data = form.data
        if form.shape == RECORDS:
            data = {tensor["name"]: [record.get(tensor["name"]) for record in form.data] for tensor in tensors}
        if not isinstance(data, dict):
            names = ", ".join(str(tensor["name"]) for tensor in tensors)
            expected = f"an object with {names}"
            raise RequestError(f"{form.key} is not {expected}.", details=[{"path": form.key, "expected": expected}])
        return {t["name"]: self._tensor(t, _named(data, t["name"], form), f"{form.key}.{t['name']}") for t in tensors}

    def _tensor(self, tensor: dict[str, Any], data: Any, path: str) -> Any:
        expected = f"{tensor['dtype']} of shape {tuple(tensor['shape'])}"
        try:
            array = self._np.array(data, tensor["dtype"])
        except (ValueError, TypeError, OverflowError) as error:
            message = f"{path}: expected {expected}: {error}."
            raise RequestError(message, "WrongType", details=[{"path": path, "expected": expected}]) from error
        shape = tensor["shape"]
        if shape and (array.ndim != len(shape) or any(w not in (-1, n) for w, n in zip(shape, array.shape))):
            message = f"{path}: expected {expected}, got shape {array.shape}."
            raise RequestError(message, "WrongShape", details=[{"path": path, "expected": expected}])
        return array

    def _by_mlflow(self, form: Form) -> Any:
        """Let MLflow's own server read it: nested objects, arrays, maps."""
        server: Any = importlib.import_module("mlflow.pyfunc.scoring_server")
        schema = self._pyfunc.metadata.get_input_schema() if self._pyfunc is not None else None
        if form.shape == SPLIT:
            document = {"dataframe_split": {"columns": form.columns, "data": form.data}}
        elif form.shape == RECORDS:
            document = {"dataframe_records": form.data}
        else:
            document = {"inputs": form.data}
        try:
            return server.infer_and_parse_data(document, schema)
        except Exception as error:
            said = " ".join(str(error).split())[:500]
            raise RequestError(said, details=[{"path": form.key, "expected": "what the signature says"}]) from error


def _named(data: dict[str, Any], name: Any, form: Form) -> Any:
    try:
        return data[name]
    except KeyError as error:
        message = f"Input '{name}' is missing."
        details = [{"path": form.key, "expected": f"input {name}"}]
        raise RequestError(message, "MissingColumn", details=details) from error
