"""Answers requests with a model that needs no code of the user's."""

from __future__ import annotations

import io
import sys
import traceback
from typing import Any

from . import complaints, flavours, forms, jsons, readers, replies, signature, swagger, tables
from .collector import Collector
from .engine import Engine
from .errors import LoadError, RequestError, model_error
from .forms import SPLIT, Form
from .plan import MODELS_UNDER_WAY, Plan
from .wire import Request, answer_all

_MERGED_ROWS = 256
"""A request with more rows than this is answered by itself."""

_MOST_ROWS = 4096
"""Rows of a batch at most."""


class ModelEngine(Engine):
    """A model that MLflow saved.

    Args:
        plan: the replica's plan.
        collector: the deployment's collections.

    Raises:
        LoadError: the model can't be loaded.
    """

    kind = "mlflow"
    under_way = MODELS_UNDER_WAY

    def __init__(self, plan: Plan, collector: Collector) -> None:
        if not plan.model_path:
            raise LoadError("the deployment has neither a model nor a scoring script")
        self._file = signature.ModelFile(signature.find(plan.model_path))
        model = flavours.load(self._file, plan.threads)
        self._reader = readers.choose(self._file, model)
        self._model = model
        self._predict = taking(model)
        if plan.accelerated:
            from .accelerate import serving

            attached = serving.attach(plan.accelerated, self._file, model, self._reader, self._predict)
            self._reader, self._predict = attached
        self._loads, self._dumps = jsons.loader(), jsons.dumper()
        self.gathers = model.rowwise
        self.collects, self.raw = bool(collector), bool(collector.headers)
        self._kept = _Kept(collector, self._reader) if any(map(collector.wants, _COLLECTIONS)) else None

    def answer(self, requests: list[Request]) -> None:
        """Answer requests; small ones whose rows fit together are one call of the model."""
        if len(requests) == 1:
            self._alone(requests[0])
            return
        groups: dict[Any, list[tuple[Request, Form, Any]]] = {}
        for request in requests:
            if request.answered:
                continue
            try:
                form = self._form(request)
                rows = self._reader.read(form)
            except RequestError as error:
                request.fail(error)
                continue
            key = self._key(form, rows)
            if key is None:
                self._finish(request, form, rows)
            else:
                groups.setdefault(key, []).append((request, form, rows))
        for group in groups.values():
            self._together(group)

    def swagger(self) -> dict[str, Any]:
        """Describe requests and answers as the signature says."""
        return swagger.of_signature(self._file.signature, self._model.names)

    def _alone(self, request: Request) -> None:
        try:
            form = self._form(request)
            rows = self._reader.read(form)
        except RequestError as error:
            request.fail(error)
            return
        self._finish(request, form, rows)

    def _finish(self, request: Request, form: Form, rows: Any) -> None:
        try:
            predictions = self._scored(rows, form)
            request.answer(replies.body(predictions, form.wrapped, self._dumps))
            if self._kept is not None:
                self._kept.keep(request, rows, predictions)
        except RequestError as error:
            request.fail(error)
        except (TypeError, ValueError) as error:
            request.fail(_logged(error))

    def _together(self, group: list[tuple[Request, Form, Any]]) -> None:
        start = 0
        while start < len(group):
            end, taken = start + 1, len(group[start][2])
            while end < len(group) and taken + len(group[end][2]) <= _MOST_ROWS:
                taken += len(group[end][2])
                end += 1
            if end == start + 1:
                self._finish(*group[start])
            else:
                self._batch(group[start:end], taken)
            start = end

    def _batch(self, part: list[tuple[Request, Form, Any]], taken: int) -> None:
        try:
            predictions = self._predict(self._joined([rows for _, _, rows in part]))
        except Exception:  # noqa: BLE001 - whoever sent the bad rows is told so; the others are answered
            predictions = None
        if replies.height(predictions) != taken:
            for request, form, rows in part:
                self._finish(request, form, rows)
            return
        answers, start = [], 0
        for request, form, rows in part:
            end = start + len(rows)
            found = replies.part(predictions, start, end)
            answers.append((request, replies.body(found, form.wrapped, self._dumps)))
            start = end
            if self._kept is not None:
                self._kept.keep(request, rows, found)
        answer_all(answers)

    def _joined(self, rows: list[Any]) -> Any:
        if self._model.wants == flavours.MATRIX:
            import numpy as np

            return np.concatenate(rows)
        return tables.joined(rows)

    def _key(self, form: Form, rows: Any) -> Any:
        """Return what requests must share to be put together; None for one that stays alone."""
        if not self._model.rowwise or form.params or not 0 < len(rows) <= _MERGED_ROWS:
            return None
        if self._model.wants == flavours.MATRIX:
            return rows.shape[1]
        return tuple(rows.columns)

    def _form(self, request: Request) -> Form:
        form = forms.read(self._loads(request.body)) if request.plain else self._unusual(request)
        if form.params and self._model.wants != flavours.PYFUNC:
            names = ", ".join(map(str, form.params))
            message = f"The model takes no parameters, and the request has some: {names}."
            raise RequestError(message, details=[{"path": "params", "expected": "nothing"}])
        return form

    def _unusual(self, request: Request) -> Form:
        kind = str(request.head.get("content_type") or "application/json").partition(";")[0].strip().lower()
        if kind in ("application/json", "text/json") or kind.endswith("+json"):
            return forms.read(self._loads(request.body))
        if kind == "text/csv":
            return _table("read_csv", request.body)
        if kind in ("application/vnd.apache.parquet", "application/x-parquet"):
            return _table("read_parquet", request.body)
        message = f"Rows are taken as application/json, text/csv or application/vnd.apache.parquet, not as {kind}."
        raise RequestError(message, "UnsupportedMediaType", 415)

    def _scored(self, rows: Any, form: Form) -> Any:
        try:
            if form.params and self._model.wants == flavours.PYFUNC:
                return self._predict(rows, params=form.params)
            return self._predict(rows)
        except (Exception, SystemExit) as error:
            raise self._because(error, rows, form) from error

    def _because(self, error: BaseException, rows: Any, form: Form) -> RequestError:
        """Tell rows that the model can't take from a model that fails."""
        if isinstance(error, RequestError):
            return error
        if self._model.wants != flavours.PYFUNC and not len(rows):
            return RequestError("The request holds no rows.", details=[{"path": form.key, "expected": "rows"}])
        text = str(error)
        if "NaN" in text or "infinity" in text or "missing values" in text:
            absent = _absent(rows, getattr(self._reader, "names", None))
            if absent:
                return complaints.absent(absent, form)
        if type(error).__name__ == "MlflowException" and getattr(error, "error_code", "") in _CLIENTS:
            return RequestError(" ".join(text.split())[:1000])
        return _logged(error)


