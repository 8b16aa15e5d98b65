"""Tables in the workspace's stores, opened lazily with Polars: CSV, TSV, Parquet, JSON lines, MLTable.

What is opened was written by anybody: only the first rows are read, at most `BYTES_AT_ONCE` of them are held in memory,
two tables are read at a time, and a table that names files outside its folder is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.features.assets.browsing import FoundFile
from lapisml.server.features.assets.formats import PARQUET, ending_of, endings, form_of, refusing, scan
from lapisml.server.features.assets.sampling import at_hand, folder_at_hand
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.workspaces.service import Workspace

if TYPE_CHECKING:
    import polars as pl

BYTES_AT_ONCE = 96 << 20

_MLTABLE = "MLTable"
_MOST_LISTED = 10_000
_MOST_FILES = 100

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
        with self._turns, refusing(), self._table(location, found) as table:
            yield table

    @contextmanager
    def _table(self, location: StorageLocation, found: ObjectInfo) -> Iterator[Table]:
        if found.is_dir:
            entries = list(islice(self._storage.walk(location), _MOST_LISTED))
            if any(entry.path == _MLTABLE for entry in entries):
                with folder_at_hand(self._storage, location, entries) as folder:
                    yield self._mltable(folder, location, entries)
                return
        else:
            entries = [found]
        form, chosen = _of_one_kind(location.name, entries)
        places = [location.child(entry.path) if entry.path else location for entry in chosen]
        with self._local(places, chosen, form) as (files, is_part):
            is_cut = is_part or len(files) < len(places) or len(places) == _MOST_FILES

            def opened(rows: int | None, careful: bool) -> pl.LazyFrame:
                return scan(form, files, rows, careful=careful)

            yield Table((str(location), *(_mark(entry) for entry in chosen)), opened, is_cut)

    def _mltable(self, folder: Path, location: StorageLocation, entries: list[ObjectInfo]) -> Table:
        from lapisml.mltable.document import read
        from lapisml.mltable.files import files_of
        from lapisml.mltable.polars_engine import Frames as Engine

        plan = read(str(folder))
        inside = folder.resolve()
        if not all(Path(file).resolve().is_relative_to(inside) for file in files_of(plan)):
            sentence = "The MLTable names files outside its own folder, which are not shown here."
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, sentence)

        def opened(rows: int | None, careful: bool) -> pl.LazyFrame:
            frame = Engine(plan).lazy(careful=careful)
            return frame if rows is None else frame.head(rows)

        return Table((str(location), *(_mark(entry) for entry in entries)), opened, is_cut=False)

    @contextmanager
    def _local(
        self, places: list[StorageLocation], entries: list[ObjectInfo], form: str
    ) -> Iterator[tuple[list[Path], bool]]:
        """Give the files on this machine; of a store elsewhere the first one, or the begin of it."""
        files = [self._storage.local_path(place) for place in places]
        if all(file is not None for file in files):
            yield [file for file in files if file is not None], False
            return
        first = FoundFile(places[0], places[0].name, entries[0].size)
        with at_hand(self._storage, first, needs_all=form == PARQUET) as (file, is_whole):
            yield [file], not is_whole


def _of_one_kind(name: str, entries: list[ObjectInfo]) -> tuple[str, list[ObjectInfo]]:
    """Choose the files that make the table: those with the ending of the first that holds one."""
    named = [(entry.path or name, entry) for entry in entries]
    first = next((file for file, _ in named if form_of(file)), None)
    form = form_of(first) if first is not None else None
    if first is None or form is None:
        raise LapisError(
            ErrorCode.NOT_SUPPORTED, f"'{name}' holds no table.", f"Tables are files ending in {endings()}."
        )
    same = [entry for file, entry in named if ending_of(file) == ending_of(first) and entry.size > 0]
    if not same:
        raise LapisError(ErrorCode.NOT_SUPPORTED, "The file is empty.")
    return form, same[:_MOST_FILES]


def _mark(entry: ObjectInfo) -> tuple[str, int, int | None, str | None]:
    return entry.path, entry.size, entry.modified_at, entry.etag
