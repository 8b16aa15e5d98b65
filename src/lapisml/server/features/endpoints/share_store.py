"""Shares: what each machine of an attached compute keeps of a revision. Times: milliseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from lapisml.server.features.endpoints.tables import online_shares as shares


@dataclass(frozen=True)
class Share:
    """A machine's part of a revision.

    Attributes:
        node: number of the machine within its compute, from 0.
        name: what the machine is called.
        scale: how many replicas its keeper was told to have.
        attempt: number of the job that keeps them, from 1.
        tries: how often it ended by itself one after the other.
        handed_over: whether the job of this attempt is known there.
        next_at: the next attempt is made then, not before.
        sentence: what it waits for, or why it can't be reached; empty while all is well.
        leaving: whether it is to end.
        away_since: since when nothing can be learnt of the machine; None while it can.
        started_at: the attempt at hand.
        retired_at: when it was told to finish what it has.
    """

    revision_id: str
    node: int
    name: str
    scale: dict[str, Any]
    attempt: int = 1
    tries: int = 0
    handed_over: bool = False
    next_at: int = 0
    sentence: str = ""
    leaving: bool = False
    away_since: int | None = None
    started_at: int | None = None
    retired_at: int | None = None

    @property
    def job(self) -> str:
        """Name of the job of this attempt."""
        return f"serving--{self.revision_id}--n{self.node}--{self.attempt}"


def at(share: Share, attempt: int) -> Share:
    """Give a share as it was at an attempt."""
    return replace(share, attempt=attempt)


def key_of(share: Share) -> str:
    """Give the submit key of a share's job: no other job has the name, which holds revision, machine and attempt."""
    return f"{share.job}-key"


def of_revision(connection: Connection, revision_id: str) -> list[Share]:
    """Read the shares of a revision, by machine."""
    query = select(shares).where(shares.c.revision_id == revision_id).order_by(shares.c.node)
    return [Share(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - the documented mapping view


def add(connection: Connection, share: Share) -> None:
    """Insert a share."""
    connection.execute(insert(shares).values(**asdict(share)))


def change(connection: Connection, share: Share, **values: Any) -> bool:
    """Update columns of a share; say whether it still is at the attempt that it was read at."""
    where = and_(*_is(share), shares.c.attempt == share.attempt)
    return connection.execute(update(shares).where(where).values(**values)).rowcount == 1


def remove(connection: Connection, share: Share) -> None:
    """Delete a share."""
    connection.execute(delete(shares).where(*_is(share)))


def _is(share: Share) -> tuple[Any, Any]:
    return shares.c.revision_id == share.revision_id, shares.c.node == share.node
