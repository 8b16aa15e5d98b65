"""Rows of browsers' sessions. What the cookie holds is never kept, only its SHA-256."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from lapisml.server.features.identity.tables import browser_sessions

_BY_DIGEST = select(browser_sessions).where(browser_sessions.c.digest == bindparam("session_digest"))
_SWEEP = delete(browser_sessions).where(browser_sessions.c.expires_at < bindparam("before"))


@dataclass(frozen=True)
class SessionRecord:
    """One session as kept. Times are milliseconds since the epoch, UTC.

    Attributes:
        digest: SHA-256 of the cookie's value, hexadecimal.
        token_id: number of the row of the token that the person signed in with; the session ends with it.
    """

    id: int
    digest: str
    token_id: int
    created_at: int
    expires_at: int


def by_digest(connection: Connection, digest: str) -> SessionRecord | None:
    """Read the session with this digest."""
    row = connection.execute(_BY_DIGEST, {"session_digest": digest}).first()
    return SessionRecord(**row._mapping) if row else None  # noqa: SLF001 - the documented mapping view of a row


def add(connection: Connection, digest: str, token_id: int, created_at: int, expires_at: int) -> None:
    """Insert a session, and delete those that have expired."""
    connection.execute(_SWEEP, {"before": created_at})
    values = {"digest": digest, "token_id": token_id, "created_at": created_at, "expires_at": expires_at}
    connection.execute(insert(browser_sessions).values(**values))


def remove(connection: Connection, digest: str) -> None:
    """Delete a session, if there is one."""
    connection.execute(delete(browser_sessions).where(browser_sessions.c.digest == digest))
