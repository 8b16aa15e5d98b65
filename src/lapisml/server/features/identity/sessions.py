"""Sessions of browsers: what a cookie holds in place of a token, for a week at most.

A session is 256 random bits, of which the database keeps a SHA-256 that no token can have. It ends by itself, when the
person signs out, and with the token that the person signed in with.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from lapisml.core.clock import Clock
from lapisml.core.ids import new_token
from lapisml.server.features.identity import session_store
from lapisml.server.features.identity.session_store import SessionRecord
from lapisml.server.platform.database import Database

LIFETIME_S = 7 * 24 * 3600
"""How long a session lasts, in seconds."""


@dataclass(frozen=True)
class BrowserSession:
    """A session just opened.

    Attributes:
        secret: what the cookie holds.
        lifetime_s: seconds until it ends by itself.
    """

    secret: str
    lifetime_s: int


class BrowserSessions:
    """Opens, finds and closes them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def open(self, token_id: int, not_after: int | None) -> BrowserSession:
        """Open a session.

        Args:
            token_id: number of the row of the token that it stands for.
            not_after: when what the person signed in with ends, milliseconds since the epoch.
        """
        now, secret = self._clock.now_ms(), new_token()
        expires_at = min(now + LIFETIME_S * 1000, not_after or now + LIFETIME_S * 1000)
        with self._database.write() as connection:
            session_store.add(connection, session_digest(secret), token_id, now, expires_at)
        return BrowserSession(secret, (expires_at - now) // 1000)

    def find(self, secret: str) -> SessionRecord | None:
        """Return a session that has not ended by itself."""
        with self._database.read() as connection:
            found = session_store.by_digest(connection, session_digest(secret))
        return found if found and self._clock.now_ms() < found.expires_at else None

    def close(self, secret: str) -> None:
        """End a session, if there is one."""
        with self._database.write() as connection:
            session_store.remove(connection, session_digest(secret))


def session_digest(secret: str) -> str:
    """Give what is kept of a session: never what would be kept of a token, whatever the text."""
    return hashlib.sha256(b"session:" + secret.encode("utf-8", "surrogateescape")).hexdigest()
