"""Rows of files, for a model: read as a stream with Polars, only the columns and in the types that the model knows.

What is absent in a CSV file is what pandas takes for absent, so that a model sees what it saw in training.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import polars as pl

from lapisml.scoring.lapis_scoring.signature import Column, Signature

TABLES = (".csv", ".csv.gz", ".tsv", ".parquet", ".pqt", ".json", ".jsonl", ".ndjson")
"""Ends of the names of files with rows."""

_SURE_ROWS = 10_000
_BYTES = 16 << 20
_MOST_ROWS = 1 << 16
_ABSENT = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
]  # fmt: skip
_KINDS: dict[Any, Any] = {
    "double": pl.Float64, "float": pl.Float32, "long": pl.Int64, "integer": pl.Int32, "boolean": pl.Boolean,
    "string": pl.String, "datetime": pl.Datetime("us"), "binary": pl.Binary,
}  # fmt: skip
_WHOLE = ("long", "integer")


class UnreadableError(Exception):
    """A file can't be read for the model; the text says why."""


def is_table(path: str) -> bool:
    """Say whether a file's name promises rows."""
    return path.lower().endswith(TABLES)


class Reader:
    """Reads files for a model.

    Args:
        signature: what the model takes; None when it does not say, and then all columns are read as they are.
    """

    def __init__(self, signature: Signature | None) -> None:
        self._columns: list[Column] = list(signature.columns) if signature is not None else []
        self._names = signature.names if signature is not None else None
        self._tensor = signature.tensors[0] if signature is not None and len(signature.tensors) == 1 else None

    def frames(self, path: str) -> Iterator[pl.DataFrame]:
        """Give the rows of a file in order, few at a time; an empty file gives none.

        Raises:
            UnreadableError: it can't be read, or lacks what the model needs.
        """
        given = 0
        try:
            for frame in self._stream(path, careful=False, start=0):
                yield frame
                given += frame.height
        except (pl.exceptions.ComputeError, pl.exceptions.SchemaError, pl.exceptions.InvalidOperationError) as first:
            try:
                yield from self._stream(path, careful=True, start=given)
            except (pl.exceptions.PolarsError, OSError) as error:
                raise UnreadableError(_said(error)) from first
        except (pl.exceptions.PolarsError, OSError) as error:
            raise UnreadableError(_said(error)) from error

    def _stream(self, path: str, careful: bool, start: int) -> Iterator[pl.DataFrame]:
        try:
            frame = self._scan(path, careful)
            found = frame.collect_schema()
        except pl.exceptions.NoDataError:
            return
        wanted = self._wanted(found)
        rows = max(1, min(_MOST_ROWS, _BYTES // (8 * max(1, len(wanted)))))
        query = frame.select(wanted)
        for batch in (query.slice(start) if start else query).collect_batches(chunk_size=rows, maintain_order=True):
            if batch.height:
                self._check(batch)
                yield batch

    def _scan(self, path: str, careful: bool) -> pl.LazyFrame:
        name = path.lower()
        if name.endswith((".parquet", ".pqt")):
            return pl.scan_parquet(path, glob=False)
        if name.endswith((".json", ".jsonl", ".ndjson")):
            return _scan_json(path, careful)
        return self._scan_csv(path, "\t" if name.endswith(".tsv") else ",", careful)

    def _scan_csv(self, path: str, separator: str, careful: bool) -> pl.LazyFrame:
        """Make the query for a CSV file; numbers are read without a list of words that mean absent, unless `careful`.

        That list doubles the time of reading, and most files do without.
        """
        head = pl.scan_csv(path, separator=separator, glob=False, infer_schema_length=0)
        names = head.collect_schema().names()
        asked = self._csv_kinds(names)
        text = not asked or any(kind == pl.String for kind in asked.values())
        return pl.scan_csv(
            path,
            separator=separator,
            glob=False,
            schema_overrides=asked,
            null_values=_ABSENT if careful or text else None,
            infer_schema_length=None if careful else _SURE_ROWS,
        )

    def _csv_kinds(self, names: list[str]) -> dict[str, Any]:
        """Give the types that columns of a CSV file are read in, as far as the model says."""
        if self._tensor is not None:
            return dict.fromkeys(names, pl.Float64)
        if self._columns and self._names is None and len(names) == len(self._columns):
            pairs = zip(names, self._columns, strict=True)
        else:
            present = set(names)
            pairs = ((str(c.name), c) for c in self._columns if c.name in present)  # type: ignore[assignment]
        kinds = {name: _KINDS[c.type] for name, c in pairs if isinstance(c.type, str)}
        return {name: pl.String if isinstance(kind, pl.Datetime) else kind for name, kind in kinds.items()}

    def _wanted(self, found: pl.Schema) -> list[pl.Expr]:
        """Say which columns the model gets, in its order and types.

        Raises:
            UnreadableError: one is missing.
        """
        names = found.names()
        if self._tensor is not None:
            kind = {"float32": pl.Float32, "int64": pl.Int64, "int32": pl.Int32}.get(self._tensor["dtype"], pl.Float64)
            return [pl.col(name).cast(kind) for name in names]
        if self._names is None:
            return self._by_place(names, found)
        lacking = [str(c.name) for c in self._columns if c.required and c.name not in found]
        if lacking:
            several = "s" if len(lacking) > 1 else ""
            raise UnreadableError(
                f"it lacks the column{several} {', '.join(lacking[:10])}; it has {', '.join(names[:30]) or 'none'}"
            )
        return [_cast(str(c.name), c.type, found[str(c.name)]) for c in self._columns if c.name in found]

    def _by_place(self, names: list[str], found: pl.Schema) -> list[pl.Expr]:
        if not self._columns:
            return [pl.all()]
        if len(names) != len(self._columns):
            raise UnreadableError(f"it has {len(names)} columns, and the model takes {len(self._columns)}")
        return [_cast(name, c.type, found[name]) for name, c in zip(names, self._columns, strict=True)]

    def _check(self, batch: pl.DataFrame) -> None:
        """Refuse absent values in columns of whole numbers or truth values, which hold none.

        Raises:
            UnreadableError: there are some.
        """
        for column, series in zip(self._columns, batch.iter_columns(), strict=False):
            kind = column.type
            if isinstance(kind, str) and kind in (*_WHOLE, "boolean") and column.required and series.null_count():
                raise UnreadableError(f"column {series.name} has rows without a value, and the model takes a {kind}")


def _cast(name: str, kind: Any, found: Any) -> pl.Expr:
    source = pl.col(name)
    wanted = _KINDS.get(kind) if isinstance(kind, str) else None
    if wanted is None or wanted == found:
        return source
    if isinstance(wanted, pl.Datetime):
        return source.str.to_datetime(time_unit="us") if found == pl.String else source.cast(wanted)
    if kind in _WHOLE and found.is_float():
        return source.cast(pl.String).str.strip_suffix(".0").cast(wanted)  # a fraction is an error, not cut off
    return source.cast(wanted)


def _scan_json(path: str, careful: bool) -> pl.LazyFrame:
    """Read JSON lines as a stream, and a JSON array of records as a whole."""
    with open(path, "rb") as file:
        head = file.read(4096).lstrip()
    if not head:
        raise pl.exceptions.NoDataError("empty")
    if head.startswith(b"["):
        return pl.read_json(path, infer_schema_length=None).lazy()
    return pl.scan_ndjson(path, infer_schema_length=None if careful else _SURE_ROWS)


def _said(error: Exception) -> str:
    """Give what Polars says, in a line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".:")[:500]


def is_hidden(path: str, root: str) -> bool:
    """Say whether a file, or a folder on the way to it, is none of the data: ``.name`` or ``_name``."""
    return any(part.startswith((".", "_")) for part in os.path.relpath(path, root).split(os.sep)[:] if part != ".")
