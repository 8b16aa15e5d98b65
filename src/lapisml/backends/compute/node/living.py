"""What the jobs of a node's folder still need: those that run there, wait there, or are waited for by an engine.

Whichever server, workspace or compute handed a job over, its record lies below the folder: ``runs/<workspace>/<job>``
(`lapisml.runner.layout`), or ``ray/<workspace>/<job>.json`` while it waits for nodes of a Ray cluster. As long as it
has not ended, everything that its record names is in use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lapisml.runner import layout

_WORD = re.compile(rb"[0-9A-Za-z]{16,}")
"""Digests and keys: what snapshots, contexts, environments and toolboxes are called."""


@dataclass(frozen=True)
class Living:
    """What jobs that have not ended say.

    Attributes:
        names: the digests and keys in their records.
        oldest: when the first of them was handed over, seconds since the epoch by the folder's clock; None without one.
    """

    names: frozenset[str]
    oldest: float | None


def living(root: Path) -> Living:
    """Read the records of the jobs that have not ended.

    Args:
        root: the agent's folder.

    Raises:
        OSError: a record is there and can't be read; nothing may be taken for unused then.
    """
    names: set[str] = set()
    oldest: float | None = None
    for record, more in _records(root):
        try:
            at, said = record.stat().st_mtime, record.read_bytes()
        except (FileNotFoundError, NotADirectoryError):  # none yet, or no more
            continue
        if record.suffix == ".json" and record.parent.parent.name == _RAY and _is_over(said):
            continue
        names.update(word.decode() for word in _WORD.findall(said + b"\n" + _content(more)))
        oldest = at if oldest is None else min(oldest, at)
    return Living(frozenset(names), oldest)


_RAY = "ray"


def _records(root: Path) -> Iterator[tuple[Path, Path | None]]:
    """Give the records of jobs, and what says more of the job where there is something."""
    for folder in (root / "runs").glob("*/*"):
        if not (folder / layout.EXIT).exists():
            yield folder / layout.SPEC, folder / layout.BUILT
    for record in (root / _RAY).glob("*/*.json"):
        yield record, None


def _is_over(record: bytes) -> bool:
    """Say whether the record of a job on a Ray cluster says that it has ended."""
    try:
        said = json.loads(record)
        return bool(said.get("over")) or said.get("exit") is not None
    except (ValueError, AttributeError):
        return False


def _content(path: Path | None) -> bytes:
    try:
        return b"" if path is None else path.read_bytes()
    except FileNotFoundError:
        return b""
