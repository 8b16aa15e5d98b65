"""Files that hold tables: how each kind is told by its ending and opened, lazily, with Polars.

What is opened was written by anybody: columns of CSV files have the types that a first look tells, and a file that is
not what its ending says is refused with a sentence.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError

if TYPE_CHECKING:
    import polars as pl

MOST_COLUMNS = 300
"""Columns that are read of a table; of the others it is said how many there are."""

CSV, TSV, PARQUET, JSON_LINES = "CSV", "TSV", "Parquet", "JSON lines"

_FORMS = {
    "csv": CSV, "tsv": TSV, "parquet": PARQUET, "pq": PARQUET, "jsonl": JSON_LINES, "ndjson": JSON_LINES,
}  # fmt: skip
_SURE_ROWS = 10_000
_HEAD = 1 << 16


def form_of(name: str) -> str | None:
    """Say how a file's table is written, by its ending; None when it holds none."""
    return _FORMS.get(ending_of(name))


def ending_of(name: str) -> str:
    """The ending of a file's name, in small letters."""
    return name.rpartition(".")[2].lower()


def endings() -> str:
    """The endings of files that hold tables, for a sentence."""
    return ", ".join(sorted(f".{ending}" for ending in _FORMS))


def scan(
    form: str, files: list[Path], rows: int | None = None, looked_at: int | None = _SURE_ROWS, *, careful: bool = False
) -> pl.LazyFrame:
    """Open files of this machine as one table; nothing but what tells the types is read yet.

    Args:
        form: as `form_of` gives it.
        rows: only the first so many; None for all.
        looked_at: rows that tell the types of columns; 0: all columns are text (CSV, TSV).
        careful: every row that is wanted tells the types, and a value that belies its column's is missing.
    """
    import polars as pl  # takes a third of a second: a server of whose tables nobody looks at any goes without

    if form == PARQUET:
        return pl.scan_parquet(files, glob=False, n_rows=rows)
    looked_at = rows if careful else looked_at
    if form == JSON_LINES:
        return pl.scan_ndjson(files, n_rows=rows, infer_schema_length=looked_at, ignore_errors=careful)
    lines = _first_lines(files[0])
    separator = _separator(lines[0], form)
    return pl.scan_csv(
        files,
        separator=separator,
        has_header=_has_names(lines, separator),
        n_rows=rows,
        infer_schema_length=looked_at,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        try_parse_dates=True,
        ignore_errors=careful,
        glob=False,
        raise_if_empty=False,
    )


@contextmanager
def refusing(form: str = "a table") -> Iterator[None]:
    """Give a fault in reading a file as a refusal; any that is not the file's stays what it is.

    Raises:
        LapisError: NotSupported.
    """
    try:
        yield
    except LapisError:
        raise
    except BaseException as error:  # what Polars panics with is no Exception
        if not isinstance(error, _faults()):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        sentence = f"The file can't be read as {form}: {reason}"
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Look at it as text, or download it.") from error


def _first_lines(file: Path) -> list[str]:
    """Give the first two lines of a text file; empty ones where it has fewer."""
    with file.open("rb") as stream:
        lines = stream.read(_HEAD).decode("utf-8-sig", "replace").splitlines()
    return [*lines, "", ""][:2]


def _separator(first: str, form: str) -> str:
    """Tell what parts the columns: what the first line has most of, and what the ending says where it has none."""
    usual = "\t" if form == TSV else ","
    return max(dict.fromkeys((usual, ",", "\t", ";", "|")), key=first.count)


def _has_names(lines: list[str], separator: str) -> bool:
    """Say whether the first line holds names: none is what stands below it too, as in scores that a batch wrote."""
    rows: list[list[str]] = [*csv.reader(lines, delimiter=separator), [], []]
    first, second = rows[:2]
    return not any(one and one == other for one, other in zip(first, second, strict=False))


def _faults() -> tuple[type[Any], ...]:
    import polars.exceptions

    from lapisml.mltable.checks import MLTableError

    known = polars.exceptions
    return known.PolarsError, known.PanicException, MLTableError, OSError, ValueError
