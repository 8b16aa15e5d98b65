"""A mini-batch as the driver knows it, and the thread that makes them ahead of the workers."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class InputError(Exception):
    """The input can't be cut into mini-batches; the text says why."""


@dataclass
class MiniBatch:
    """One mini-batch.

    Attributes:
        index: its place in the input, from 0.
        items: files or rows in it.
        files: paths, when it is made of files.
        block: path of the file with its rows, when it is a piece of a table.
        first_row: number of its first row within the table, when rows are in the table's order.
        keys: column → value, with partition keys.
        parts: files or pieces of files for a model that is used by itself: ``file`` (its name), ``last`` (whether
            the file ends here), and ``path``, or ``block``, ``first`` and ``rows``.
        broken: why it can't be worked on; it never reaches a worker.
        attempt: which try this is, from 1.
    """

    index: int
    items: int
    files: list[str] | None = None
    block: str | None = None
    first_row: int | None = None
    keys: Mapping[str, Any] | None = None
    parts: list[dict[str, Any]] | None = None
    broken: str | None = None
    attempt: int = 1

    def message(self, result: str | None) -> dict[str, Any]:
        """Give the request to a worker; `result` is the file that takes its lines."""
        return {
            "do": "run",
            "index": self.index,
            "items": self.items,
            "files": self.files,
            "block": self.block,
            "first_row": self.first_row,
            "keys": self.keys,
            "parts": self.parts,
            "result": result,
        }

    def discard(self) -> None:
        """Remove the files with its rows."""
        for block in (self.block, *(part.get("block") for part in self.parts or ())):
            if block is not None and os.path.exists(block):
                os.unlink(block)


def of_files(files: list[str], size: int) -> Iterator[MiniBatch]:
    """Cut files into mini-batches of `size`.

    Raises:
        InputError: there are none.
    """
    if not files:
        raise InputError("it holds no files")
    for index, start in enumerate(range(0, len(files), size)):
        part = files[start : start + size]
        yield MiniBatch(index, len(part), files=part, first_row=start)


def files_at(path: str) -> list[str]:
    """Return the files at a path, in the order of their names, folder by folder; links are followed."""
    if os.path.isfile(path):
        return [path]
    found: list[str] = []
    seen: set[str] = set()
    for folder, folders, names in os.walk(path, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else sorted(folders)
        if real in seen:
            continue
        seen.add(real)
        found.extend(os.path.join(folder, name) for name in names)
    return sorted(found, key=lambda file: os.path.relpath(file, path).split(os.sep))


class Feed:
    """Makes mini-batches in a thread, never more than `ahead` of what is taken.

    Args:
        source: gives the mini-batches.
        ahead: how many may wait.

    Attributes:
        fd: readable when there may be news (a mini-batch, the end).
        total: number of all mini-batches, None until the last was made.
        error: why making them ended early.
    """

    def __init__(self, source: Iterator[MiniBatch], ahead: int) -> None:
        self._source = source
        self._waiting: queue.Queue[MiniBatch] = queue.Queue(max(1, ahead))
        self._done = threading.Event()
        self.fd, self._news = os.pipe()
        os.set_blocking(self.fd, False)
        self.total: int | None = None
        self.error: Exception | None = None

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="mini-batches", daemon=True).start()

    def take(self) -> MiniBatch | None:
        """Return the next mini-batch, None when none is ready."""
        try:
            return self._waiting.get_nowait()
        except queue.Empty:
            return None

    def drain(self) -> None:
        """Forget that there was news."""
        try:
            os.read(self.fd, 4096)
        except BlockingIOError:
            return

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self._done.is_set() and self._waiting.empty()

    def _run(self) -> None:
        count = 0
        try:
            for batch in self._source:
                self._waiting.put(batch)
                count += 1
                os.write(self._news, b"n")
            self.total = count
        except Exception as error:  # noqa: BLE001 - the thread's boundary: the driver reports it
            self.error = error
        self._done.set()
        os.write(self._news, b"n")
