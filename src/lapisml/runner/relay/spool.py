"""The spool: metrics that were acknowledged and have not arrived yet, in a file of the job's folder.

One JSON line per acknowledged call, ``{"run_id", "metrics": [...]}``, on disk before the acknowledgement. The
cursor file says how many bytes have arrived (``done``) and how far the batches that are under way reach
(``sending``): after a crash exactly those are sent again, under the same idempotency keys.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lapisml.runner import durable, layout

BATCH = 1000
"""Metrics in one ``log-batch`` call, MLflow's limit."""

_WINDOW_BYTES = 1 << 20


@dataclass(frozen=True)
class Batch:
    """Metrics of one run, in the order in which they were logged.

    Attributes:
        run_id: the run.
        metrics: at most `BATCH`, as the client gave them.
        key: names this batch for ever, for a server that has seen it before.
    """

    run_id: str
    metrics: list[dict[str, Any]]
    key: str


class Spool:
    """The file and its cursor.

    Args:
        folder: the job's folder.
        key: of this folder and no other; goes into the batches' keys.
    """

    def __init__(self, folder: str, key: str) -> None:
        self._cursor_path = os.path.join(folder, layout.SPOOL_CURSOR)
        self._key = key
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(os.path.join(folder, layout.SPOOL), flags, 0o600)
        self.size = self._whole_size()
        cursor = durable.read_json(self._cursor_path) or {}
        self.done = int(cursor.get("done", 0))
        self._sending = int(cursor.get("sending", self.done))

    def append(self, run_id: str, metrics: list[dict[str, Any]]) -> None:
        """Put metrics on disk.

        Raises:
            OSError: the disk is full or broken; nothing of it counts as written.
        """
        line = json.dumps({"run_id": run_id, "metrics": metrics}, separators=(",", ":")).encode() + b"\n"
        try:
            durable.write_all(self._fd, line)
            os.fdatasync(self._fd)
        except OSError:
            os.ftruncate(self._fd, self.size)
            raise
        self.size += len(line)

    @property
    def is_empty(self) -> bool:
        """Whether everything has arrived."""
        return self.done >= self.size

    def window(self) -> tuple[list[Batch], int]:
        """Return the batches to send next, oldest first per run, and the offset that they reach."""
        if self._sending <= self.done:
            self._sending = self.done + self._whole_lines(_WINDOW_BYTES)
            self._write_cursor()
        data = os.pread(self._fd, self._sending - self.done, self.done)
        metrics: dict[str, list[dict[str, Any]]] = {}
        for line in data.splitlines():
            entry = json.loads(line)
            metrics.setdefault(entry["run_id"], []).extend(entry["metrics"])
        return [b for run, points in metrics.items() for b in self._batches(run, points)], self._sending

    def arrived(self, offset: int) -> None:
        """Note that everything before `offset` has arrived."""
        self.done = self._sending = offset
        self._write_cursor()

    def _batches(self, run_id: str, metrics: list[dict[str, Any]]) -> Iterator[Batch]:
        for number in range(0, len(metrics), BATCH):
            name = f"{self._key}:{self.done}:{self._sending}:{run_id}:{number}"
            key = hashlib.sha256(name.encode()).hexdigest()
            yield Batch(run_id, metrics[number : number + BATCH], key)

    def _whole_lines(self, limit: int) -> int:
        """Return the number of bytes of whole lines after `done`, about `limit` at most, one line at least."""
        while True:
            data = os.pread(self._fd, limit, self.done)
            end = data.rfind(b"\n") + 1
            if end or len(data) < limit:
                return end
            limit *= 4

    def _whole_size(self) -> int:
        """Cut off a line that a crash left unfinished: it was never acknowledged."""
        size = os.fstat(self._fd).st_size
        start = max(0, size - (1 << 22))
        tail = os.pread(self._fd, size - start, start)
        whole = start + tail.rfind(b"\n") + 1
        if whole < size:
            os.ftruncate(self._fd, whole)
        return whole

    def _write_cursor(self) -> None:
        durable.write_json(self._cursor_path, {"done": self.done, "sending": self._sending})
