"""``inference_schema``'s parameter types: examples of what ``run()`` takes."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
from typing import Any

from ..errors import RequestError

_PLAIN = {
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number", "format": "double"},
    str: {"type": "string"},
}
_NUMPY = {"b": bool, "i": int, "u": int, "f": float, "U": str, "S": str, "O": str}
_ORIENTS = ("split", "records", "index", "columns", "values", "table")


class AbstractParameterType:
    """An example of an argument.

    Args:
        sample_input: the example.
    """

    def __init__(self, sample_input: Any) -> None:
        self.sample_input = sample_input
        self.sample_data_type = type(sample_input)

    def deserialize_input(self, input_data: Any) -> Any:
        """Turn what JSON holds into the example's type."""
        raise NotImplementedError

    def input_to_swagger(self) -> dict[str, Any]:
        """Describe the example as a Swagger schema with an ``example``."""
        raise NotImplementedError

    def supported_versions(self) -> list[str]:
        """Return the versions of Swagger that can describe it."""
        return ["2.0", "3.0", "3.1"]

    def converted(self, value: Any, name: str) -> Any:
        """Turn the argument `name` into the example's type.

        Raises:
            RequestError: it can't be.
        """
        try:
            return value if isinstance(value, self._arrived()) else self.deserialize_input(value)
        except RequestError:
            raise
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            details = [{"path": name, "expected": self.expected()}]
            raise RequestError(f"'{name}': expected {self.expected()}: {said}", "WrongType", details=details) from error

    def expected(self) -> str:
        """Say what is expected, for messages."""
        return self.sample_data_type.__name__

    def _arrived(self) -> Any:
        return self.sample_data_type


class StandardPythonParameterType(AbstractParameterType):
    """A plain value, a date, bytes (as base64), or lists and dictionaries of such, or of other parameter types."""

    def deserialize_input(self, input_data: Any) -> Any:
        """Turn what JSON holds into the example's type.

        Raises:
            TypeError, ValueError: it is of another type.
        """
        return _of_json(input_data, self.sample_input)

    def input_to_swagger(self) -> dict[str, Any]:
        """Describe the example."""
        return _described(self.sample_input)

    def _arrived(self) -> Any:
        return () if self.sample_data_type in (dict, list, tuple) else self.sample_data_type


class NumpyParameterType(AbstractParameterType):
    """An array.

    Args:
        sample_input: the example.
        enforce_column_type: give the array the example's type.
        enforce_shape: refuse arrays whose shape differs from the example's, but for the first dimension.
    """

    def __init__(self, sample_input: Any, enforce_column_type: bool = True, enforce_shape: bool = True) -> None:
        import numpy as np

        if not isinstance(sample_input, np.ndarray):
            raise TypeError("NumpyParameterType takes a numpy array as its example")
        super().__init__(sample_input)
        self._np = np
        self.enforce_column_type = enforce_column_type
        self.enforce_shape = enforce_shape

    def deserialize_input(self, input_data: Any) -> Any:
        """Turn lists into an array.

        Raises:
            TypeError, ValueError: they don't fit.
        """
        if not isinstance(input_data, list):
            raise TypeError("no list")
        kind = self.sample_input.dtype
        if not self.enforce_column_type:
            found = self._np.array(input_data)
        elif kind.names:
            found = self._np.array([_record(item, kind.names) for item in input_data], kind)
        else:
            found = self._np.array(input_data, kind)
        if self.enforce_shape and found.ndim != self.sample_input.ndim:
            raise ValueError(f"{found.ndim} dimensions, where the example has {self.sample_input.ndim}")
        if self.enforce_shape and found.shape[1:] != self.sample_input.shape[1:]:
            raise ValueError(f"shape {found.shape}, where the example has {self.sample_input.shape}")
        return found

    def expected(self) -> str:
        """Say what is expected."""
        return f"an array of {self.sample_input.dtype} of shape {('n', *self.sample_input.shape[1:])}".replace("'", "")

    def input_to_swagger(self) -> dict[str, Any]:
        """Describe the example."""
        kind = self.sample_input.dtype
        if kind.names:
            items = {name: _numpy_type(kind[name]) for name in kind.names}
            schema: dict[str, Any] = {"type": "object", "properties": items}
        else:
            schema = _numpy_type(kind)
        for _ in self.sample_input.shape:
            schema = {"type": "array", "items": schema}
        example = json.loads(json.dumps(self.sample_input.tolist(), default=str))
        return {**schema, "example": example, "format": "numpy.ndarray"}


