"""Files cut into mini-batches for a model that is used by itself.

Files with rows are cut by rows, so that all workers share a big one, and go to the workers as raw columns; small ones
are put together. All other files, images and texts, are an item each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import polars as pl

from lapisml.runner.parallel.batches import InputError, MiniBatch, files_at
from lapisml.runner.parallel.blocks import write_block
from lapisml.runner.parallel.lapis_worker.items import IMAGES, TEXTS
from lapisml.runner.parallel.pace import Pace
from lapisml.runner.parallel.readers import TABLES, Reader, UnreadableError, is_hidden, is_table
from lapisml.scoring.lapis_scoring.errors import LoadError
from lapisml.scoring.lapis_scoring.signature import ModelFile, find


def of_scored(path: str, model: str, size: int, scratch: str, pace: Pace) -> Iterator[MiniBatch]:
    """Cut the files at `path` into mini-batches.

    Args:
        path: a file or folder.
        model: folder of the MLflow model.
        size: most files of a mini-batch.
        scratch: folder for the files with rows.
        pace: how many rows at once.

    Raises:
        InputError: there are no files, or the model says nothing of itself.
    """
    try:
        reader = Reader(ModelFile(find(model)).signature)
    except LoadError as error:
        raise InputError(f"the model can't be read: {error}") from error
    root = path if os.path.isdir(path) else os.path.dirname(path)
    files = [file for file in files_at(path) if not is_hidden(file, root)]
    if not files:
        raise InputError("it holds no files")
    for index, batch in enumerate(_Cutter(reader, root, size, scratch, pace).batches(files)):
        batch.index = index
        yield batch


class _Cutter:
    def __init__(self, reader: Reader, root: str, size: int, scratch: str, pace: Pace) -> None:
        self._reader = reader
        self._root = root
        self._size = size
        self._scratch = scratch
        self._pace = pace
        self._written = 0
        self._parts: list[dict[str, Any]] = []

    def batches(self, files: list[str]) -> Iterator[MiniBatch]:
        """Give mini-batches; their numbers come later."""
        for file in files:
            try:
                yield from self._rows_of(file) if is_table(file) else self._item(file)
            except UnreadableError as error:
                yield from self._flush()
                yield MiniBatch(0, 1, parts=[{"file": self._name(file), "last": True}], broken=str(error))
        yield from self._flush()

    def _item(self, file: str) -> Iterator[MiniBatch]:
        if not file.lower().endswith((*IMAGES, *TEXTS)):
            raise UnreadableError(f"its name says nothing that can be scored: {', '.join((*TABLES, *IMAGES, *TEXTS))}")
        self._parts.append({"file": self._name(file), "path": file, "last": True})
        yield from self._flush(full_only=True)

    def _rows_of(self, file: str) -> Iterator[MiniBatch]:
        """Put the rows of a file into blocks, and blocks into mini-batches."""
        first = 0
        before: dict[str, Any] | None = None
        for frame in _cut(self._reader.frames(file), self._pace):
            if before is not None:
                yield from self._flush(full_only=True)
            before = self._part(file, frame, first)
            self._parts.append(before)
            first += frame.height
        if before is None:
            self._parts.append({"file": self._name(file), "last": True, "rows": 0})
        else:
            before["last"] = True
        yield from self._flush(full_only=True)

    def _part(self, file: str, frame: pl.DataFrame, first: int) -> dict[str, Any]:
        block = os.path.join(self._scratch, f"rows.{self._written}")
        self._written += 1
        write_block(frame, block)
        return {"file": self._name(file), "block": block, "first": first, "rows": frame.height, "last": False}

    def _flush(self, *, full_only: bool = False) -> Iterator[MiniBatch]:
        parts = self._parts
        rows = sum(part.get("rows", 0) for part in parts)
        if not parts or (full_only and len(parts) < self._size and rows < self._pace.rows):
            return
        self._parts = []
        yield MiniBatch(0, len(parts), parts=parts)

    def _name(self, file: str) -> str:
        return os.path.relpath(file, self._root)


def _cut(frames: Iterator[pl.DataFrame], pace: Pace) -> Iterator[pl.DataFrame]:
    """Cut frames of any height into such as the pace asks for, none across two frames but the rest of a small one."""
    rest: pl.DataFrame | None = None
    for frame in frames:
        joined = frame if rest is None else pl.concat([rest, frame], how="vertical_relaxed")
        at = 0
        while joined.height - at >= pace.rows:
            rows = pace.rows
            yield joined.slice(at, rows)
            at += rows
        rest = joined.slice(at) if at < joined.height else None
    if rest is not None:
        yield rest
