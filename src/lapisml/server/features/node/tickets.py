"""Tickets: locations that a job elsewhere may reach through the server.

A ticket is encrypted and signed by the server's vault: its holder can neither read nor change it. It is good for one
location, to read or to write as well, and for one job: it dies with it, however the job ends. After a time it is good
only while something is heard of the job, so that one whose end nobody will ever learn of does not leave it behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.attach import Hold, Seal
from lapisml.ports.compute import Handle
from lapisml.ports.storage import StorageLocation
from lapisml.server.platform.vault import Vault

LIFETIME_MS = 30 * 24 * 3600 * 1000
"""How long a ticket is good for though nothing is heard of its job, from when it was made; ms."""
_PURPOSE = "node-file"

HoldOf = Callable[[Handle], Hold]
"""Says what is known of a job."""


@dataclass(frozen=True)
class Ticket:
    """What a ticket says.

    Attributes:
        job: what it was made for.
        until: when it ends unless something is heard of the job; ms since the epoch.
        location: what may be reached: it, and what is below it.
        writable: whether it may be written and deleted.
    """

    job: Handle
    until: int
    location: StorageLocation
    writable: bool


class Tickets:
    """Makes tickets and reads them.

    Args:
        vault: seals them.
        clock: says when one is too old.
        hold_of: says what is known of a job.
    """

    def __init__(self, vault: Vault, clock: Clock, hold_of: HoldOf) -> None:
        self._vault = vault
        self._clock = clock
        self._hold_of = hold_of

    def seal_for(self, workspace: str) -> Seal:
        """Return what seals locations for the jobs of a workspace (`lapisml.ports.attach.Attachment.seal`)."""

        def seal(location: Mapping[str, Any], writable: bool, job: Handle) -> Mapping[str, Any]:
            place = StorageLocation.from_json(dict(location))
            path = f"/{place.name or 'files'}"
            issued = self._issue(Handle(workspace, job.job, job.submit_key), place, writable)
            return StorageLocation("lapis", path, {"ticket": issued, "base": path}, path).to_json()

        return seal

    def read(self, text: str) -> Ticket:
        """Read a ticket, and see whether it is good still.

        Raises:
            LapisError: Unauthenticated for one that this server never made, TokenExpired for one whose job has ended,
                or which is too old while nothing is heard of the job.
        """
        ticket = self._opened(text)
        hold = self._hold_of(ticket.job)
        if hold is Hold.OVER:
            sentence = f"Job '{ticket.job.job}' has ended, and its tickets for files with it."
            raise LapisError(ErrorCode.TOKEN_EXPIRED, sentence)
        if hold is Hold.SILENT and ticket.until < self._clock.now_ms():
            raise LapisError(ErrorCode.TOKEN_EXPIRED, "The job's ticket for its files is too old.")
        return ticket

    def _opened(self, text: str) -> Ticket:
        try:
            body = json.loads(self._vault.decrypt(text))
        except (LapisError, ValueError) as error:
            raise _refused() from error
        if not isinstance(body, dict) or body.get("for") != _PURPOSE:
            raise _refused()
        try:
            place = StorageLocation.from_json(body["location"])
            return Ticket(Handle.from_json(body["job"]), int(body["until"]), place, bool(body["writable"]))
        except (KeyError, TypeError, ValueError) as error:  # of an earlier version
            raise _refused() from error

    def _issue(self, job: Handle, location: StorageLocation, writable: bool) -> str:
        body = {
            "for": _PURPOSE,
            "job": job.to_json(),
            "location": location.to_json(),
            "writable": writable,
            "until": self._clock.now_ms() + LIFETIME_MS,
        }
        return self._vault.encrypt(json.dumps(body))


def _refused() -> LapisError:
    return LapisError(ErrorCode.UNAUTHENTICATED, "That is not a ticket of this server for a job's files.")
