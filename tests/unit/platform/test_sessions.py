"""Sessions of browsers: what they stand for, and everything that ends them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.identity.service import IdentityService, Principal
from lapisml.server.features.identity.sessions import LIFETIME_S
from lapisml.server.features.identity.tables import browser_sessions
from lapisml.server.platform.database import Database
from lapisml.testing.clock import FakeClock


@pytest.fixture
def identity(database: Database, clock: FakeClock) -> IdentityService:
    return IdentityService(database, clock)


def _is_over(identity: IdentityService, secret: str) -> bool:
    if identity.cached_session(secret) is not None:
        return False
    with pytest.raises(LapisError) as caught:
        identity.authenticate_session(secret)
    return caught.value.code == ErrorCode.UNAUTHENTICATED


def test_a_session_stands_for_its_token(identity: IdentityService, tmp_path: Path) -> None:
    token = identity.ensure_owner(tmp_path / "token")
    session = identity.open_session(token)
    assert identity.authenticate_session(session.secret) == identity.authenticate(token)
    assert identity.cached_session(session.secret) is not None


def test_a_session_is_no_token_and_a_token_is_no_session(identity: IdentityService, tmp_path: Path) -> None:
    token = identity.ensure_owner(tmp_path / "token")
    secret = identity.open_session(token).secret
    identity.authenticate_session(secret)
    assert identity.cached(secret) is None
    with pytest.raises(LapisError):
        identity.authenticate(secret)
    assert _is_over(identity, token)


def test_only_a_digest_is_kept(identity: IdentityService, database: Database, tmp_path: Path) -> None:
    secret = identity.open_session(identity.ensure_owner(tmp_path / "token")).secret
    with database.read() as connection:
        rows = str([tuple(row) for row in connection.execute(select(browser_sessions))])
    assert rows != "[]"
    assert secret not in rows


def test_a_session_lasts_a_week(identity: IdentityService, clock: FakeClock, tmp_path: Path) -> None:
    session = identity.open_session(identity.ensure_owner(tmp_path / "token"))
    assert session.lifetime_s == LIFETIME_S == 7 * 24 * 3600
    clock.advance(LIFETIME_S * 1000 - 1)
    assert identity.authenticate_session(session.secret).kind == "user"
    clock.advance(1)
    assert _is_over(identity, session.secret)


def test_a_session_ends_with_what_it_was_opened_with(identity: IdentityService, clock: FakeClock) -> None:
    token = identity.issue_user_token("ada", "laptop", 3600)
    for credential in (token, identity.issue_access_token(token, "x").token):
        assert identity.open_session(credential).lifetime_s <= 3600
    session = identity.open_session(token)
    identity.authenticate_session(session.secret)
    identity.revoke_user_token("laptop")
    assert _is_over(identity, session.secret)


def test_a_token_revoked_on_another_server_ends_the_session_within_seconds(
    identity: IdentityService, database: Database, clock: FakeClock
) -> None:
    session = identity.open_session(identity.issue_user_token("ada", "laptop", None))
    identity.authenticate_session(session.secret)
    IdentityService(database, clock).revoke_user_token("laptop")
    clock.advance(5_000)
    assert _is_over(identity, session.secret)


def test_signing_out_ends_this_session_at_once_and_no_other(identity: IdentityService, tmp_path: Path) -> None:
    token = identity.ensure_owner(tmp_path / "token")
    here, there = identity.open_session(token), identity.open_session(token)
    identity.authenticate_session(here.secret)
    identity.close_session(here.secret)
    identity.close_session(here.secret)
    assert _is_over(identity, here.secret)
    assert identity.authenticate_session(there.secret)


def test_a_job_signs_nobody_in(identity: IdentityService) -> None:
    token = identity.issue_job_token("blue", "calm_fern", 60)
    assert identity.authenticate(token) == Principal("job", "calm_fern", "blue", "calm_fern")
    for credential in (token, identity.issue_access_token(token, "x").token):
        with pytest.raises(LapisError) as caught:
            identity.open_session(credential)
        assert caught.value.code == ErrorCode.FORBIDDEN


def test_sessions_that_are_over_are_swept(
    identity: IdentityService, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    token = identity.ensure_owner(tmp_path / "token")
    for _ in range(3):
        identity.open_session(token)
    clock.advance(LIFETIME_S * 1000 + 1)
    identity.open_session(token)
    with database.read() as connection:
        assert len(connection.execute(select(browser_sessions)).all()) == 1


@pytest.mark.parametrize("secret", ["", "x", "\udc80", "a" * 10_000, "' OR 1=1 --"])
def test_garbage_is_no_session(identity: IdentityService, secret: str) -> None:
    assert _is_over(identity, secret)
