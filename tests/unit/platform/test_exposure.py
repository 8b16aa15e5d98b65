from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.exposure import check_exposure
from lapisml.server.settings import Settings

TLS = {"tls_cert": "/c.pem", "tls_key": "/k.pem"}


def _settings(**values: Any) -> Settings:
    return Settings(home=Path("/nowhere"), **values)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_nothing(host: str) -> None:
    check_exposure(_settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "10.0.0.1", "example.org", "localhost.example.org", ""])
def test_any_other_address_needs_tls(host: str) -> None:
    with pytest.raises(LapisError) as caught:
        check_exposure(_settings(host=host))
    assert caught.value.code == ErrorCode.USAGE
    check_exposure(_settings(host=host, **TLS))
    check_exposure(_settings(host=host, behind_tls_proxy=True, allowed_hosts=("lapis.example.org",)))


@pytest.mark.parametrize("half", [{"tls_cert": "/c.pem"}, {"tls_key": "/k.pem"}, {"behind_tls_proxy": True}])
def test_half_a_configuration_is_refused(half: dict[str, Any]) -> None:
    with pytest.raises(LapisError):
        check_exposure(_settings(**half))


def test_there_is_no_setting_that_turns_authentication_off() -> None:
    assert [name for name in Settings.model_fields if "auth" in name or "anonymous" in name] == []
