"""Keys and tokens: the gateway takes what the server gives, and nothing else."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.gateway.auth import KeyCheck, TokenCheck
from lapisml.gateway.calls import Refusal
from lapisml.server.features.endpoints.keys import Secrets, issue_token, token_secret
from lapisml.server.platform.vault import Vault

NOW_MS = 1_700_000_000_000


def bearer(credential: str) -> bytes:
    """Make the header's value."""
    return f"Bearer {credential}".encode()


def token_check(secrets: Secrets, seconds: float = 0, subject: str = "default/e") -> TokenCheck:
    """Make what the gateway checks with, some seconds after `NOW_MS`."""
    return TokenCheck(token_secret(secrets), subject, lambda: NOW_MS / 1000 + seconds)


def test_both_keys_open() -> None:
    secrets = Secrets.new()
    check = KeyCheck(secrets.digests())
    check(bearer(secrets.primary))
    check(bearer(secrets.secondary))
    with pytest.raises(Refusal):
        check(bearer(secrets.token))


@pytest.mark.parametrize("which", ["primary", "Secondary"])
def test_a_new_key_takes_the_place_of_one_of_them(which: str) -> None:
    old = Secrets.new()
    new = old.with_new(which)
    other = "secondary" if which.lower() == "primary" else "primary"
    check = KeyCheck(new.digests())
    check(bearer(getattr(new, which.lower())))
    check(bearer(getattr(old, other)))
    assert new.token == old.token
    with pytest.raises(Refusal):
        check(bearer(getattr(old, which.lower())))


def test_there_are_two_keys() -> None:
    with pytest.raises(LapisError, match="not valid") as caught:
        Secrets.new().with_new("third")
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID


def test_a_token_opens_its_endpoint_until_it_ends() -> None:
    secrets = Secrets.new()
    made = issue_token(secrets, "default/e", NOW_MS, 60)
    token_check(secrets)(bearer(made["accessToken"]))
    token_check(secrets, 59)(bearer(made["accessToken"]))
    with pytest.raises(Refusal, match="expired"):
        token_check(secrets, 60)(bearer(made["accessToken"]))
    assert made["expiryTimeUtc"] == NOW_MS // 1000 + 60
    assert NOW_MS // 1000 < made["refreshAfterTimeUtc"] < made["expiryTimeUtc"]


def test_a_token_opens_no_other_endpoint() -> None:
    secrets = Secrets.new()
    token = issue_token(secrets, "default/e", NOW_MS, 60)["accessToken"]
    for check in (token_check(secrets, subject="default/f"), token_check(Secrets.new())):
        with pytest.raises(Refusal):
            check(bearer(token))


def test_secrets_are_sealed_and_come_back() -> None:
    vault, secrets = Vault(Fernet.generate_key()), Secrets.new()
    sealed = secrets.sealed(vault)
    assert secrets.primary not in sealed
    assert Secrets.opened(vault, sealed) == secrets
    assert secrets.primary not in repr(secrets)
    with pytest.raises(LapisError):
        Secrets.opened(Vault(Fernet.generate_key()), sealed)
