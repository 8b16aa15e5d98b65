"""What is in a table: its first rows, and of each column what it holds and how that is spread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lapisml.server.features.assets.cells import shown_cell
from lapisml.server.features.assets.columns import LONGEST_SHOWN, column_profile
from lapisml.server.features.assets.formats import MOST_COLUMNS
from lapisml.server.features.assets.frames import BYTES_AT_ONCE, Frames, Table
from lapisml.server.features.assets.frames_wire import ProfileBody
from lapisml.server.features.workspaces.service import Workspace

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 200_000
"""Rows that a profile is made from, the first."""

_HEAD = 100
_PROBE = 200
_KEPT = 64


@dataclass(frozen=True)
class _Rows:
    """The first rows of a table."""

    frame: pl.DataFrame
    columns: int
    is_cut: bool


class Profiles:
    """Reads tables for pages; profiles are kept until the content changes."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._kept: OrderedDict[tuple[Any, ...], ProfileBody] = OrderedDict()
        self._lock = threading.Lock()

    def profile(self, workspace: Workspace, uri: str, path: str) -> ProfileBody:
        """Describe the columns of a table from its first rows, and give some of these.

        Raises:
            LapisError: as `Frames.open`.
        """
        with self._frames.open(workspace, uri, path) as table:
            known = self._known(table.key)
            if known is not None:
                return known
            found = _collect(table, MOST_ROWS + 1)
            frame = found.frame.head(MOST_ROWS)
            body: ProfileBody = {
                "rows": frame.height,
                "whole": not (table.is_cut or found.is_cut or found.frame.height > MOST_ROWS),
                "all_columns": found.columns,
                "columns": [column_profile(series) for series in frame.iter_columns()],
                "head": [[shown_cell(value, LONGEST_SHOWN) for value in row] for row in frame.head(_HEAD).iter_rows()],
            }
        self._keep(table.key, body)
        return body

    def _known(self, key: tuple[Any, ...]) -> ProfileBody | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[Any, ...], body: ProfileBody) -> None:
        with self._lock:
            self._kept[key] = body
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)


def _collect(table: Table, rows: int) -> _Rows:
    """Read the first rows, as many as may be held in memory; with care when the first look misjudged the types."""
    import polars as pl

    try:
        return _collect_with(table, rows, careful=False)
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return _collect_with(table, rows, careful=True)


def _collect_with(table: Table, rows: int, *, careful: bool) -> _Rows:
    probe = table.scan(min(rows, _PROBE), careful)
    names = probe.collect_schema().names()
    chosen = names[:MOST_COLUMNS]
    first = probe.select(chosen).collect()
    if first.height < min(rows, _PROBE):
        return _Rows(first, len(names), is_cut=False)
    most = max(_PROBE, int(BYTES_AT_ONCE / max(1.0, first.estimated_size() / first.height)))
    frame = table.scan(min(rows, most), careful).select(chosen).collect()
    return _Rows(frame, len(names), is_cut=frame.height == most < rows)
