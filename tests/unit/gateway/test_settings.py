"""Names, addresses, and who may reach the gateway."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.gateway.service import host_name
from lapisml.gateway.settings import GatewaySettings, check_exposure

HOME = Path("/nowhere")
PEM = {"tls_cert": Path("c.pem"), "tls_key": Path("k.pem")}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"host": "::1"}, b"[::1]"),
        ({"host": "10.0.0.5"}, b"10.0.0.5"),
        ({"host": "0.0.0.0"}, socket.gethostname().lower().encode()),
        ({"allowed_hosts": ("Models.Example.org",)}, b"models.example.org"),
        ({"allowed_hosts": ("2001:db8::1",)}, b"[2001:db8::1]"),
        ({"public_url": "https://models.example.org:8443/lapis"}, b"models.example.org"),
    ],
)
def test_the_names_it_goes_by(given: dict[str, Any], name: bytes) -> None:
    hosts = GatewaySettings(HOME, **given).hosts()
    assert name in hosts
    assert {b"localhost", b"127.0.0.1", b"[::1]"} <= hosts
    assert b"" not in hosts


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"localhost:8797", b"localhost"),
        (b"LOCALHOST.", b"localhost"),
        (b"[::1]:80", b"[::1]"),
        (b"[::1]", b"[::1]"),
        (b"localhost:evil", b"localhost:evil"),
        (b"evil.example#localhost:80", b"evil.example#localhost"),
        (b"", b""),
    ],
)
def test_the_name_in_a_host_header(header: bytes, name: bytes) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:80"),
        ({"host": "::1"}, "http://[::1]:80"),
        ({"host": "10.0.0.5", **PEM}, "https://10.0.0.5:80"),
        ({"host": "0.0.0.0", **PEM}, f"https://{socket.gethostname()}:80"),
        ({"public_url": "https://models.example.org/"}, "https://models.example.org"),
    ],
)
def test_the_address_for_clients(given: dict[str, Any], url: str) -> None:
    assert GatewaySettings(HOME, **given).url(80) == url


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "example.org", ""])
def test_nobody_listens_to_the_world_in_the_clear(host: str) -> None:
    with pytest.raises(LapisError) as caught:
        check_exposure(GatewaySettings(HOME, host=host))
    assert caught.value.code == ErrorCode.USAGE
    check_exposure(GatewaySettings(HOME, host=host, **PEM))  # type: ignore[arg-type]
    check_exposure(GatewaySettings(HOME, host=host, behind_tls_proxy=True, allowed_hosts=("a",)))


def test_only_what_nobody_else_can_reach_is_local() -> None:
    assert GatewaySettings(HOME).is_local
    assert GatewaySettings(HOME, host="::1").is_local
    assert not GatewaySettings(HOME, host="10.0.0.5").is_local
    assert not GatewaySettings(HOME, allowed_hosts=("models.example.org",)).is_local
    assert not GatewaySettings(HOME, behind_tls_proxy=True).is_local
    assert not GatewaySettings(HOME, public_url="https://models.example.org").is_local
