"""What the front writes down of each job: enough for another front to go on from.

One file per job, ``<root>/ray/<workspace>/<job>.json``, of the owner alone: it holds the specification with its secrets
until the job has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lapisml.ports.compute import Handle
from lapisml.runner import durable

_FOLDER = "ray"


@dataclass
class Place:
    """Where a part of a job was put.

    Attributes:
        node: Ray's id of the node: another one after Ray was started anew there.
        name: what the node is called.
        address: where other nodes reach it.
        is_moved: whether the node came back under another id, and what it knows of the job is not known yet.
    """

    node: str
    name: str
    address: str
    is_moved: bool = False


@dataclass
class Record:
    """A job.

    Attributes:
        workspace, job, submit_key: its names.
        spec: `LaunchSpec.to_json`; without secrets of use once it has ended.
        submitted_at: ms since the epoch.
        bundles: what each of its nodes is to give.
        group: name of the placement group that it has or waits for; empty when it needs none any more.
        places: its nodes, one per part; empty while it waits.
        started: whether every part was handed to its node.
        over: whether every part is known to have ended; its resources are given back.
        final: how its first part ended (`ExitStatus`, plain), known once it is over.
        exit: how it ended, where that is not for its nodes to say (`ExitStatus`, plain); None otherwise.
        cancel: a request to end it that no node knows of yet: ``{"grace_s", "by"}``.
        leftovers: gone nodes on which its processes may still run.
    """

    workspace: str
    job: str
    submit_key: str
    spec: dict[str, Any]
    submitted_at: int
    bundles: list[dict[str, float]]
    group: str = ""
    places: list[Place] = field(default_factory=list)
    started: bool = False
    over: bool = False
    final: dict[str, Any] | None = None
    exit: dict[str, Any] | None = None
    cancel: dict[str, Any] | None = None
    leftovers: list[Place] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """Workspace and job."""
        return self.workspace, self.job

    @property
    def machine(self) -> str | None:
        """The one node that it may be on, by name; None means any."""
        return self.spec.get("machine")

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is to be done any more."""
        return self.over or self.exit is not None

    @property
    def waits(self) -> bool:
        """Whether it has no nodes yet and still wants some."""
        return not self.places and self.exit is None

    @property
    def handles(self) -> list[Handle]:
        """The parts' handles, in order."""
        return [Handle(self.workspace, self.job, self.submit_key, part) for part in range(len(self.places))]


class Records:
    """The records below a folder.

    Args:
        root: the front's folder.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / _FOLDER
        self._lock = threading.Lock()

    def read(self) -> Iterator[Record]:
        """Read every record, oldest first; one that can't be read is left alone."""
        found = []
        for path in self._folder.glob("*/*.json"):
            plain = durable.read_json(str(path))
            if isinstance(plain, dict):
                for name in ("places", "leftovers"):
                    plain[name] = [Place(**place) for place in plain.get(name, [])]
                found.append(Record(**plain))
        return iter(sorted(found, key=lambda record: record.submitted_at))

    def write(self, record: Record, *, sync: bool = True) -> None:
        """Write a record down, on disk before it returns unless told otherwise.

        Raises:
            OSError: the disk refused.
        """
        path = self._path(record)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock:
            durable.write_json(str(path), asdict(record), sync=sync)

    def remove(self, record: Record) -> None:
        """Remove a record."""
        self._path(record).unlink(missing_ok=True)

    def _path(self, record: Record) -> Path:
        return self._folder / record.workspace / f"{record.job}.json"
