"""Tables read lazily with Polars."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import polars as pl

from . import conditions, partitions
from .checks import MLTableError
from .document import Plan
from .files import files_of

PATH = "Path"
_HIDDEN = "__mltable_path"
_SURE_ROWS = 10_000
"""Rows that the types of columns are told from; where a later row tells otherwise, all are looked at."""

_SAMPLE = 1 << 18


class Frames:
    """The rows of a table.

    Args:
        plan: what it is made of.

    Raises:
        MLTableError: the files are not there, or the table is only a list of files.
    """

    def __init__(self, plan: Plan) -> None:
        if not plan.is_tabular:
            raise MLTableError("the table has no step that reads rows, such as read_delimited; it only lists files")
        self._plan = plan
        self._files = files_of(plan)
        self._args = plan.steps[0].args
        wants_path = bool(self._args["include_path_column"])
        parted = any("partition" in step.name for step in plan.steps)
        self._path = PATH if wants_path else _HIDDEN if parted else None

    def lazy(self, *, careful: bool = False) -> pl.LazyFrame:
        """Return the query; nothing is read yet but what the types of columns need.

        Args:
            careful: look at every row to tell the types of columns, and let files differ in them.
        """
        frame = self._read(careful)
        if self._path is not None:
            frame = frame.select(self._path, pl.all().exclude(self._path))
        for step in self._plan.steps[1:]:
            frame = self._apply(frame, step.name, step.args)
        return frame.drop(_HIDDEN) if self._path == _HIDDEN else frame

    def collect(self) -> pl.DataFrame:
        """Read all rows.

        Raises:
            MLTableError: they can't be read.
        """
        try:
            return self.lazy().collect()
        except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
            return self._collect_carefully()
        except pl.exceptions.PolarsError as error:
            raise MLTableError(str(error)) from error

    def stream(self, rows: int) -> Iterator[pl.DataFrame]:
        """Give the rows in order, about `rows` at a time, with few of them in memory."""
        given = 0
        try:
            for frame in self.lazy().collect_batches(chunk_size=rows, maintain_order=True):
                yield frame
                given += frame.height
        except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
            yield from self.lazy(careful=True).slice(given).collect_batches(chunk_size=rows, maintain_order=True)

    def _collect_carefully(self) -> pl.DataFrame:
        try:
            return self.lazy(careful=True).collect()
        except pl.exceptions.PolarsError as error:
            raise MLTableError(str(error)) from error

    def _read(self, careful: bool) -> pl.LazyFrame:
        name = self._plan.steps[0].name
        if name == "read_parquet":
            return pl.scan_parquet(self._files, include_file_paths=self._path, glob=False)
        if name == "read_json_lines":
            return pl.concat([self._json(file, careful) for file in self._files], how="diagonal_relaxed")
        header = self._args["header"]
        one = self._args["encoding"] == "utf-8" and header in ("all_files_same_headers", "no_header")
        if one and not careful:
            return self._named(self._csv(self._files, header != "no_header", careful, self._path), header)
        first = self._csv_of(self._files[0], header != "no_header", careful)
        if header == "from_first_file":
            names = first.collect_schema().names()
            rest = [self._csv_of(file, False, careful) for file in self._files[1:]]
            renamed = [_renamed(frame, names) for frame in rest]
            return pl.concat([first, *renamed], how="vertical_relaxed")
        frames = [first, *(self._csv_of(file, header != "no_header", careful) for file in self._files[1:])]
        how: Any = "diagonal_relaxed" if header == "all_files_different_headers" else "vertical_relaxed"
        return self._named(pl.concat(frames, how=how), header)

    def _csv_of(self, file: str, has_header: bool, careful: bool) -> pl.LazyFrame:
        """Read one file, whatever its encoding."""
        if self._args["encoding"] == "utf-8":
            return self._csv([file], has_header, careful, self._path)
        with open(file, encoding=self._args["encoding"], newline="") as stream:
            source = io.BytesIO(stream.read().encode())
        frame = self._csv(source, has_header, careful, None)
        return frame if self._path is None else frame.with_columns(pl.lit(file).alias(self._path))

    def _csv(self, source: Any, has_header: bool, careful: bool, path: str | None) -> pl.LazyFrame:
        frame = pl.scan_csv(
            source,
            separator=self._args["delimiter"],
            has_header=has_header,
            infer_schema=self._args["infer_column_types"],
            infer_schema_length=None if careful else _SURE_ROWS,
            include_file_paths=path,
            glob=False,
            raise_if_empty=False,
        )
        return frame.with_columns(pl.col(pl.String).fill_null("")) if self._args["empty_as_string"] else frame

    def _json(self, file: str, careful: bool) -> pl.LazyFrame:
        encoding, drop = self._args["encoding"], self._args["invalid_lines"] == "drop"
        if encoding == "utf-8" and not drop:
            frame = pl.scan_ndjson(file, infer_schema_length=None if careful else _SURE_ROWS)
        else:
            frame = pl.read_ndjson(io.BytesIO(_json_text(file, encoding, drop)), infer_schema_length=None).lazy()
        return frame if self._path is None else frame.with_columns(pl.lit(file).alias(self._path))

    def _named(self, frame: pl.LazyFrame, header: str) -> pl.LazyFrame:
        if header != "no_header":
            return frame
        names = [name for name in frame.collect_schema().names() if name != self._path]
        return frame.rename({name: f"Column{index}" for index, name in enumerate(names, 1)})

    def _apply(self, frame: pl.LazyFrame, name: str, args: Any) -> pl.LazyFrame:
        if name == "take":
            return frame.head(args)
        if name == "skip":
            return frame.slice(args)
        if name == "keep_columns":
            hidden = [_HIDDEN] if self._path == _HIDDEN else []
            return frame.select([*hidden, *args])
        if name == "drop_columns":
            return frame.drop(args)
        if name == "filter":
            return frame.filter(conditions.evaluate(args, pl.col))
        if name == "take_random_sample":
            return _sampled(frame, args)
        if name == "convert_column_types":
            return frame.with_columns([_converted(column, entry) for entry in args for column in entry["columns"]])
        return self._parted(frame, args)

    def _parted(self, frame: pl.LazyFrame, form: str) -> pl.LazyFrame:
        values = [partitions.values_of(form, file) for file in self._files]
        assert self._path is not None
        made = []
        for column, dated in partitions.columns_of(form).items():
            kind = pl.Datetime("us") if dated else pl.String()
            new = pl.Series([found[column] for found in values], dtype=kind)
            made.append(pl.col(self._path).replace_strict(self._files, new, return_dtype=kind).alias(column))
        return frame.select(self._path, *made, pl.all().exclude(self._path, *(e.meta.output_name() for e in made)))


def row_bytes(plan: Plan) -> float:
    """Return about how many bytes a row of a table takes in its first file (at least 1)."""
    file = files_of(plan)[0]
    if plan.steps[0].name == "read_parquet":
        head = pl.scan_parquet(file, glob=False).head(1000).collect()
        return max(1.0, head.estimated_size() / max(1, head.height))
    with open(file, "rb") as stream:
        sample = stream.read(_SAMPLE)
    return max(1.0, len(sample) / max(1, sample.count(b"\n")))


def to_pandas(frame: pl.DataFrame) -> Any:
    """Make a pandas DataFrame with the types that pandas gives what it reads itself; needs no pyarrow."""
    import pandas as pd

    made = {index: _column(series) for index, series in enumerate(frame.iter_columns())}
    found = pd.DataFrame(made, index=pd.RangeIndex(frame.height))
    found.columns = frame.columns
    return found


def _column(series: pl.Series) -> Any:
    kind = series.dtype
    if kind.is_integer() and series.null_count():
        series = series.cast(pl.Float64)
    plain = kind.is_numeric() or isinstance(kind, pl.Datetime) or (kind == pl.Boolean and not series.null_count())
    return series.to_numpy(writable=True) if plain and not isinstance(kind, pl.Decimal) else series.to_list()


def _sampled(frame: pl.LazyFrame, args: dict[str, Any]) -> pl.LazyFrame:
    """Keep each row with a probability; the same rows each time."""
    chosen = pl.int_range(pl.len(), dtype=pl.UInt64).hash(args["seed"] or 0) < int(args["probability"] * (2**64 - 1))
    return frame.filter(chosen)


def _renamed(frame: pl.LazyFrame, names: list[str]) -> pl.LazyFrame:
    return frame.rename(dict(zip(frame.collect_schema().names(), names)))  # noqa: B905 - not known to Python 3.8


def _converted(column: str, entry: dict[str, Any]) -> pl.Expr:
    source, kind = pl.col(column), entry["type"]
    text = source.cast(pl.String).str.strip_chars()
    if kind == "int":
        return pl.coalesce(
            source.cast(pl.Int64, strict=False), text.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
        )
    if kind == "float":
        return text.cast(pl.Float64, strict=False).alias(column)
    if kind == "boolean":
        return source.cast(pl.String).map_batches(lambda s: _booleans(s, entry), return_dtype=pl.Boolean)
    if kind == "datetime":
        return _dates(text, entry["formats"]).alias(column)
    return source.cast(pl.String)


def _booleans(series: pl.Series, entry: dict[str, Any]) -> pl.Series:
    low = series.str.strip_chars().str.to_lowercase()
    true = low.is_in([str(v).lower() for v in entry["true_values"]])
    false = low.is_in([str(v).lower() for v in entry["false_values"]])
    other = ~(true | false) & series.is_not_null()
    mismatch = str(entry["mismatch_as"]).lower()
    if other.any() and mismatch == "error":
        value = series.filter(other.fill_null(False))[0]
        raise MLTableError(f"column '{series.name}' holds '{value}', which is neither of the truth values")
    made = pl.select(
        pl.when(true).then(True).when(false).then(False).when(other).then(mismatch == "true").otherwise(None)
    )
    return made.to_series().alias(series.name)


def _dates(text: pl.Expr, formats: list[str]) -> pl.Expr:
    if not formats:
        return text.str.to_datetime(strict=False, time_unit="us")
    return pl.coalesce([text.str.to_datetime(form, strict=False, time_unit="us") for form in formats])


def _json_text(file: str, encoding: str, drop: bool) -> bytes:
    import json

    kept = []
    with open(file, encoding=encoding) as stream:
        for line in stream:
            if drop:
                try:
                    json.loads(line)
                except ValueError:
                    continue
            kept.append(line)
    return "".join(kept).encode()
