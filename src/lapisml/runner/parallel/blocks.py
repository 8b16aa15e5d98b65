"""The file with a mini-batch's rows; `lapisml.runner.parallel.lapis_worker.batches` describes and reads it."""

from __future__ import annotations

import json
from typing import Any

import orjson
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
        kept, data = _column(series)
        pad = -at % _ALIGNED if columns and columns[-1]["dtype"] != kept["dtype"] else 0
        parts.append(b"\0" * pad)
        at += pad
        columns.append({"name": series.name, "at": at, "bytes": len(data), **kept})
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


def _column(series: pl.Series) -> tuple[dict[str, Any], Any]:
    """Return how a column is kept (numpy's type and what goes with it; no type for JSON), and its bytes."""
    kind = series.dtype
    if isinstance(kind, pl.Datetime):
        return _raw(series.dt.replace_time_zone(None) if kind.time_zone is None else series.dt.convert_time_zone("UTC"),
                    _UNITS[kind.time_unit], zone=kind.time_zone)  # fmt: skip
    if kind == pl.Date:
        return _raw(series.cast(pl.Datetime("us")), _UNITS["us"])
    if isinstance(kind, pl.Duration):
        return _raw(series, _UNITS[kind.time_unit].replace("M", "m"))
    if isinstance(kind, pl.Decimal) or (kind.is_integer() and series.null_count()):
        series = series.cast(pl.Float64)
    if series.dtype.is_float():
        series = series.fill_null(float("nan"))
    name = _RAW.get(series.dtype.base_type())
    if name is not None and not series.null_count():
        return _raw(series, name)
    if kind == pl.Binary:
        return {"dtype": None, "base64": True}, orjson.dumps(series.bin.encode("base64").to_list())
    return {"dtype": None}, orjson.dumps(series.to_list(), default=str)


def _raw(series: pl.Series, name: str, **more: Any) -> tuple[dict[str, Any], Any]:
    values: Any = series.to_numpy()
    return {"dtype": name, **{key: value for key, value in more.items() if value is not None}}, memoryview(
        values.view("u1")
    )
