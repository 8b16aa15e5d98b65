"""Rows of access tokens. A token itself is never kept, only its SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from lapisml.server.features.identity.tables import tokens

_BY_DIGEST = select(tokens).where(tokens.c.digest == bindparam("token_digest"))
_ADD = insert(tokens)
_live = select(tokens.c.id).where(tokens.c.revoked_at.is_(None))
_BY_ID = select(tokens).where(tokens.c.id == bindparam("token_id"))
_OF_JOB = _live.where(tokens.c.job == bindparam("whose"))
_OF_LABEL = _live.where(tokens.c.label == bindparam("whose"), tokens.c.kind == "user")
_REVOKE = update(tokens).where(tokens.c.id == bindparam("token_id"))
_SWEEP = delete(tokens).where(
    tokens.c.kind == "job", (tokens.c.revoked_at < bindparam("before")) | (tokens.c.expires_at < bindparam("before"))
)
"""Statements that every job needs, made once: putting one together costs more than running it."""


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
    row = connection.execute(_BY_DIGEST, {"token_digest": digest}).first()
    return _record(row) if row else None


def by_id(connection: Connection, token_id: int) -> TokenRecord | None:
    """Read a token by the number of its row."""
    row = connection.execute(_BY_ID, {"token_id": token_id}).first()
    return _record(row) if row else None


def list_of_users(connection: Connection) -> list[TokenRecord]:
    """Read the tokens of users, oldest first."""
    query = select(tokens).where(tokens.c.kind == "user").order_by(tokens.c.id)
    return [_record(row) for row in connection.execute(query)]


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a token."""
    connection.execute(_ADD, values)


def revoke(connection: Connection, now: int, *, label: str | None = None, job: str | None = None) -> list[int]:
    """Revoke the tokens of a job, or a user's tokens with a label; return the numbers of their rows."""
    find, which = (_OF_JOB, {"whose": job}) if job is not None else (_OF_LABEL, {"whose": label})
    found = [row.id for row in connection.execute(find, which)]
    if found:
        connection.execute(_REVOKE, [{"token_id": token_id, "revoked_at": now} for token_id in found])
    return found


def sweep(connection: Connection, before: int) -> None:
    """Delete tokens of jobs that were revoked or expired before a point in time."""
    connection.execute(_SWEEP, {"before": before})


def _record(row: Row[Any]) -> TokenRecord:
    return TokenRecord(**row._mapping)  # noqa: SLF001 - the documented mapping view of a row
