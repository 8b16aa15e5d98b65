"""What is wrong with rows: found once they could not be read, so that good rows pay nothing for it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from .errors import RequestError
from .forms import ARRAY, SPLIT, Form

_NAMED = 10
"""How many places a message names at most."""


def missing(names: list[Any], sent: list[Any], form: Form, record: int | None = None) -> RequestError:
    """Columns that the model needs are not there."""
    where = _path(form, record)
    texts = [str(name) for name in sent]
    parts = []
    for name in names[:_NAMED]:
        near = difflib.get_close_matches(str(name), [text for text in texts if text not in names], 1, 0.6)
        parts.append(f"'{name}'" + (f" (is it '{near[0]}'?)" if near else ""))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    which = "Column" if len(names) == 1 else "Columns"
    place = f" in record {record}" if record is not None else ""
    message = f"{which} missing{place}: {', '.join(parts)}{more}."
    expected = [{"path": where, "expected": f"column {name}"} for name in names[:_NAMED]]
    return RequestError(message, "MissingColumn", details=expected)


def record(form: Form, number: int) -> RequestError:
    """A record is no object."""
    path = _path(form, number)
    return RequestError(f"{path} is no object.", details=[{"path": path, "expected": "an object"}])


def height(name: Any, found: int, wanted: int, form: Form) -> RequestError:
    """Columns differ in length."""
    path = f"{form.key}.{name}" if form.key else str(name)
    message = f"Column '{name}' has {found} values, others have {wanted}."
    return RequestError(message, details=[{"path": path, "column": str(name), "expected": f"{wanted} values"}])


def column(values: Any) -> list[Any]:
    """Return a column's values as a list: pandas writes columns as ``{row: value}``, a single value is one row."""
    if isinstance(values, dict):
        return list(values.values())
    return values if isinstance(values, list) else [values]


def lengths(rows: Any, form: Form, width: int | None) -> RequestError:
    """A row has too many or too few values."""
    expected = "a list of rows" if width is None else f"rows of {width} values"
    if isinstance(rows, list):
        wanted = width if width is not None else next((len(row) for row in rows if isinstance(row, list)), None)
        for number, row in enumerate(rows):
            path = _path(form, number)
            if not isinstance(row, (list, tuple)):
                break
            if wanted is not None and len(row) != wanted:
                message = f"{path} has {len(row)} values; the model takes {wanted}."
                return RequestError(message, details=[{"path": path, "expected": f"{wanted} values"}])
    message = f"{form.key or 'The request'} is not {expected}."
    return RequestError(message, details=[{"path": form.key, "expected": expected}])


def values(rows: Any, form: Form, names: list[Any] | None, type_of: Callable[[Any], str]) -> RequestError:
    """Values are no numbers, or rows differ in length."""
    details: list[dict[str, Any]] = []
    said: list[str] = []
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, (list, tuple)):
            continue
        for place, value in enumerate(row):
            if _is_number(value):
                continue
            name = names[place] if names is not None and place < len(names) else None
            expected = type_of(name)
            path = _value_path(form, number, place, name)
            column_said = f"Column '{name}'" if name is not None else f"Value {place}"
            said.append(f"{column_said}, row {number}: expected {expected}, got {_shown(value)}")
            details.append({"path": path, "column": name, "row": number, "expected": expected})
            if len(said) == _NAMED:
                return RequestError("; ".join(said) + "; and maybe more.", "WrongType", details=details)
    if said:
        return RequestError("; ".join(said) + ".", "WrongType", details=details)
    return lengths(rows, form, None if names is None else len(names))


def fractions(array: Any, wrong: Any, whole: list[int], names: list[Any] | None, form: Form) -> RequestError:
    """Whole numbers are wanted, and others or none are there."""
    places = [whole[i] for i in range(len(whole)) if wrong[:, i].any()] or whole[:1]
    said, details = [], []
    for place in places[:_NAMED]:
        at = whole.index(place)
        row = int(wrong[:, at].argmax())
        value = float(array[row, place])
        name = names[place] if names is not None else None
        got = "no value" if value != value else f"{value:g}"
        kind = "a whole number" if not float(value).is_integer() else "a smaller number"
        said.append(f"Column '{place if name is None else name}', row {row}: expected {kind}, got {got}")
        path = _value_path(form, row, place, name)
        details.append({"path": path, "column": name, "row": row, "expected": kind})
    return RequestError("; ".join(said) + ".", "WrongType", details=details)


def absent(names: list[Any], form: Form) -> RequestError:
    """The model can't do without a value that is not there."""
    which = ", ".join(f"'{name}'" for name in names[:_NAMED])
    message = f"The model takes no missing (null, NaN) or infinite values, and there are some in {which}."
    details = [{"path": form.key, "column": str(name), "expected": "a value"} for name in names[:_NAMED]]
    return RequestError(message, "MissingValue", details=details)


def _path(form: Form, row: int | None = None) -> str:
    return form.key if row is None else f"{form.key}[{row}]"


def _value_path(form: Form, row: int, place: int, name: Any) -> str:
    by_place = form.shape in (ARRAY, SPLIT) or name is None
    return f"{form.key}[{row}][{place}]" if by_place else f"{form.key}[{row}].{name}"


def _is_number(value: Any) -> bool:
    if value is None or isinstance(value, (bool, int, float)):
        return True
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, str)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"
