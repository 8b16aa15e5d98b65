"""Tickets: locations of this machine that somebody elsewhere may reach through the server.

A ticket is encrypted and signed by the server's vault: its holder can neither read nor change it. It is good for one
location, to read or to write as well, of one workspace, and for a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.attach import Seal
from lapisml.ports.storage import StorageLocation
from lapisml.server.platform.vault import Vault

LIFETIME_MS = 30 * 24 * 3600 * 1000
"""How long a ticket is good for: as long as the token of a job without a time limit."""
_PURPOSE = "node-file"


@dataclass(frozen=True)
class Ticket:
    """What a ticket says.

    Attributes:
        workspace: whose job it was made for.
        location: what may be reached: it, and what is below it.
        writable: whether it may be written and deleted.
    """

    workspace: str
    location: StorageLocation
    writable: bool


class Tickets:
    """Makes tickets and reads them.

    Args:
        vault: seals them.
        clock: says when one is too old.
    """

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock

    def seal_for(self, workspace: str) -> Seal:
        """Return what seals locations for the jobs of a workspace (`lapisml.ports.attach.Attachment.seal`)."""

        def seal(location: Mapping[str, Any], writable: bool) -> Mapping[str, Any]:
            place = StorageLocation.from_json(dict(location))
            path = f"/{place.name or 'files'}"
            options = {"ticket": self._issue(workspace, place, writable), "base": path}
            return StorageLocation("lapis", path, options, path).to_json()

        return seal

    def read(self, text: str) -> Ticket:
        """Read a ticket.

        Raises:
            LapisError: Unauthenticated for one that this server never made, TokenExpired for one that is too old.
        """
        try:
            body = json.loads(self._vault.decrypt(text))
        except (LapisError, ValueError) as error:
            raise _refused() from error
        if not isinstance(body, dict) or body.get("for") != _PURPOSE:
            raise _refused()
        if int(body["until"]) < self._clock.now_ms():
            raise LapisError(ErrorCode.TOKEN_EXPIRED, "The job's ticket for its files is too old.")
        return Ticket(body["workspace"], StorageLocation.from_json(body["location"]), bool(body["writable"]))

    def _issue(self, workspace: str, location: StorageLocation, writable: bool) -> str:
        body = {
            "for": _PURPOSE,
            "workspace": workspace,
            "location": location.to_json(),
            "writable": writable,
            "until": self._clock.now_ms() + LIFETIME_MS,
        }
        return self._vault.encrypt(json.dumps(body))


def _refused() -> LapisError:
    return LapisError(ErrorCode.UNAUTHENTICATED, "That is not a ticket of this server for a job's files.")
