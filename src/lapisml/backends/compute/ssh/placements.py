"""On which machine each job was put: one small file a job, below the server's home.

Written before a job is handed over, so that a hand-over which was cut off is completed on the same machine and never
begun on another; removed when the job is discarded. It is also where the loss of a machine is recorded, so that an
ending which was told once stays. A server without the file asks every machine for the job instead.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lapisml.core.ids import is_valid_name
from lapisml.ports.compute import Handle
from lapisml.runner import durable


@dataclass(frozen=True)
class Spot:
    """Where a job, or one part of it, was put.

    Attributes:
        address, port: of the machine, as the document named it.
        node: what the machine's Lapis folder calls itself; empty where that is not known.
    """

    address: str
    port: int
    node: str = ""


@dataclass(frozen=True)
class Placement:
    """Where a job was put.

    Attributes:
        submit_key: of the submission.
        spots: of its parts, in their order.
        hosts, ports: under which the parts reach each other; empty for a job on one machine.
        given: whether the machines have said that the job is theirs.
        lost: part → why it is lost with its machine, and when that was found (ms since the epoch).
    """

    submit_key: str
    spots: tuple[Spot, ...]
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    given: bool = False
    lost: Mapping[int, tuple[str, int]] = field(default_factory=dict)


class Placements:
    """Keeps placements.

    Args:
        folder: for the files; made when needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, Placement | None] = {}

    def get(self, handle: Handle) -> Placement | None:
        """Return where a job was put under this key; None where that is not known."""
        found = self.of_job(handle.job)
        return found if found is not None and found.submit_key == handle.submit_key else None

    def of_job(self, job: str) -> Placement | None:
        """Return where a job of this name was put, under whatever key."""
        with self._lock:
            if job not in self._known:
                self._known[job] = _read(durable.read_json(str(self._path(job)))) if is_valid_name(job) else None
            return self._known[job]

    def put(self, job: str, placement: Placement, *, sync: bool = True) -> None:
        """Write a placement down; it survives a crash of the machine.

        Raises:
            OSError: it can't be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.write_json(str(self._path(job)), asdict(placement), sync=sync)
        with self._lock:
            self._known[job] = placement

    def note_given(self, job: str) -> None:
        """Note that the machines have the job."""
        found = self.of_job(job)
        if found is not None and not found.given:
            self.put(job, replace(found, given=True), sync=False)

    def note_lost(self, job: str, part: int, reason: str, at: int) -> tuple[str, int]:
        """Note that a part of a job is lost with its machine; return what was noted of it first."""
        found = self.of_job(job)
        if found is None:
            return reason, at
        if part not in found.lost:
            self.put(job, found := replace(found, lost={**found.lost, part: (reason, at)}))
        return found.lost[part]

    def remove(self, job: str) -> None:
        """Forget a job."""
        with self._lock:
            self._known.pop(job, None)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(job))  # noqa: PTH108 - beside durable's own calls

    def _path(self, job: str) -> Path:
        return self._folder / f"{job}.json"


def _read(body: Any) -> Placement | None:
    if not isinstance(body, Mapping):
        return None
    lost = body.get("lost") or {}
    return Placement(
        str(body["submit_key"]),
        tuple(Spot(str(spot["address"]), int(spot["port"]), str(spot["node"])) for spot in body["spots"]),
        tuple(str(host) for host in body.get("hosts") or ()),
        tuple(int(port) for port in body.get("ports") or ()),
        bool(body.get("given")),
        {int(part): (str(reason), int(at)) for part, (reason, at) in lost.items()},
    )
