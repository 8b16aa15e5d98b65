"""What the keeper says of its revision: a file for gateway and server, and a tap for both when it changes."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lapisml.ports import serving
from lapisml.ports.serving import Places, ReplicaRecord, RevisionRecord
from lapisml.runner import processes
from lapisml.runner.serving import doors
from lapisml.runner.serving.plan import Plan
from lapisml.runner.serving.replica import Replica


class Report:
    """Writes ``replicas/<revision>.json`` when it has changed.

    Args:
        plan: the keeper's plan.
        places: where the file lies.
    """

    def __init__(self, plan: Plan, places: Places) -> None:
        self._path = places.record(plan.revision)
        self._places = places
        self._plan = plan
        self._said: RevisionRecord | None = None
        self._keeper = processes.identity(os.getpid())
        self._swagger = Path(plan.folder) / "swagger.json"
        self._addresses = doors.own_addresses() if plan.door is not None else ()

    def say(
        self,
        state: str,
        replicas: list[Replica],
        wanted: int,
        acceleration: Mapping[str, Any],
        reason: str = "",
        log_tail: str = "",
        door: int = 0,
        takes: float = 0.0,
    ) -> bool:
        """Say how things stand; nothing is written when they stand as before. True when it was said.

        Args:
            state: as `RevisionRecord.state`.
            replicas: those that are wanted.
            wanted: how many there shall be.
            acceleration: as `RevisionRecord.acceleration`.
            reason, log_tail: why it is so, for a person.
            door, takes: as `RevisionRecord` has them.
        """
        record = RevisionRecord(
            revision=self._plan.revision,
            state=state,
            reason=reason,
            log_tail=log_tail,
            wanted=wanted,
            replicas=[ReplicaRecord(r.number, r.path.name, r.ready, r.pid, r.restarts) for r in replicas],
            acceleration=dict(acceleration),
            swagger=str(self._swagger) if self._swagger.exists() else None,
            keeper=self._keeper,
            door=door,
            addresses=self._addresses,
            takes=takes,
        )
        if record == self._said:
            return False
        self._said = record
        self._write(record)
        return True

    def last_word(self, state: str, reason: str = "", log_tail: str = "") -> None:
        """Say how it ended, unless a keeper that came after already speaks for the revision."""
        found = serving.read(RevisionRecord, self._path)
        if found is not None and found.keeper != self._keeper:
            return
        before = self._said or RevisionRecord(self._plan.revision)
        self._said = replace(before, state=state, reason=reason, log_tail=log_tail, wanted=0, replicas=())
        self._write(self._said)

    def _write(self, record: RevisionRecord) -> None:
        with contextlib.suppress(OSError):  # a full disk: the next change tries again
            serving.write(self._path, record)
            if self._plan.state_log is not None:
                self._show(record, Path(self._plan.state_log))
        serving.tell(self._places.wake, {"revision": self._plan.revision})
        self._tap_server()

    def _show(self, record: RevisionRecord, log: Path) -> None:
        """Leave the record, and the model's description, where they can be read from another machine."""
        copy = log.with_name(Path(doors.SWAGGER_LOG).name)
        if record.swagger is not None and not copy.exists():
            copy.write_bytes(self._swagger.read_bytes())
        serving.write(log, record)

    def _tap_server(self) -> None:
        if self._plan.wake_socket is None:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            with serving.connectable(Path(self._plan.wake_socket)) as address:
                sender.sendto(self._plan.job.encode(), address)
