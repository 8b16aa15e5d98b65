"""The rows of a file that holds a table, a page at a time: CSV, TSV, Parquet, JSON lines.

Nothing is changed on the way: what a CSV file says stays text as it stands there, and the type of a column is said
beside it. Only what is asked for is read, and of a cell no more than a person would.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    import polars as pl

Cell = str | int | float | bool | None

MOST_COLUMNS = 300
LONGEST_CELL = 1_000
"""Characters."""

_LONGEST_LINE = 4 << 20
_LOOKED_AT = 1_000
"""Rows from which types are read."""
_EXACT = 2**53
"""Whole numbers beyond this lose digits in a browser."""


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


def form_of(name: str) -> str | None:
    """Say how a file's table is written, by its ending; None when it holds none."""
    return _FORMS.get(name.rpartition(".")[2].lower())


def read_rows(file: Path, form: str, offset: int, limit: int) -> Rows:
    """Read rows of a local file.

    Args:
        form: as `form_of` gives it.
        offset: rows to pass over.
        limit: at most this many rows.

    Raises:
        LapisError: NotSupported when the file is not what its ending says.
    """
    import polars.exceptions  # takes a third of a second

    try:
        return _READERS[form](file, offset, limit)
    except (polars.exceptions.PolarsError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        sentence = f"The file can't be read as {form}: {reason[:300]}"
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Look at it as text, or download it.") from error


def _delimited(separator: str) -> Callable[[Path, int, int], Rows]:
    def read(file: Path, offset: int, limit: int) -> Rows:
        import polars as pl

        if not file.stat().st_size:
            return Rows([], [], 0, has_more=False)
        text = pl.scan_csv(
            file, separator=separator, infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy"
        )
        names = text.collect_schema().names()
        shown = text.select(names[:MOST_COLUMNS]).slice(offset, limit + 1).collect()
        types = _types_of_text(file, separator)
        rows: list[list[Cell]] = [[_cut(cell) for cell in row] for row in shown.head(limit).iter_rows()]
        columns = [(name, types.get(name, "String")) for name in names[:MOST_COLUMNS]]
        return Rows(columns, rows, None, shown.height > limit, max(0, len(names) - MOST_COLUMNS))

    return read


def _types_of_text(file: Path, separator: str) -> dict[str, str]:
    import polars as pl

    head = pl.read_csv(
        file, separator=separator, n_rows=_LOOKED_AT, infer_schema_length=_LOOKED_AT, truncate_ragged_lines=True,
        encoding="utf8-lossy", ignore_errors=True, try_parse_dates=True,
    )  # fmt: skip
    return {name: str(kind) for name, kind in head.schema.items()}


def _parquet(file: Path, offset: int, limit: int) -> Rows:
    import polars as pl

    table = pl.scan_parquet(file)
    schema = table.collect_schema()
    names = schema.names()[:MOST_COLUMNS]
    total = int(table.select(pl.len()).collect().item())
    shown: pl.DataFrame = table.select(names).slice(offset, limit).collect()
    rows = [[_cell(cell) for cell in row] for row in shown.iter_rows()]
    columns = [(name, str(schema[name])) for name in names]
    return Rows(columns, rows, total, offset + len(rows) < total, max(0, len(schema) - MOST_COLUMNS))


def _json_lines(file: Path, offset: int, limit: int) -> Rows:
    with file.open("rb") as stream:
        lines = (line for line in iter(lambda: stream.readline(_LONGEST_LINE), b"") if line.strip())
        found = [_record(line) for line in itertools.islice(lines, offset, offset + limit + 1)]
    shown = found[:limit]
    names = list(dict.fromkeys(name for record in shown for name in record))
    columns = [(name, _type_of(record.get(name) for record in shown)) for name in names[:MOST_COLUMNS]]
    rows = [[_cell(record.get(name)) for name, _ in columns] for record in shown]
    return Rows(columns, rows, None, len(found) > limit, max(0, len(names) - MOST_COLUMNS))


def _record(line: bytes) -> dict[str, Any]:
    value = orjson.loads(line)
    return value if isinstance(value, dict) else {"value": value}


def _type_of(values: Iterator[Any]) -> str:
    kinds = {_NAMES.get(type(value), "String") for value in values if value is not None}
    if kinds == {"Int64", "Float64"}:
        return "Float64"
    return kinds.pop() if len(kinds) == 1 else "Null" if not kinds else "Mixed"


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else str(value)
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, bytes):
        return _cut(value[:LONGEST_CELL].hex(" "))
    return _cut(value if isinstance(value, str) else _written(value))


def _written(value: Any) -> str:
    return orjson.dumps(value, default=str).decode() if isinstance(value, list | dict) else str(value)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"


_NAMES: dict[type, str] = {bool: "Boolean", int: "Int64", float: "Float64", str: "String", list: "List", dict: "Struct"}

_READERS: dict[str, Callable[[Path, int, int], Rows]] = {
    "CSV": _delimited(","),
    "TSV": _delimited("\t"),
    "Parquet": _parquet,
    "JSON lines": _json_lines,
}

_FORMS = {
    "csv": "CSV",
    "tsv": "TSV",
    "parquet": "Parquet",
    "pq": "Parquet",
    "jsonl": "JSON lines",
    "ndjson": "JSON lines",
}
