"""Leases: one holder of a resource at a time, and a holder that lost it cannot write. See docs/leases.md.

A lease is a row: the resource's name, its owner, a token that grows with every claim, and when it ends. Work
is done with no transaction open; its result is written inside `Leases.applying`, which first checks that the
token still is the row's and holds that row until the transaction ends. A result that comes too late is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, String, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.server.platform.database import Database, Millis, metadata

leases = Table(
    "leases",
    metadata,
    Column("resource", String(255), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", Millis, nullable=False),
)

_is_held = (
    (leases.c.resource == bindparam("held_resource"))
    & (leases.c.owner == bindparam("held_owner"))
    & (leases.c.token == bindparam("held_token"))
)
_CHANGE = update(leases).where(_is_held)
_HELD = select(leases.c.token).where(_is_held, leases.c.expires_at > 0).with_for_update(read=True)
"""Statements that every change needs, made once: putting one together costs more than running it."""

LIFETIME_MS = 10_000


class LeaseLostError(Exception):
    """Somebody else holds the resource now: drop the result."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a resource.

    Attributes:
        resource: what it is about, such as ``job:calm_fennel_7q2m0d8zkx`` (at most 255 characters).
        owner: the server that holds it.
        token: differs with every claim of this resource, and grows while its row exists.
    """

    resource: str
    owner: str
    token: int


class Leases:
    """Claims, renews, checks and releases.

    Args:
        owner: name of this server process, unique among all that ever ran.
        is_gone: says of another owner's name that its process certainly has ended (False when in doubt);
            its leases are then taken over without waiting for their end.
        lifetime_ms: a lease that isn't renewed ends after this time.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        owner: str,
        is_gone: Callable[[str], bool] = lambda _owner: False,
        lifetime_ms: int = LIFETIME_MS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._is_gone = is_gone
        self.lifetime_ms = lifetime_ms

    def claim(self, resource: str) -> Lease | None:
        """Take the lease of a resource; None when somebody holds it (also when this server does)."""
        try:
            with self._database.write() as connection:
                return self._claim(connection, resource)
        except IntegrityError:  # another server made the row at the same moment
            return None

    def _claim(self, connection: Connection, resource: str) -> Lease | None:
        now = self._clock.now_ms()
        query = select(leases).where(leases.c.resource == resource).with_for_update(skip_locked=True)
        row = connection.execute(query).first()
        ends = now + self.lifetime_ms
        if row is None:
            values = {"owner": self._owner, "token": now, "expires_at": ends}
            connection.execute(insert(leases).values(resource=resource, **values))
            return Lease(resource, self._owner, now)
        if row.expires_at > now and not self._is_gone(row.owner):
            return None
        values = {"owner": self._owner, "token": row.token + 1, "expires_at": ends}
        connection.execute(update(leases).where(leases.c.resource == resource).values(**values))
        return Lease(resource, self._owner, row.token + 1)

    def renew(self, lease: Lease) -> bool:
        """Make a lease last `lifetime_ms` from now; False when it is lost."""
        with self._database.write() as connection:
            values = {"expires_at": self._clock.now_ms() + self.lifetime_ms}
            return connection.execute(_CHANGE, {**_which(lease), **values}).rowcount == 1

    def release(self, lease: Lease) -> None:
        """Give a lease back; one that is lost stays with its new holder. Its number goes on growing."""
        with self._database.write() as connection:
            connection.execute(_CHANGE, {**_which(lease), "expires_at": 0})

    @contextmanager
    def applying(self, lease: Lease) -> Iterator[Connection]:
        """Open a write transaction in which the lease is held for certain.

        Raises:
            LeaseLostError: the lease is somebody else's; nothing is written.
        """
        with self._database.write() as connection:
            if connection.execute(_HELD, _which(lease)).first() is None:
                raise LeaseLostError(lease.resource)
            yield connection

    def forget(self, resource: str) -> None:
        """Delete the row of a resource that will never be claimed again."""
        with self._database.write() as connection:
            connection.execute(delete(leases).where(leases.c.resource == resource))


def _which(lease: Lease) -> dict[str, str | int]:
    return {"held_resource": lease.resource, "held_owner": lease.owner, "held_token": lease.token}
