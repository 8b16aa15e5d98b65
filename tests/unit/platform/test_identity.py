from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.identity.service import IdentityService, Principal
from lapisml.server.features.identity.tables import tokens
from lapisml.server.platform.database import Database
from lapisml.testing.clock import FakeClock


@pytest.fixture
def identity(database: Database, clock: FakeClock) -> IdentityService:
    return IdentityService(database, clock)


def _refused(identity: IdentityService, token: str) -> bool:
    if identity.cached(token) is not None:
        return False
    with pytest.raises(LapisError) as caught:
        identity.authenticate(token)
    return caught.value.code == ErrorCode.UNAUTHENTICATED


def test_the_owner_gets_a_private_random_token_that_stays(identity: IdentityService, tmp_path: Path) -> None:
    token = identity.ensure_owner(tmp_path / "token")
    assert (tmp_path / "token").read_text().strip() == token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert len(token) >= 43
    assert identity.ensure_owner(tmp_path / "token") == token
    assert identity.authenticate(token).kind == "user"


def test_tokens_are_kept_as_digests_only(identity: IdentityService, database: Database, tmp_path: Path) -> None:
    secret = [identity.ensure_owner(tmp_path / "token"), identity.issue_job_token("w", "j", 60)]
    with database.read() as connection:
        rows = str([tuple(row) for row in connection.execute(select(tokens))])
    assert not any(token in rows for token in secret)


def test_deleting_the_file_replaces_the_token(identity: IdentityService, tmp_path: Path) -> None:
    old = identity.ensure_owner(tmp_path / "token")
    (tmp_path / "token").unlink()
    new = identity.ensure_owner(tmp_path / "token")
    assert new != old
    assert _refused(identity, old)
    assert identity.authenticate(new)


def test_a_file_from_another_database_is_taken_over(identity: IdentityService, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token-that-another-database-knows-of\n")
    assert identity.ensure_owner(tmp_path / "token") == "a-token-that-another-database-knows-of"
    assert identity.authenticate("a-token-that-another-database-knows-of").kind == "user"


def test_a_short_token_is_refused(identity: IdentityService, tmp_path: Path) -> None:
    with pytest.raises(LapisError, match="32"):
        identity.ensure_owner(tmp_path / "token", "admin")
    given = "0123456789" * 4
    assert identity.ensure_owner(tmp_path / "token", given) == given
    assert not (tmp_path / "token").exists()


def test_a_jobs_token_knows_its_job_and_ends_with_it(identity: IdentityService) -> None:
    token = identity.issue_job_token("blue", "calm_fern", 60)
    assert identity.authenticate(token) == Principal("job", "calm_fern", "blue", "calm_fern")
    assert identity.cached(token) is not None
    identity.revoke_job_tokens("calm_fern")
    identity.revoke_job_tokens("calm_fern")
    assert _refused(identity, token)


def test_another_jobs_token_stays(identity: IdentityService) -> None:
    kept = identity.issue_job_token("blue", "kept", 60)
    identity.issue_job_token("blue", "gone", 60)
    identity.revoke_job_tokens("gone")
    assert identity.authenticate(kept)


def test_tokens_expire_also_when_remembered(identity: IdentityService, clock: FakeClock) -> None:
    token = identity.issue_user_token("ada", "script", 60)
    assert identity.authenticate(token).name == "ada"
    clock.advance(58_000)
    assert identity.authenticate(token)
    clock.advance(2_000)
    assert _refused(identity, token)


def test_a_token_revoked_on_another_server_is_refused_within_seconds(
    identity: IdentityService, database: Database, clock: FakeClock
) -> None:
    token = identity.issue_user_token("ada", "script", None)
    identity.authenticate(token)
    IdentityService(database, clock).revoke_user_token("script")
    clock.advance(5_000)
    assert _refused(identity, token)


@pytest.mark.parametrize("token", ["", "x", "\udc80", "a" * 10_000, "' OR 1=1 --"])
def test_garbage_is_refused(identity: IdentityService, token: str) -> None:
    assert _refused(identity, token)


def test_labels_are_unique_while_valid(identity: IdentityService) -> None:
    identity.issue_user_token("ada", "script", None)
    with pytest.raises(LapisError) as caught:
        identity.issue_user_token("ada", "script", None)
    assert caught.value.code == ErrorCode.ALREADY_EXISTS
    identity.revoke_user_token("script")
    assert identity.issue_user_token("ada", "script", None)
    with pytest.raises(LapisError, match="no token"):
        identity.revoke_user_token("unknown")


def test_an_access_token_stands_for_its_token_for_an_hour(
    identity: IdentityService, clock: FakeClock, tmp_path: Path
) -> None:
    token = identity.ensure_owner(tmp_path / "token")
    made = identity.issue_access_token(token, "https://ml.azure.com")
    assert made.expires_on == clock.now_ms() // 1000 + 3600
    assert identity.authenticate(made.token) == identity.authenticate(token)
    clock.advance(3_600_000)
    assert identity.cached(made.token) is None
    with pytest.raises(LapisError) as caught:
        identity.authenticate(made.token)
    assert caught.value.code == ErrorCode.TOKEN_EXPIRED


def test_an_access_token_ends_with_its_token(identity: IdentityService, clock: FakeClock) -> None:
    token = identity.issue_user_token("ada", "laptop", 60)
    made = identity.issue_access_token(token, "x")
    assert made.expires_on == clock.now_ms() // 1000 + 60
    assert identity.authenticate(made.token).name == "ada"
    identity.revoke_user_token("laptop")
    assert _refused(identity, made.token)


def test_an_access_token_can_not_be_prolonged(identity: IdentityService, tmp_path: Path) -> None:
    made = identity.issue_access_token(identity.ensure_owner(tmp_path / "token"), "x")
    with pytest.raises(LapisError) as caught:
        identity.issue_access_token(made.token, "x")
    assert caught.value.code == ErrorCode.FORBIDDEN


def test_access_tokens_of_another_server_are_worth_nothing(
    identity: IdentityService, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    token = identity.ensure_owner(tmp_path / "token")
    other = IdentityService(database, clock)
    assert _refused(identity, other.issue_access_token(token, "x").token)


def test_an_access_token_of_a_job_is_a_jobs(identity: IdentityService) -> None:
    made = identity.issue_access_token(identity.issue_job_token("w", "j", 60), "x")
    principal = identity.authenticate(made.token)
    assert (principal.kind, principal.workspace, principal.job) == ("job", "w", "j")
    identity.revoke_job_tokens("j")
    assert _refused(identity, made.token)
