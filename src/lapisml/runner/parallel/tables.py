"""Tables cut into mini-batches: by size in the order of the rows, or one for each combination of key values.

Read as a stream on Polars, so that only a few mini-batches are ever in memory or on their way; each goes to a worker
as a file of raw columns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from lapisml.mltable import MLTable, load
from lapisml.mltable.document import MLTableError
from lapisml.mltable.files import files_of
from lapisml.mltable.polars_engine import Frames, row_bytes
from lapisml.runner.parallel.batches import InputError, MiniBatch
from lapisml.runner.parallel.blocks import write_block

_LONGEST = 1 << 20
"""Most rows of one mini-batch whatever its size in bytes, and rows read at once."""


def of_table(path: str, size: int, keys: Sequence[str], scratch: str) -> Iterator[MiniBatch]:
    """Cut the table at `path` into mini-batches.

    Args:
        path: folder with a file ``MLTable``, or that file.
        size: bytes of a mini-batch, about, as the data takes in its files.
        keys: columns; with them, rows of equal values make one mini-batch, whatever its size.
        scratch: folder for the files with rows.

    Raises:
        InputError: it can't be read, holds no rows, or lacks a key.
    """
    try:
        table = load(path)
        made = _by_keys(table, keys, scratch) if keys else _by_size(table, size, scratch)
        empty = True
        for batch in made:
            empty = False
            yield batch
    except (MLTableError, pl.exceptions.PolarsError, OSError) as error:
        raise InputError(str(error)) from error
    if empty:
        raise InputError("it holds no rows")


def listed_files(path: str) -> list[str]:
    """Return the files that the ``MLTable`` file at `path` lists.

    Raises:
        InputError: one is not there, or lies in another store.
    """
    try:
        return files_of(load(path).plan)
    except (MLTableError, OSError) as error:
        raise InputError(str(error)) from error


def _by_size(table: MLTable, size: int, scratch: str) -> Iterator[MiniBatch]:
    frames = Frames(table.plan)
    rows = max(1, min(_LONGEST, int(size / row_bytes(table.plan))))
    first = 0
    for index, frame in enumerate(_even(frames.stream(rows), rows)):
        block = os.path.join(scratch, f"rows.{index}")
        write_block(frame, block)
        yield MiniBatch(index, frame.height, block=block, first_row=first)
        first += frame.height


def _even(frames: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Cut a stream of frames of any height into frames of `rows`."""
    rest: pl.DataFrame | None = None
    for frame in frames:
        rest = frame if rest is None or rest.is_empty() else pl.concat([rest, frame], how="vertical_relaxed")
        while rest.height >= rows:
            yield rest.head(rows)
            rest = rest.slice(rows)
    if rest is not None and not rest.is_empty():
        yield rest


def _by_keys(table: MLTable, keys: Sequence[str], scratch: str) -> Iterator[MiniBatch]:
    """Part the rows by key into files first; then each key's files make its mini-batch."""
    places: dict[tuple[Any, ...], list[str]] = {}
    written = 0
    for frame in Frames(table.plan).stream(_LONGEST // 8):
        lacking = [key for key in keys if key not in frame.columns]
        if lacking:
            raise InputError(f"it has no column '{lacking[0]}' (partition_keys); it has {', '.join(frame.columns)}")
        for values, part in frame.partition_by(list(keys), as_dict=True, maintain_order=True).items():
            path = os.path.join(scratch, f"part.{written}")
            written += 1
            part.write_ipc(path)
            places.setdefault(values, []).append(path)
    for index, (values, paths) in enumerate(places.items()):
        frame = pl.concat([pl.read_ipc(path) for path in paths], how="vertical_relaxed")
        for path in paths:
            os.unlink(path)
        block = os.path.join(scratch, f"rows.{index}")
        write_block(frame, block)
        yield MiniBatch(index, frame.height, block=block, keys=dict(zip(keys, map(_plain, values), strict=True)))


def _plain(value: Any) -> Any:
    """Give a key's value as JSON can carry it: numbers and text as they are, anything else as text."""
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
