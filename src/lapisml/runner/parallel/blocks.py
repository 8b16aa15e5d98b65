"""The file with a mini-batch's rows; `lapisml.runner.parallel.lapis_worker.batches` describes and reads it."""

from __future__ import annotations

import json
import pickle
from typing import Any

import polars as pl

_ALIGNED = 64
_RAW = {
    pl.Int8: "i1", pl.Int16: "<i2", pl.Int32: "<i4", pl.Int64: "<i8", pl.UInt8: "u1", pl.UInt16: "<u2",
    pl.UInt32: "<u4", pl.UInt64: "<u8", pl.Float32: "<f4", pl.Float64: "<f8", pl.Boolean: "?",
}  # fmt: skip
_UNITS = {"ms": "<M8[ms]", "us": "<M8[us]", "ns": "<M8[ns]"}


def write_block(frame: pl.DataFrame, path: str) -> None:
    """Write the rows of a frame.

    Absent values become what pandas reads from a file: NaN (whole numbers become floats), NaT, None.

    Raises:
        OSError: the file can't be written.
    """
    columns: list[dict[str, Any]] = []
    parts: list[Any] = []
    at = 0
    for series in frame.iter_columns():
        dtype, data = _column(series)
        pad = -at % _ALIGNED if dtype is not None and columns and columns[-1]["dtype"] != dtype else 0
        parts.append(b"\0" * pad)
        at += pad
        columns.append({"name": series.name, "dtype": dtype, "at": at, "bytes": len(data)})
        parts.append(data)
        at += len(data)
    head = _head(frame.height, columns)
    with open(path, "wb") as file:
        file.write(head)
        for part in parts:
            file.write(part)


def _head(rows: int, columns: list[dict[str, Any]]) -> bytes:
    """Make the header, with the columns' places counted from the beginning of the file."""
    room = len(json.dumps({"rows": rows, "columns": columns})) + 20 * len(columns)
    start = 8 + room + (-(8 + room) % _ALIGNED)
    placed = [{**column, "at": column["at"] + start} for column in columns]
    text = json.dumps({"rows": rows, "columns": placed}).encode().ljust(start - 8)
    return len(text).to_bytes(8, "little") + text


def _column(series: pl.Series) -> tuple[str | None, Any]:
    """Return a column's numpy type and its bytes; no type for a pickled list."""
    kind = series.dtype
    raw = _RAW.get(kind.base_type())
    if raw is not None and kind.is_numeric() and series.null_count():
        kind = kind if kind.is_float() else pl.Float64()
        raw = _RAW[kind.base_type()]
        series = series.cast(kind).fill_null(float("nan"))
    if isinstance(kind, pl.Datetime) and kind.time_zone is None:
        raw = _UNITS[kind.time_unit]
    if raw is not None and (kind != pl.Boolean or not series.null_count()):
        values: Any = series.to_numpy()
        return raw, memoryview(values.view("u1"))
    return None, pickle.dumps(series.to_list(), 4)