class _Kept:
    """Keeps rows and predictions in the collections ``model_inputs`` and ``model_outputs``."""

    def __init__(self, collector: Collector, reader: Any) -> None:
        self._collector = collector
        self._names = getattr(reader, "names", None)

    def keep(self, request: Request, rows: Any, predictions: Any) -> None:
        """Keep them; the collector's thread writes them as records."""
        number = str(request.head.get("id") or "")
        self._collector.keep(_COLLECTIONS[0], lambda: self._records(rows), _FRAME, number)
        self._collector.keep(_COLLECTIONS[1], lambda: self._records(predictions), _FRAME, number)

    def _records(self, values: Any) -> Any:
        if isinstance(values, tables.Table):
            values = values.frame()
        found = replies.listed(values)
        if not isinstance(found, list) or (found and isinstance(found[0], dict)):
            return found
        wide = bool(found) and isinstance(found[0], list)
        names = self._names if wide and self._names and len(self._names) == len(found[0]) else None
        if not wide:
            return [{"0": value} for value in found]
        return [dict(zip(names or map(str, range(len(row))), row)) for row in found]


_COLLECTIONS = ("model_inputs", "model_outputs")
_FRAME = "pandas.core.frame.DataFrame"


def taking(model: flavours.Model) -> Any:
    """Return the model's ``predict`` for the rows that its reader makes."""
    predict = model.predict
    if model.wants == flavours.FRAME:
        return lambda rows: predict(rows.frame() if isinstance(rows, tables.Table) else rows)
    if model.wants == flavours.OBJECTS:
        return lambda rows: predict(rows.objects())
    return predict


_CLIENTS = ("BAD_REQUEST", "INVALID_PARAMETER_VALUE")


def _logged(error: BaseException) -> RequestError:
    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    return model_error(error)


def _absent(rows: Any, names: list[Any] | None) -> list[Any]:
    """Return the columns that hold no value, or an infinite one, somewhere."""
    import numpy as np

    if isinstance(rows, tables.Table):
        rows = rows.frame()
    if hasattr(rows, "isna"):
        return [name for name in rows.columns if rows[name].isna().any()]
    if getattr(rows, "ndim", 0) != 2 or rows.dtype.kind != "f":
        return []
    places = np.flatnonzero(~np.isfinite(rows).all(axis=0)).tolist()
    return [names[place] if names else place for place in places]


def _table(reader: str, body: bytes) -> Form:
    try:
        import pandas as pd
    except ImportError as error:
        message = "The model's environment lacks pandas, so it takes rows as JSON only."
        raise RequestError(message, "UnsupportedMediaType", 415) from error
    try:
        frame = getattr(pd, reader)(io.BytesIO(body))
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise RequestError(f"The request's body can't be read as a table: {said}.") from error
    frame = frame.astype(object).where(frame.notna(), None)
    form = Form(SPLIT, frame.values.tolist(), "data", True)
    form.columns = list(frame.columns)
    return form
