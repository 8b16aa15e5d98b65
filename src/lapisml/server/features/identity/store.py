"""Rows of access tokens. A token itself is never kept, only its SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from lapisml.server.features.identity.tables import tokens


@dataclass(frozen=True)
class TokenRecord:
    """One token as kept. Times are milliseconds since the epoch, UTC.

    Attributes:
        digest: SHA-256 of the token, hexadecimal.
        kind: ``user`` or ``job``.
        name: whose it is: the user's name, or the job's.
        label: what the user calls it.
        workspace, job: what a job's token is for.
    """

    id: int
    digest: str
    kind: str
    name: str
    label: str
    workspace: str | None
    job: str | None
    created_at: int
    expires_at: int | None
    revoked_at: int | None

    def is_valid(self, now: int) -> bool:
        """Say whether the token may still be used."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def by_digest(connection: Connection, digest: str) -> TokenRecord | None:
    """Read the token with this digest."""
    row = connection.execute(select(tokens).where(tokens.c.digest == digest)).first()
    return _record(row) if row else None


def list_of_users(connection: Connection) -> list[TokenRecord]:
    """Read the tokens of users, oldest first."""
    query = select(tokens).where(tokens.c.kind == "user").order_by(tokens.c.id)
    return [_record(row) for row in connection.execute(query)]


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a token."""
    connection.execute(insert(tokens).values(**values))


def revoke(connection: Connection, now: int, *, label: str | None = None, job: str | None = None) -> list[str]:
    """Revoke the tokens of a job, or a user's tokens with a label; return their digests."""
    which = tokens.c.job == job if job is not None else (tokens.c.label == label) & (tokens.c.kind == "user")
    where = which & tokens.c.revoked_at.is_(None)
    digests = [row.digest for row in connection.execute(select(tokens.c.digest).where(where))]
    connection.execute(update(tokens).where(tokens.c.digest.in_(digests)).values(revoked_at=now))
    return digests


def sweep(connection: Connection, before: int) -> None:
    """Delete tokens of jobs that were revoked or expired before a point in time."""
    over = (tokens.c.revoked_at < before) | (tokens.c.expires_at < before)
    connection.execute(delete(tokens).where((tokens.c.kind == "job") & over))


def _record(row: Row[Any]) -> TokenRecord:
    return TokenRecord(**row._mapping)  # noqa: SLF001 - the documented mapping view of a row
