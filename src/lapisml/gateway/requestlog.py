"""The request log: one JSON line a request, written by a thread so that no request waits for the disk."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import orjson

_FLUSH_EVERY_S = 1.0
_MOST_WAITING = 100_000


class Entry(NamedTuple):
    """One answered request.

    Attributes:
        ended: when it was answered, seconds since 1970.
        duration_s: from its first byte to its answer, seconds.
        wait_s: of that, until it was sent to a replica; the whole when none took it.
        request_id: of the answer.
        client_id: what the client sent as ``x-ms-client-request-id``.
        trace: what it sent as ``traceparent``.
        workspace, endpoint, deployment, revision: where it went; empty when nowhere.
        method: as sent.
        status: of the answer.
        bytes_in, bytes_out: lengths of the bodies.
    """

    ended: float
    duration_s: float
    wait_s: float
    request_id: str
    client_id: bytes
    trace: bytes
    workspace: str
    endpoint: str
    deployment: str
    revision: str
    method: bytes
    status: int
    bytes_in: int
    bytes_out: int

    def line(self) -> bytes:
        """Give the JSON line; no header, query or body is in it."""
        second, thousandths = divmod(int(self.ended * 1000), 1000)
        found = {
            "time": f"{_minute(second // 60)}{second % 60:02}.{thousandths:03}Z",
            "request_id": self.request_id,
            "workspace": self.workspace,
            "endpoint": self.endpoint,
            "deployment": self.deployment,
            "revision": self.revision,
            "method": self.method.decode("ascii", "replace"),
            "status": self.status,
            "duration_ms": round(self.duration_s * 1000, 3),
            "wait_ms": round(self.wait_s * 1000, 3),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
        }
        if self.client_id:
            found["client_request_id"] = self.client_id[:256].decode("latin-1")
        return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)


class RequestLog:
    """Takes entries; writes them every second to ``<folder>/<yyyy-mm-dd>.jsonl`` (UTC).

    A file that is full, a disk that is full, or one that is too slow, loses entries and never a request; how many
    is told on standard error.

    Args:
        folder: where; None writes nothing.
        keep_days: older files are deleted.
        longest_day: bytes after which a day's file takes no more.
        also: gets each batch too, on the same thread.
    """

    def __init__(
        self,
        folder: Path | None,
        keep_days: int = 14,
        longest_day: int = 1 << 30,
        also: Callable[[Sequence[Entry]], None] | None = None,
    ) -> None:
        self._folder = folder
        self._keep_days = keep_days
        self._longest_day = longest_day
        self._also = also
        self._entries: list[Entry] = []
        self._dropped = 0
        self._tidied = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, entry: Entry) -> None:
        """Take an entry."""
        if len(self._entries) < _MOST_WAITING:
            self._entries.append(entry)
        else:
            self._dropped += 1

    def stop(self) -> None:
        """Write what is left."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def flush(self) -> None:
        """Write what has come so far."""
        entries, self._entries = self._entries, []
        if self._folder is not None:
            for day, lines in _by_day(entries).items():
                self._append(self._folder, day, lines)
        if self._also is not None and entries:
            self._also(entries)
        if self._dropped:
            sys.stderr.write(f"request log: {self._dropped} entries were not written\n")
            self._dropped = 0

    def _run(self) -> None:
        while not self._ended.wait(_FLUSH_EVERY_S):
            self._flush_safely()
        self._flush_safely()

    def _flush_safely(self) -> None:
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - the thread's boundary: the next second is another try
            sys.stderr.write(f"request log: {type(error).__name__}: {error}\n")

    def _append(self, folder: Path, day: str, lines: list[bytes]) -> None:
        path = folder / f"{day}.jsonl"
        try:
            self._tidy(folder, day)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                if file.tell() >= self._longest_day:
                    self._dropped += len(lines)
                else:
                    file.write(b"".join(lines))
        except OSError:
            self._dropped += len(lines)

    def _tidy(self, folder: Path, today: str) -> None:
        """Delete files that are too old, once a day."""
        if self._tidied == today:
            return
        self._tidied = today
        oldest = dt.date.fromisoformat(today) - dt.timedelta(days=self._keep_days)
        for path in folder.glob("????-??-??.jsonl"):
            with contextlib.suppress(ValueError, OSError):
                if dt.date.fromisoformat(path.stem) < oldest:
                    path.unlink()


def _by_day(entries: Sequence[Entry]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for entry in entries:
        found.setdefault(_minute(int(entry.ended) // 60)[:10], []).append(entry.line())
    return found


@lru_cache(maxsize=8)
def _minute(number: int) -> str:
    """Write a minute since 1970 as ``2026-03-10T12:00:``."""
    return time.strftime("%Y-%m-%dT%H:%M:", time.gmtime(number * 60))
