from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.logs import RedactingFormatter
from lapisml.server.platform.vault import Vault, redact


def test_secrets_come_back_and_do_not_show(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "secret.key")
    sealed = vault.encrypt("account-key-123")
    assert "account-key-123" not in sealed
    assert Vault.open(tmp_path / "secret.key").decrypt(sealed) == "account-key-123"
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_each_home_has_a_key_of_its_own(tmp_path: Path) -> None:
    sealed = Vault.open(tmp_path / "a.key").encrypt("x")
    with pytest.raises(LapisError) as caught:
        Vault.open(tmp_path / "b.key").decrypt(sealed)
    assert caught.value.code == ErrorCode.INTEGRITY


def test_a_changed_secret_is_refused(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "secret.key")
    sealed = vault.encrypt("x" * 40)
    changed = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    with pytest.raises(LapisError):
        vault.decrypt(changed)


def test_each_purpose_has_a_key_that_stays(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "secret.key")
    blobs = vault.subkey("blobs")
    assert len(blobs) == 32
    assert Vault.open(tmp_path / "secret.key").subkey("blobs") == blobs
    assert vault.subkey("tokens") != blobs
    assert Vault.open(tmp_path / "other.key").subkey("blobs") != blobs


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer S3CRETS3CRETS3CRET",
        "postgresql://lapis:S3CRETS3CRETS3CRET@db/lapis",
        "LAPIS_TOKEN=S3CRETS3CRETS3CRET next",
        '{"account_key": "S3CRETS3CRETS3CRET"}',
        "https://a.blob.core.windows.net/c?sp=r&sig=S3CRETS3CRETS3CRET&x=1",
        "AccountKey=S3CRETS3CRETS3CRET;EndpointSuffix=x",
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str) -> None:
    assert "S3CRET" not in redact(text)
    assert "***" in redact(text)


def test_tracebacks_are_masked_too() -> None:
    try:
        raise ValueError("password=S3CRETS3CRET")  # noqa: TRY301 - the traceback is what is tested
    except ValueError as error:
        record = logging.LogRecord("x", 40, "f", 1, "a.b failed", None, (type(error), error, error.__traceback__))
    written = RedactingFormatter("%(asctime)s %(message)s").format(record)
    assert "S3CRET" not in written
    assert "Traceback" in written
