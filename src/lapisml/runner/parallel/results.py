"""What ``run()`` returned, put together in the order of the mini-batches."""

from __future__ import annotations

import os
import shutil


class Results:
    """Collects the lines of mini-batches into one file; each mini-batch counts once.

    Args:
        path: where the whole is put at the end; None when nobody collects results.
        scratch: folder for what is not in its place yet.
    """

    def __init__(self, path: str | None, scratch: str) -> None:
        self._path = path
        self._scratch = scratch
        self._next = 0
        self._waiting: dict[int, str | None] = {}
        self._whole = os.path.join(scratch, "results")
        if path is not None:
            with open(self._whole, "wb"):
                pass

    def place(self, index: int, attempt: int) -> str | None:
        """Return the file that an attempt at a mini-batch writes its lines to; None when nobody collects them."""
        return None if self._path is None else os.path.join(self._scratch, f"result.{index}.{attempt}")

    def add(self, index: int, lines: str | None) -> None:
        """Enter the file with a mini-batch's lines, None when it has none."""
        if self._path is None or index < self._next or index in self._waiting:
            return
        self._waiting[index] = lines
        if self._next in self._waiting:
            self._append()

    def finish(self) -> None:
        """Put the whole in its place.

        Raises:
            OSError: it can't be written.
        """
        if self._path is None:
            return
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        shutil.copyfile(self._whole, self._path)
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _append(self) -> None:
        with open(self._whole, "ab") as whole:
            while self._next in self._waiting:
                lines = self._waiting.pop(self._next)
                self._next += 1
                if lines is not None:
                    with open(lines, "rb") as part:
                        shutil.copyfileobj(part, whole, 1 << 20)
                    os.unlink(lines)
