"""The machines of a pool, and which of them has a job: what is certain, what is lost, and what can't be said yet.

A machine is really gone for a job, and only then, when one of these is known:

* it was taken out of the compute's document (by a person, who says so that way), and every machine that is left in
  the document has been reached and none of them is it under another address;
* its address is answered by a machine whose Lapis folder is another one: it was set up anew;
* it says that the job's folder, which it had taken, is not there any more.

Silence is never evidence, however long it lasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lapisml.backends.compute.node.remote import RemoteBackend
from lapisml.backends.compute.ssh.hosts import PORT, SshHost
from lapisml.backends.compute.ssh.placements import Placement, Spot
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Handle, LogChunk, LogFile
from lapisml.ports.endings import SENTENCES, EndReason


@dataclass(frozen=True)
class Member:
    """A machine of a pool: its place in the document, what it is, and the way to it."""

    number: int
    host: SshHost
    backend: RemoteBackend

    @property
    def node(self) -> str:
        """What its Lapis folder calls itself; empty before it was reached for the first time."""
        return str(self.backend.facts.get("node") or "")

    @property
    def spot(self) -> Spot:
        """What is written down of it when a job is put there."""
        return Spot(self.host.address, self.host.port, self.node)


class LostError(Exception):
    """A job is lost with its machine; the text is the reason."""


class UnsureError(Exception):
    """It can't be said now where a job is; the text says why."""


def members_of(placement: Placement, members: Sequence[Member], compute: str) -> list[Member | LostError]:
    """Return the machines that have a job's parts; for a part that is lost with its machine, the reason.

    Raises:
        UnsureError: a machine was moved, perhaps, to an address that was not reached yet.
    """
    found: list[Member | LostError] = []
    for number, spot in enumerate(placement.spots):
        if number in placement.lost:
            found.append(LostError(placement.lost[number][0]))
            continue
        try:
            found.append(_member_of(spot, members, compute))
        except LostError as error:
            found.append(error)
    return found


class Gone:
    """Stands for a machine that is gone: nothing is there to be read, ended or removed."""

    def cancel(self, _handle: Handle, _grace_s: float | None = None, _by: str = "") -> None:
        """Do nothing."""

    def list_logs(self, _handle: Handle) -> list[LogFile]:
        """Give nothing."""
        return []

    def read_log(self, handle: Handle, path: str, _offset: int = 0, _limit: int = 1 << 20) -> LogChunk:
        """Refuse.

        Raises:
            LapisError: NotFound.
        """
        raise LapisError(ErrorCode.NOT_FOUND, f"The log '{path}' of job '{handle.job}' is gone with its machine.")

    def discard(self, _handle: Handle) -> None:
        """Do nothing."""


def lost(name: str, evidence: str) -> LostError:
    """Make the error for a machine that is gone."""
    return LostError(SENTENCES[EndReason.NODE_LOST].format(node=name, evidence=evidence))


def _member_of(spot: Spot, members: Sequence[Member], compute: str) -> Member:
    place = (spot.address, spot.port)
    there = next((m for m in members if (m.host.address, m.host.port) == place), None)
    if there is not None and (not spot.node or not there.node or there.node == spot.node):
        return there
    moved = [m for m in members if spot.node and m.node == spot.node]
    if moved:
        return moved[0]
    name = spot.address if spot.port == PORT else f"{spot.address}:{spot.port}"
    unread = [m.host.name for m in members if not m.node]
    if unread and spot.node:
        sentence = (
            f"Its machine is not at {name} any more; it may be one that was not reached yet: {', '.join(unread)}."
        )
        raise UnsureError(sentence)
    if there is not None:
        raise lost(name, "what answers at its address has another Lapis folder, so it was set up anew")
    raise lost(name, f"it was taken out of the document of compute '{compute}'")
