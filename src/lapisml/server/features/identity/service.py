"""Who is who: issues, checks and revokes access tokens.

A token is 256 random bits; the database keeps its SHA-256 (no salt or stretching is needed for a secret that
cannot be guessed). An access token is a signed text (a JWT) that stands for such a token for an hour, for clients
that insist on the form; it ends with the token that it stands for. A session stands for one in a browser's cookie (see
`sessions`). Checked tokens are remembered for a few seconds,
so that a request costs no query; a token revoked on one of several servers is refused by the others within that
time, and at once by the one that did it.
"""

from __future__ import annotations

import getpass
import hashlib
import secrets
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy.exc import IntegrityError

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import new_token
from lapisml.server.features.identity import store
from lapisml.server.features.identity.access_tokens import AccessToken, AccessTokens, looks_signed
from lapisml.server.features.identity.sessions import BrowserSession, BrowserSessions, session_digest
from lapisml.server.features.identity.store import TokenRecord
from lapisml.server.platform.database import Database
from lapisml.server.platform.files import create_private
from lapisml.server.platform.principal import Principal

__all__ = ["IdentityService", "Principal"]

OWNER_LABEL = "owner of "
"""Begins the label of a home's own token; no label that a user may choose holds a space."""

SERVER_LABEL = "server at "
"""Begins the label of the token with which one server asks another."""

MIN_TOKEN_LENGTH = 32

ACCESS_LIFETIME_S = 3600
"""How long an access token is good for, in seconds."""

_REMEMBER_MS = 5_000
_REMEMBER_COUNT = 10_000
_KEEP_DEAD_MS = 7 * 24 * 3600 * 1000
_JOB_GRACE_MS = 24 * 3600 * 1000


