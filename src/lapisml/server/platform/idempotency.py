"""``Idempotency-Key``: a POST that is sent twice has the effect of one, and both get the same answer.

The key is claimed in the database before the request runs and keeps its answer for a day. The first
transaction that a request commits marks the key as applied, together with what it writes: should the server be
killed before the answer is kept, a repetition is not run a second time but told so. Keys belong to the principal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.database import Database, Millis, metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("principal", String(300), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_digest", String(64), nullable=False),
    Column("server", String(255), nullable=False),
    Column("applied", Boolean, nullable=False),
    Column("status", Integer),
    Column("content_type", String(255)),
    Column("body", LargeBinary),
    Column("created_at", Millis, nullable=False),
)

KEEP_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class KeptAnswer:
    """An answer that is sent again."""

    status: int
    content_type: str
    body: bytes


class IdempotencyStore:
    """Claims keys and keeps answers.

    Args:
        owner: name of this server process.
        is_gone: says of another process's name that it has certainly ended.
    """

    def __init__(self, database: Database, clock: Clock, owner: str, is_gone: Callable[[str], bool]) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._is_gone = is_gone

    def claim(self, principal: str, key: str, digest: str) -> KeptAnswer | bool | None:
        """Take a key for a request.

        Returns:
            None: go on, the key is yours. A `KeptAnswer`: send it. False: somebody is at it, ask again.

        Raises:
            LapisError: Conflict when the key was used for another request, or for this one and its answer
                is lost.
        """
        now = self._clock.now_ms()
        try:
            with self._database.write() as connection:
                row = connection.execute(select(idempotency_keys).where(_is(principal, key))).first()
                if row is not None and row.created_at >= now - KEEP_MS:
                    return self._again(connection, row, digest)
                self._add(connection, principal, key, digest, now)
        except IntegrityError:
            return False
        return None

    def _add(self, connection: Connection, principal: str, key: str, digest: str, now: int) -> None:
        connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < now - KEEP_MS))
        whose = {"principal": principal, "key": key, "request_digest": digest, "server": self._owner}
        connection.execute(insert(idempotency_keys).values(**whose, applied=False, created_at=now))

    def _again(self, connection: Connection, row: Any, digest: str) -> KeptAnswer | bool | None:
        if row.request_digest != digest:
            raise LapisError(ErrorCode.CONFLICT, "This Idempotency-Key was used for another request.")
        if row.status is not None:
            return KeptAnswer(row.status, row.content_type or "", row.body or b"")
        if not self._is_gone(row.server):
            return False
        if row.applied:
            raise LapisError(
                ErrorCode.CONFLICT,
                "This request was carried out before, and its answer was lost when the server ended.",
                "Look at the object that it made; it is not made a second time.",
            )
        values = {"server": self._owner}
        connection.execute(update(idempotency_keys).where(_is(row.principal, row.key)).values(**values))
        return None

    def mark_applied(self, connection: Connection, principal: str, key: str) -> None:
        """Note, in the transaction that carries the effect, that the request took effect.

        Raises:
            LapisError: Conflict when another server took the key meanwhile, since this one seemed to be gone; nothing
                is written then.
        """
        mine = and_(_is(principal, key), idempotency_keys.c.server == self._owner)
        if connection.execute(update(idempotency_keys).where(mine).values(applied=True)).rowcount:
            return
        if connection.execute(select(idempotency_keys.c.server).where(_is(principal, key))).first() is not None:
            raise LapisError(ErrorCode.CONFLICT, "Another server has taken this request over.", "Ask again.")

    def keep(self, principal: str, key: str, answer: KeptAnswer) -> None:
        """Keep the answer; one of a fault (5xx) is not kept unless something was written before it."""
        with self._database.write() as connection:
            if answer.status >= 500:
                undone = and_(_is(principal, key), idempotency_keys.c.applied.is_(False))
                if connection.execute(delete(idempotency_keys).where(undone)).rowcount:
                    return
            values = {"status": answer.status, "content_type": answer.content_type, "body": answer.body}
            connection.execute(update(idempotency_keys).where(_is(principal, key)).values(**values))


def _is(principal: str, key: str) -> Any:
    return and_(idempotency_keys.c.principal == principal, idempotency_keys.c.key == key)