class PandasParameterType(AbstractParameterType):
    """A DataFrame.

    Args:
        sample_input: the example.
        enforce_column_type: give the columns the example's types.
        enforce_shape: refuse frames with another number of columns.
        apply_column_names: give the columns the example's names.
        orient: how JSON holds the frame, as in ``pandas.read_json``.
    """

    def __init__(
        self,
        sample_input: Any,
        enforce_column_type: bool = True,
        enforce_shape: bool = True,
        apply_column_names: bool = False,
        orient: str = "records",
    ) -> None:
        import pandas as pd

        if not isinstance(sample_input, pd.DataFrame):
            raise TypeError("PandasParameterType takes a DataFrame as its example")
        if orient not in _ORIENTS:
            raise ValueError(f"orient is one of {', '.join(_ORIENTS)}")
        super().__init__(sample_input)
        self._pd = pd
        self.enforce_column_type = enforce_column_type
        self.enforce_shape = enforce_shape
        self.apply_column_names = apply_column_names
        self.orient = orient

    def deserialize_input(self, input_data: Any) -> Any:
        """Turn lists or dictionaries into a frame.

        Raises:
            TypeError, ValueError: they don't fit.
        """
        if not isinstance(input_data, (list, dict)):
            raise TypeError("neither a list nor an object")
        frame = self._pd.read_json(io.StringIO(json.dumps(input_data)), orient=self.orient, dtype=False)
        if self.apply_column_names:
            frame.columns = self.sample_input.columns.copy()
        if self.enforce_column_type:
            frame = self._typed(frame)
        if self.enforce_shape and frame.shape[1] != self.sample_input.shape[1]:
            raise ValueError(f"{frame.shape[1]} columns, where the example has {self.sample_input.shape[1]}")
        return frame

    def expected(self) -> str:
        """Say what is expected."""
        return f"a table (orient '{self.orient}') with {', '.join(map(str, self.sample_input.columns))}"

    def input_to_swagger(self) -> dict[str, Any]:
        """Describe the example."""
        example = json.loads(self.sample_input.to_json(orient=self.orient, date_format="iso"))
        return {**_described(example), "format": f"pandas.DataFrame:{self.orient}"}

    def _typed(self, frame: Any) -> Any:
        types = self.sample_input.dtypes.to_dict()
        for name in frame.columns:
            if str(types.get(name)).startswith("timedelta"):
                frame[name] = self._pd.to_timedelta(frame[name])
        return frame.astype({name: types.get(name, object) for name in frame.columns})


def _record(item: Any, names: Any) -> tuple[Any, ...]:
    return tuple(item[name] for name in names) if isinstance(item, dict) else tuple(item)


def _numpy_type(kind: Any) -> dict[str, Any]:
    if kind.kind in "Mm":
        return {"type": "string", "format": "date-time" if kind.kind == "M" else "timedelta"}
    return dict(_PLAIN.get(_NUMPY.get(kind.kind, str), {"type": "object"}))


def _described(value: Any) -> dict[str, Any]:
    if isinstance(value, AbstractParameterType):
        return value.input_to_swagger()
    if type(value) in _PLAIN:
        return {**_PLAIN[type(value)], "example": value}
    if isinstance(value, dict):
        parts = {str(key): _described(item) for key, item in value.items()}
        example = {key: part.pop("example") for key, part in parts.items()}
        return {"type": "object", "required": list(parts), "properties": parts, "example": example}
    if isinstance(value, (list, tuple, range)):
        items = [_described(item) for item in value]
        example_list = [item.pop("example") for item in items]
        return {"type": "array", "items": items[-1] if items else {"type": "object"}, "example": example_list}
    if isinstance(value, (bytes, bytearray)):
        return {"type": "string", "format": "byte", "example": base64.b64encode(value).decode()}
    form = {dt.date: "date", dt.datetime: "date-time", dt.time: "time"}.get(type(value))
    if form is not None:
        return {"type": "string", "format": form, "example": value.isoformat()}
    try:
        json.dumps(value)
    except TypeError as error:
        raise TypeError(f"an example must be something that JSON can hold: {error}") from error
    return {"type": "object", "example": value}


def _of_json(value: Any, sample: Any) -> Any:
    if isinstance(sample, AbstractParameterType):
        return sample.converted(value, "value")
    if isinstance(sample, dict):
        if not isinstance(value, dict):
            raise TypeError(f"expected an object, got {type(value).__name__}")
        nested = {key: kind for key, kind in sample.items() if isinstance(kind, AbstractParameterType)}
        return {key: nested[key].converted(item, str(key)) if key in nested else item for key, item in value.items()}
    if isinstance(sample, (list, tuple)):
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"expected a list, got {type(value).__name__}")
        first = next((item for item in sample if isinstance(item, AbstractParameterType)), None)
        return [first.converted(item, "item") for item in value] if first is not None else value
    return _of_text(value, sample)


def _of_text(value: Any, sample: Any) -> Any:
    kind = type(sample)
    if isinstance(value, str) and kind in (dt.date, dt.datetime, dt.time):
        return _moment(value, kind)
    if isinstance(value, str) and kind in (bytes, bytearray):
        return kind(base64.b64decode(value))
    if isinstance(value, kind) or (kind is float and type(value) is int):
        return value
    raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")


def _moment(text: str, kind: Any) -> Any:
    try:
        return kind.fromisoformat(text)
    except ValueError:
        from dateutil import parser

        found = parser.parse(text)
        return found.date() if kind is dt.date else found.timetz() if kind is dt.time else found
