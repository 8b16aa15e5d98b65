"""Who is who: issues, checks and revokes access tokens.

A token is 256 random bits; the database keeps its SHA-256 (no salt or stretching is needed for a secret that
cannot be guessed). Checked tokens are remembered for a few seconds, so that a request costs no query; a token
revoked on one of several servers is refused by the others within that time, and at once by the one that did it.
"""

from __future__ import annotations

import getpass
import hashlib
import socket
import threading
from pathlib import Path
from typing import Any

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.core.ids import new_token
from lapisml.server.features.identity import store
from lapisml.server.features.identity.store import TokenRecord
from lapisml.server.platform.database import Database
from lapisml.server.platform.files import create_private
from lapisml.server.platform.principal import Principal

__all__ = ["IdentityService", "Principal"]

OWNER_LABEL = "owner of "
"""Begins the label of a home's own token; no label that a user may choose holds a space."""

MIN_TOKEN_LENGTH = 32

_REMEMBER_MS = 5_000
_REMEMBER_COUNT = 10_000
_KEEP_DEAD_MS = 7 * 24 * 3600 * 1000
_JOB_GRACE_MS = 24 * 3600 * 1000


class IdentityService:
    """Implements `lapisml.server.platform.principal.Authenticator`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Principal, int]] = {}
        self.owner_name = getpass.getuser()

    def cached(self, token: str) -> Principal | None:
        """Return the principal of a token that was checked within the last seconds, without I/O."""
        known = self._known.get(_digest(token))
        if known is None or self._clock.now_ms() >= known[1]:
            return None
        return known[0]

    def authenticate(self, token: str) -> Principal:
        """Return the principal of a token.

        Raises:
            LapisError: Unauthenticated when it is unknown, expired or revoked (it does not say which).
        """
        digest, now = _digest(token), self._clock.now_ms()
        with self._database.read() as connection:
            record = store.by_digest(connection, digest)
        if record is None or not record.is_valid(now):
            sentence = "The access token is not valid: unknown, expired or revoked."
            raise LapisError(ErrorCode.UNAUTHENTICATED, sentence, "`lapis auth token` prints the one to use.")
        principal = Principal(record.kind, record.name, record.workspace, record.job)
        until = min(now + _REMEMBER_MS, record.expires_at or now + _REMEMBER_MS)
        with self._lock:
            if len(self._known) >= _REMEMBER_COUNT:
                self._known.clear()
            self._known[digest] = (principal, until)
        return principal

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
        with self._database.write() as connection:
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
            digests = store.revoke(connection, self._clock.now_ms(), label=label)
        if not digests:
            raise not_found("token", label)
        self._forget(digests)

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
            digests = store.revoke(connection, now, job=job)
            store.sweep(connection, now - _KEEP_DEAD_MS)
        self._forget(digests)

    def _forget(self, digests: list[str]) -> None:
        with self._lock:
            for digest in digests:
                self._known.pop(digest, None)

    def _values(self, token: str, kind: str, name: str, label: str, lifetime_s: int | None = None) -> dict[str, Any]:
        now = self._clock.now_ms()
        expires_at = None if lifetime_s is None else now + lifetime_s * 1000
        whose = {"digest": _digest(token), "kind": kind, "name": name, "label": label}
        return {**whose, "created_at": now, "expires_at": expires_at}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
