"""Access tokens of people that open endpoints."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from lapisml.core import scoring_tokens
from lapisml.gateway.auth import TokenCheck
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.platform.database import Database
from lapisml.testing.clock import FakeClock

SCORING = b"s" * 32


@pytest.fixture
def identity(database: Database, clock: FakeClock) -> IdentityService:
    return IdentityService(database, clock, b"k" * 32, SCORING)


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.mark.parametrize("audience", ["https://ml.azure.com", "https://ml.azure.com/", "https://ml.azure.com/.default"])
def test_the_gateway_takes_one_that_was_asked_for_its_audience(
    identity: IdentityService, clock: FakeClock, tmp_path: Path, audience: str
) -> None:
    made = identity.issue_access_token(identity.ensure_owner(tmp_path / "token"), audience)
    check = TokenCheck("", "w/e", lambda: clock.now_ms() / 1000, base64.b64encode(SCORING).decode())
    check(f"Bearer {made.token}".encode())
    assert identity.authenticate(made.token).kind == "user"


def test_others_carry_no_mark(identity: IdentityService, tmp_path: Path) -> None:
    owner = identity.ensure_owner(tmp_path / "token")
    assert scoring_tokens.CLAIM not in _claims(identity.issue_access_token(owner, "https://ml.azure.lapis").token)
    job = identity.issue_job_token("w", "j", 60)
    assert scoring_tokens.CLAIM not in _claims(identity.issue_access_token(job, scoring_tokens.AUDIENCE).token)
