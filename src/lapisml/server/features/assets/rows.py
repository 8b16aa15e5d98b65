"""The rows of a file that holds a table, a page at a time: CSV, TSV, Parquet, JSON lines.

Nothing is changed on the way: what a CSV file says stays text as it stands there, and the type of a column is said
beside it. Only what is asked for is read, and of a cell no more than a person would.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lapisml.server.features.assets.cells import Cell, shown_cell
from lapisml.server.features.assets.formats import JSON_LINES, MOST_COLUMNS, PARQUET, refusing, scan

_LONGEST_LINE = 4 << 20
_LOOKED_AT = 1_000
"""Rows from which types are read."""


@dataclass(frozen=True)
class Rows:
    """Part of a table.

    Attributes:
        columns: name and type of each, `MOST_COLUMNS` at most.
        columns_left_out: how many more there are.
        total: rows in all; None when only reading everything would tell.
        has_more: whether rows follow.
    """

    columns: list[tuple[str, str]]
    rows: list[list[Cell]]
    total: int | None
    has_more: bool
    columns_left_out: int = 0


def read_rows(file: Path, form: str, offset: int, limit: int) -> Rows:
    """Read rows of a local file.

    Args:
        form: as `formats.form_of` gives it.
        offset: rows to pass over.
        limit: at most this many rows.

    Raises:
        LapisError: NotSupported when the file is not what its ending says.
    """
    with refusing(form):
        if form == JSON_LINES:
            return _json_lines(file, offset, limit)
        return _parquet(file, offset, limit) if form == PARQUET else _delimited(file, form, offset, limit)


def _delimited(file: Path, form: str, offset: int, limit: int) -> Rows:
    if not file.stat().st_size:
        return Rows([], [], 0, has_more=False)
    text = scan(form, [file], looked_at=0)
    names = text.collect_schema().names()
    shown = text.select(names[:MOST_COLUMNS]).slice(offset, limit + 1).collect()
    types = scan(form, [file], looked_at=_LOOKED_AT).collect_schema()
    rows = [[shown_cell(cell) for cell in row] for row in shown.head(limit).iter_rows()]
    columns = [(name, str(types.get(name, "String"))) for name in names[:MOST_COLUMNS]]
    return Rows(columns, rows, None, shown.height > limit, max(0, len(names) - MOST_COLUMNS))


def _parquet(file: Path, offset: int, limit: int) -> Rows:
    import polars as pl

    table = scan(PARQUET, [file])
    schema = table.collect_schema()
    names = schema.names()[:MOST_COLUMNS]
    total = int(table.select(pl.len()).collect().item())
    shown = table.select(names).slice(offset, limit).collect()
    rows = [[shown_cell(cell) for cell in row] for row in shown.iter_rows()]
    columns = [(name, str(schema[name])) for name in names]
    return Rows(columns, rows, total, offset + len(rows) < total, max(0, len(schema) - MOST_COLUMNS))


def _json_lines(file: Path, offset: int, limit: int) -> Rows:
    with file.open("rb") as stream:
        lines = (line for line in iter(lambda: stream.readline(_LONGEST_LINE), b"") if line.strip())
        found = [_record(line) for line in itertools.islice(lines, offset, offset + limit + 1)]
    shown = found[:limit]
    names = list(dict.fromkeys(name for record in shown for name in record))
    columns = [(name, _type_of(record.get(name) for record in shown)) for name in names[:MOST_COLUMNS]]
    rows = [[shown_cell(record.get(name)) for name, _ in columns] for record in shown]
    return Rows(columns, rows, None, len(found) > limit, max(0, len(names) - MOST_COLUMNS))


def _record(line: bytes) -> dict[str, Any]:
    value = orjson.loads(line)
    return value if isinstance(value, dict) else {"value": value}


def _type_of(values: Iterator[Any]) -> str:
    kinds = {_NAMES.get(type(value), "String") for value in values if value is not None}
    if kinds == {"Int64", "Float64"}:
        return "Float64"
    return kinds.pop() if len(kinds) == 1 else "Null" if not kinds else "Mixed"


_NAMES: dict[type, str] = {bool: "Boolean", int: "Int64", float: "Float64", str: "String", list: "List", dict: "Struct"}
