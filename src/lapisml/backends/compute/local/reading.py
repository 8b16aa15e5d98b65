"""What a job's folder says: its journal, its metrics, its ending, its logs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import ExitStatus, JournalEntry, LogChunk, LogFile, MetricSample
from lapisml.ports.storage import safe_relative
from lapisml.runner import layout
from lapisml.runner.durable import read_json

LOG_FOLDERS = (layout.USER_LOGS, layout.SYSTEM_LOGS)


@dataclass(frozen=True)
class Lines:
    """Whole lines read from a growing file, and the offset after the last of them."""

    values: list[dict[str, Any]]
    cursor: int


def new_lines(path: Path, cursor: int) -> Lines:
    """Read the JSON lines after `cursor`; a line that is still being written is left for the next time."""
    try:
        if path.stat().st_size <= cursor:
            return Lines([], cursor)
        with path.open("rb") as file:
            file.seek(cursor)
            data = file.read()
    except FileNotFoundError:
        return Lines([], cursor)
    whole = data[: data.rfind(b"\n") + 1]
    return Lines([value for line in whole.splitlines() if (value := _parsed(line))], cursor + len(whole))


def journal_entries(lines: list[dict[str, Any]]) -> list[JournalEntry]:
    """Turn lines of the journal into entries."""
    return [
        JournalEntry(line["seq"], line["at"], line["phase"], line.get("reason", ""), line.get("detail") or {})
        for line in lines
    ]


def metric_samples(lines: list[dict[str, Any]]) -> list[MetricSample]:
    """Turn lines of ``system_metrics.jsonl`` into samples."""
    return [MetricSample(line["at"], line["values"]) for line in lines]


def exit_status(folder: Path) -> ExitStatus | None:
    """Return how a job ended; None while it has not."""
    body = read_json(str(folder / layout.EXIT))
    return None if body is None else ExitStatus.from_json(body)


def list_logs(folder: Path) -> list[LogFile]:
    """List the files in a job's log folders, sorted by path."""
    found = []
    for top in LOG_FOLDERS:
        for parent, _folders, names in os.walk(folder / top):
            for name in names:
                path = Path(parent, name)
                facts = path.lstat()
                relative = path.relative_to(folder).as_posix()
                found.append(LogFile(relative, facts.st_size, facts.st_mtime_ns // 1_000_000))
    return sorted(found, key=lambda log: log.path)


def read_log(folder: Path, path: str, offset: int, limit: int) -> LogChunk:
    """Read a part of a log.

    Raises:
        LapisError: NotFound, PathNotAllowed.
    """
    clean = safe_relative(path)
    if clean.split("/", 1)[0] not in LOG_FOLDERS:
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"'{path}' is not a log.")
    root = folder.resolve()
    real = (root / clean).resolve()
    if not real.is_relative_to(root) or real.relative_to(root).parts[0] not in LOG_FOLDERS:
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"'{path}' leads out of the job's logs.")
    try:
        with real.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, offset))
            return LogChunk(file.read(max(0, limit)), size)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise LapisError(ErrorCode.NOT_FOUND, f"There is no log '{path}'.") from error


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