class IdentityService:
    """Implements `lapisml.server.platform.principal.Authenticator`.

    Args:
        signing_key: 32 bytes for access tokens; None: bytes of this process alone.
        scoring_key: the same for what opens endpoints; see `lapisml.core.scoring_tokens`.
        cookie: name of the cookie of browsers' sessions; another one for each site, since browsers send cookies to
            all ports of a host.

    Attributes:
        cookie: the same.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        signing_key: bytes | None = None,
        scoring_key: bytes | None = None,
        cookie: str = "lapis-session",
    ) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Principal, int, int]] = {}
        random = secrets.token_bytes
        self._signed = AccessTokens(signing_key or random(32), clock, scoring_key or random(32))
        self._sessions = BrowserSessions(database, clock)
        self._own_token = ""
        self.cookie = cookie
        self.owner_name = getpass.getuser()

    def cached(self, token: str) -> Principal | None:
        """Return the principal of a token that was checked within the last seconds, without I/O."""
        return self._recall(_digest(token))

    def cached_session(self, secret: str) -> Principal | None:
        """Do as `cached` for what a browser's cookie holds."""
        return self._recall(session_digest(secret))

    def authenticate(self, token: str) -> Principal:
        """Return the principal of a token.

        Raises:
            LapisError: Unauthenticated when it is unknown, expired or revoked (it does not say which); TokenExpired
                for an access token whose hour is over.
        """
        record, expires_at = self._record(token)
        return self._remember(_digest(token), record, expires_at)

    def authenticate_session(self, secret: str) -> Principal:
        """Return the principal whose browser sends this in its cookie.

        Raises:
            LapisError: Unauthenticated when the session has ended, or the token that it stands for.
        """
        found = self._sessions.find(secret)
        if found is not None:
            with self._database.read() as connection:
                record = store.by_id(connection, found.token_id)
            if record is not None and record.is_valid(self._clock.now_ms()):
                return self._remember(session_digest(secret), record, found.expires_at)
        sentence = "You are signed out: the session is over."
        raise LapisError(ErrorCode.UNAUTHENTICATED, sentence, "`lapis studio` opens the page and signs in.")

    def open_session(self, token: str) -> BrowserSession:
        """Sign a person's browser in.

        Raises:
            LapisError: Unauthenticated when the token is not valid; Forbidden for a job's.
        """
        record, expires_at = self._record(token)
        if record.kind != "user":
            raise LapisError(ErrorCode.FORBIDDEN, "The token of a job signs nobody in.")
        return self._sessions.open(record.id, expires_at)

    def close_session(self, secret: str) -> None:
        """Sign a browser out."""
        self._sessions.close(secret)
        with self._lock:
            self._known.pop(session_digest(secret), None)

    def _recall(self, digest: str) -> Principal | None:
        known = self._known.get(digest)
        if known is None or self._clock.now_ms() >= known[1]:
            return None
        return known[0]

    def _remember(self, digest: str, record: TokenRecord, expires_at: int | None) -> Principal:
        principal = Principal(record.kind, record.name, record.workspace, record.job)
        until = min(self._clock.now_ms() + _REMEMBER_MS, expires_at or sys.maxsize)
        with self._lock:
            if len(self._known) >= _REMEMBER_COUNT:
                self._known.clear()
            self._known[digest] = (principal, until, record.id)
        return principal

    def issue_access_token(self, token: str, audience: str, lifetime_s: int = ACCESS_LIFETIME_S) -> AccessToken:
        """Make an access token that stands for a token, in the form that clients of Azure ask for.

        Args:
            token: of a user; not an access token itself, which so can't be prolonged.
            audience: the address of the service that it is meant for; it is written into it and decides nothing.
            lifetime_s: how long it is good for, in seconds; less where the token ends before.

        Raises:
            LapisError: Unauthenticated when the token is not valid; Forbidden for an access token.
        """
        if looks_signed(token):
            sentence = "An access token can't be made from another one."
            raise LapisError(ErrorCode.FORBIDDEN, sentence, "Use the token that `lapis auth token` prints.")
        record, expires_at = self._record(token)
        return self._signed.make(record, audience, lifetime_s, expires_at)

    def _record(self, token: str) -> tuple[TokenRecord, int | None]:
        """Find what is kept of a token, or of the one that an access token stands for, and when its holder must go."""
        claim = self._signed.read(token) if looks_signed(token) else None
        with self._database.read() as connection:
            record = store.by_id(connection, claim.token_id) if claim else store.by_digest(connection, _digest(token))
        if record is None or not record.is_valid(self._clock.now_ms()):
            sentence = "The access token is not valid: unknown, expired or revoked."
            raise LapisError(ErrorCode.UNAUTHENTICATED, sentence, "`lapis auth token` prints the one to use.")
        ends = [end for end in (record.expires_at, claim.expires_at if claim else None) if end is not None]
        return record, min(ends, default=None)

    def ensure_owner(self, file: Path, given: str = "") -> str:
        """Make sure that the owner has a token, and that it lies in `file`, readable by the owner only.

        Args:
            file: an existing one is taken over; a missing one is made, and the token that was there before
                stops to work.
            given: a token chosen by the setting; empty: a random one.

        Raises:
            LapisError: Usage when `given` is too short to be safe.
        """
        if given and len(given) < MIN_TOKEN_LENGTH:
            raise LapisError(ErrorCode.USAGE, f"LAPIS_TOKEN must have at least {MIN_TOKEN_LENGTH} characters.")
        lost = not given and not file.exists()
        label = f"{OWNER_LABEL}{socket.gethostname()[:60]}:{file.parent}"[:255]
        token = given or create_private(file, f"{new_token()}\n".encode()).decode().strip()
        if not given:
            file.chmod(0o600)
        with suppress(IntegrityError), self._database.write() as connection:  # another server has the same one
            if lost:
                store.revoke(connection, self._clock.now_ms(), label=label)
            if store.by_digest(connection, _digest(token)) is None:
                store.add(connection, self._values(token, "user", self.owner_name, label))
        return token

    def issue_user_token(self, name: str, label: str, lifetime_s: int | None) -> str:
        """Make a further token of a user; it is shown this once.

        Raises:
            LapisError: AlreadyExists when a valid token has the label.
        """
        token = new_token()
        with self._database.write() as connection:
            now = self._clock.now_ms()
            if any(t.label == label and t.is_valid(now) for t in store.list_of_users(connection)):
                raise LapisError(ErrorCode.ALREADY_EXISTS, f"There is a token labelled '{label}' already.")
            store.add(connection, self._values(token, "user", name, label, lifetime_s))
        return token

    def list_user_tokens(self) -> list[TokenRecord]:
        """Describe the tokens of users; the tokens themselves are not known."""
        with self._database.read() as connection:
            return store.list_of_users(connection)

    def revoke_user_token(self, label: str) -> None:
        """Make a user's token worthless.

        Raises:
            LapisError: NotFound; Conflict for the owner's, which is replaced by deleting its file.
        """
        if label.startswith(OWNER_LABEL):
            hint = "Delete the file `token` in LAPIS_HOME and restart the server: it makes a new one."
            raise LapisError(ErrorCode.CONFLICT, "The owner's token can't be revoked over the network.", hint)
        with self._database.write() as connection:
            revoked = store.revoke(connection, self._clock.now_ms(), label=label)
        if not revoked:
            raise not_found("token", label)
        self._forget(revoked)

    def server_token(self, site: str) -> str:
        """Return the token with which this server asks others over its database; made at its first use.

        Args:
            site: lasting name of its installation.
        """
        with self._lock:
            if self._own_token:
                return self._own_token
        label = f"{SERVER_LABEL}{site[:32]}"
        token = new_token()
        with self._database.write() as connection:
            store.revoke(connection, self._clock.now_ms(), label=label)
            store.add(connection, self._values(token, "user", self.owner_name, label))
        with self._lock:
            self._own_token = token
        return token

    def issue_job_token(self, workspace: str, job: str, lifetime_s: int) -> str:
        """Make the token that a job's code uses: it reaches the MLflow root of `workspace` only.

        Args:
            workspace: the workspace's name.
            job: the job's name.
            lifetime_s: the longest that the job may run, in seconds; a day is added for what it sends late.
        """
        token = new_token()
        values = self._values(token, "job", job, "job", lifetime_s + _JOB_GRACE_MS // 1000)
        with self._database.write() as connection:
            store.add(connection, {**values, "workspace": workspace, "job": job})
        return token

    def revoke_job_tokens(self, job: str) -> None:
        """Make the tokens of a job worthless, from now on; a second time does nothing."""
        now = self._clock.now_ms()
        with self._database.write() as connection:
            revoked = store.revoke(connection, now, job=job)
            store.sweep(connection, now - _KEEP_DEAD_MS)
        self._forget(revoked)

    def _forget(self, token_ids: Sequence[int]) -> None:
        """Forget tokens, and the access tokens and sessions that stand for them."""
        gone = set(token_ids)
        with self._lock:
            for digest in [digest for digest, known in self._known.items() if known[2] in gone]:
                del self._known[digest]

    def _values(self, token: str, kind: str, name: str, label: str, lifetime_s: int | None = None) -> dict[str, Any]:
        now = self._clock.now_ms()
        expires_at = None if lifetime_s is None else now + lifetime_s * 1000
        whose = {"digest": _digest(token), "kind": kind, "name": name, "label": label}
        return {**whose, "created_at": now, "expires_at": expires_at}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
