"""Tables in the workspace's stores, opened lazily with Polars: CSV, TSV, Parquet, JSON lines, MLTable.

What is opened was written by anybody: only the first rows are read, at most `BYTES_AT_ONCE` of them are held in memory,
two tables are read at a time, and a table that names files outside its folder is refused.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.workspaces.service import Workspace

if TYPE_CHECKING:
    import polars as pl

BYTES_AT_ONCE = 96 << 20
MOST_COLUMNS = 300

_KINDS = {"csv": "csv", "tsv": "csv", "parquet": "parquet", "pq": "parquet", "jsonl": "json", "ndjson": "json"}
_MLTABLE = "MLTable"
_MOST_LISTED = 10_000
_MOST_FILES = 100
_REMOTE_TEXT = 32 << 20
_REMOTE_PARQUET = 128 << 20
_SAMPLE = 1 << 16
_SURE_ROWS = 10_000

Scan = Callable[[int | None, bool], "pl.LazyFrame"]
"""Opens the table; takes the number of rows wanted, None for all, and whether every one tells the columns' types."""


@dataclass(frozen=True)
class Table:
    """A table that was found, with what its content is known by.

    Attributes:
        key: differs when the content does.
        is_cut: it has more than can be seen here.
    """

    key: tuple[Any, ...]
    scan: Scan
    is_cut: bool


class Frames:
    """Opens tables.

    Args:
        storage: where they lie; what is not on this machine is brought to a temporary file first.
    """

    def __init__(self, assets: AssetService, storage: Storage) -> None:
        self._assets = assets
        self._storage = storage
        self._turns = threading.BoundedSemaphore(2)

    @contextmanager
    def open(self, workspace: Workspace, uri: str, path: str = "") -> Iterator[Table]:
        """Find the table that a reference leads to; it can be read within the block.

        Args:
            uri: a file, or a folder whose files of one kind make the table, or one with an ``MLTable`` file.
            path: of a file below it.

        Raises:
            LapisError: NotFound; Forbidden, PathNotAllowed; NotSupported for what is no table.
        """
        location = self._assets.content_location(workspace, uri)
        location = location.child(path) if path else location
        found = self._storage.info(location)
        if found is None:
            raise not_found("content", path or uri)
        with self._turns:
            try:
                with self._table(location, found) as table:
                    yield table
            except LapisError:
                raise
            except BaseException as error:
                raise _unreadable(error) from error

    @contextmanager
    def _table(self, location: StorageLocation, found: ObjectInfo) -> Iterator[Table]:
        if found.is_dir:
            entries = list(islice(self._storage.walk(location), _MOST_LISTED))
            if any(entry.path == _MLTABLE for entry in entries):
                yield self._mltable(location, entries)
                return
        else:
            entries = [found]
        kind, chosen = _of_one_kind(location.name, entries)
        places = [location.child(entry.path) if entry.path else location for entry in chosen]
        with self._local(places, chosen, kind) as (files, is_part):
            is_cut = is_part or len(files) < len(places) or len(places) == _MOST_FILES
            yield Table((str(location), *(_mark(entry) for entry in chosen)), _scan_of(kind, files), is_cut)

    def _mltable(self, location: StorageLocation, entries: list[ObjectInfo]) -> Table:
        from lapisml.mltable.document import read
        from lapisml.mltable.files import files_of
        from lapisml.mltable.polars_engine import Frames as Engine

        folder = self._storage.local_path(location)
        if folder is None:
            sentence = "An MLTable in an object store is not shown here; a job that has it as input reads it."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
        plan = read(str(folder))
        inside = folder.resolve()
        if not all(Path(file).resolve().is_relative_to(inside) for file in files_of(plan)):
            sentence = "The MLTable names files outside its own folder, which are not shown here."
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, sentence)

        def scan(rows: int | None, careful: bool) -> pl.LazyFrame:
            frame = Engine(plan).lazy(careful=careful)
            return frame if rows is None else frame.head(rows)

        return Table((str(location), *(_mark(entry) for entry in entries)), scan, is_cut=False)

    @contextmanager
    def _local(
        self, places: list[StorageLocation], entries: list[ObjectInfo], kind: str
    ) -> Iterator[tuple[list[Path], bool]]:
        """Give the files on this machine; of a store elsewhere the first one, or the begin of it."""
        files = [self._storage.local_path(place) for place in places]
        if all(file is not None for file in files):
            yield [file for file in files if file is not None], False
            return
        most = _REMOTE_PARQUET if kind == "parquet" else _REMOTE_TEXT
        if kind == "parquet" and entries[0].size > most:
            raise LapisError(
                ErrorCode.NOT_SUPPORTED, f"Parquet files over {most >> 20} MiB are shown from a local disk."
            )
        with tempfile.NamedTemporaryFile(suffix=f".{kind}") as copy:
            data = self._storage.read_range(places[0], 0, most)
            is_cut = len(data) < entries[0].size
            copy.write(data[: data.rfind(b"\n") + 1] if is_cut else data)
            copy.flush()
            yield [Path(copy.name)], is_cut


def _of_one_kind(name: str, entries: list[ObjectInfo]) -> tuple[str, list[ObjectInfo]]:
    """Choose the files that make the table: those with the ending of the first that holds one."""
    kinds = [(_ending(entry.path or name), entry) for entry in entries]
    first = next((ending for ending, _ in kinds if ending in _KINDS), None)
    if first is None:
        known = ", ".join(sorted({f".{ending}" for ending in _KINDS}))
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"'{name}' holds no table.", f"Tables are files ending in {known}.")
    return _KINDS[first], [entry for ending, entry in kinds if ending == first and entry.size > 0][:_MOST_FILES]


def _scan_of(kind: str, files: list[Path]) -> Scan:
    if not files:
        raise LapisError(ErrorCode.NOT_SUPPORTED, "The file is empty.")
    if kind == "parquet":
        return lambda rows, _careful: _polars().scan_parquet(files, glob=False, n_rows=rows)
    if kind == "json":
        return lambda rows, careful: _polars().scan_ndjson(
            files, n_rows=rows, infer_schema_length=rows if careful else _SURE_ROWS, ignore_errors=careful
        )
    separator = _separator(files[0])
    return lambda rows, careful: _polars().scan_csv(
        files,
        separator=separator,
        n_rows=rows,
        infer_schema_length=rows if careful else _SURE_ROWS,
        encoding="utf8-lossy",
        truncate_ragged_lines=True,
        try_parse_dates=True,
        ignore_errors=careful,
        glob=False,
        raise_if_empty=False,
    )


def _separator(file: Path) -> str:
    """Tell what parts the columns: what the first line has most of."""
    with file.open("rb") as stream:
        first = stream.read(_SAMPLE).partition(b"\n")[0].decode("utf-8", "replace")
    return max(",\t;|", key=first.count)


def _mark(entry: ObjectInfo) -> tuple[str, int, int | None, str | None]:
    return entry.path, entry.size, entry.modified_at, entry.etag


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _polars() -> Any:
    """Load Polars when a table is first read: a server of whose tables nobody looks at any goes without."""
    import polars as pl

    return pl


def _unreadable(error: BaseException) -> BaseException:
    """Give the refusal of a file that is not what its name says; any other fault stays what it is."""
    from lapisml.mltable.checks import MLTableError

    pl = _polars()
    if isinstance(
        error, pl.exceptions.PolarsError | pl.exceptions.PanicException | MLTableError | OSError | ValueError
    ):
        line = str(error).strip().partition("\n")[0][:300]
        return LapisError(ErrorCode.NOT_SUPPORTED, f"The file can't be read as a table: {line}")
    return error
