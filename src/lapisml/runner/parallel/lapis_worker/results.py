"""What ``run()`` returned, counted and as lines of text.

Rows of a DataFrame are separated by spaces, without header and index, as on Azure ML; the elements of a list, an
array or a Series take a line each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any


class ResultError(Exception):
    """``run()`` returned what is no result; the text says what it should be."""


_WANTED = "return a list, a pandas DataFrame or Series, or a numpy array, with an element for each item that succeeded"


def count(returned: Any) -> int | None:
    """Return how many results there are; None when ``run()`` returned nothing.

    Raises:
        ResultError: it is not a list, frame, series or array.
    """
    if returned is None:
        return None
    if isinstance(returned, (str, bytes, dict)) or not hasattr(returned, "__len__"):
        raise ResultError(f"run() returned {type(returned).__name__}; {_WANTED}.")
    try:
        return len(returned)
    except TypeError as error:
        raise ResultError(f"run() returned a {type(returned).__name__} without elements; {_WANTED}.") from error


def write(returned: Any, path: str) -> None:
    """Write results as lines.

    Raises:
        ResultError: there are none.
        OSError: the file can't be written.
    """
    if returned is None:
        raise ResultError(f"run() returned None, and append_row_to collects results; {_WANTED}.")
    with open(path, "w", encoding="utf-8", newline="") as file:
        if hasattr(returned, "to_csv") and hasattr(returned, "columns"):
            _write_frame(returned, file)
        else:
            file.writelines(_lines(returned))


def _write_frame(frame: Any, file: Any) -> None:
    columns = [_texts(frame.iloc[:, i]) for i in range(frame.shape[1])]
    if not columns or any(column is None for column in columns):
        frame.to_csv(file, sep=" ", header=False, index=False)
        return
    rows: Iterable[str] = map(" ".join, zip(*columns))  # noqa: B905 - not known to Python 3.8
    file.writelines(row + "\n" for row in rows)


def _texts(column: Any) -> list[str] | None:
    """Return a plain numeric column as ``to_csv`` writes it, ten times faster; None for any other column."""
    kind = str(column.dtype)
    if kind in ("int64", "int32", "bool", "uint8", "int8", "int16"):
        return list(map(str, column.tolist()))
    if kind != "float64":
        return None
    values = column.tolist()
    if any(map(math.isnan, values)):
        # An absent value that stands alone in its row is written as "".
        return None
    return list(map(repr, values)) if not any(map(math.isinf, values)) else None


def _lines(returned: Any) -> Iterable[str]:
    values = returned.tolist() if hasattr(returned, "tolist") else returned
    return (f"{value}\n" for value in values)
