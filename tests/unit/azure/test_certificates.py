from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lapisml.core.clock import SystemClock
from lapisml.server.azure import signing
from lapisml.server.azure.certificates import Certificates
from lapisml.testing.clock import FakeClock

_DAY_MS = 86_400_000


def _shake(chain: Path, key: Path, authority: Path, name: str) -> None:
    """Let a client that trusts `authority` alone greet a server under `name`; raises when it does not trust it."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain, key)
    client_context = ssl.create_default_context(cafile=str(authority))
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(up, down, server_side=True)
    client = client_context.wrap_bio(down, up, server_hostname=name)
    done = {"client": False, "server": False}
    for _ in range(10):
        for side, greet in (("client", client), ("server", server)):
            try:
                greet.do_handshake()
                done[side] = True
            except ssl.SSLWantReadError:
                continue
    assert all(done.values())


def _made(folder: Path, *names: str) -> tuple[Certificates, tuple[Path, Path]]:
    certificates = Certificates(folder, names, SystemClock())
    return certificates, certificates.ensure()


def test_clients_trust_the_server_under_its_names_and_no_other(tmp_path: Path) -> None:
    certificates, pair = _made(tmp_path, "lapis.example", "10.1.2.3")
    for name in ("127.0.0.1", "localhost", "::1", "lapis.example", "10.1.2.3"):
        _shake(*pair, certificates.authority, name)
    for name in ("127.0.0.2", "example.com", "10.1.2.4"):
        with pytest.raises(ssl.SSLCertVerificationError):
            _shake(*pair, certificates.authority, name)


def test_whoever_has_the_authoritys_key_can_be_no_other_site(tmp_path: Path) -> None:
    certificates, _ = _made(tmp_path)
    authority = signing.load((tmp_path / "ca.key").read_bytes(), certificates.authority.read_bytes())
    forged = signing.server(authority, ["pypi.org"], datetime.now(UTC) - timedelta(days=1), timedelta(days=2))
    chain, key = tmp_path / "forged.pem", tmp_path / "forged.key"
    chain.write_bytes(forged.pem() + authority.pem())
    key.write_bytes(forged.key_pem())
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        _shake(chain, key, certificates.authority, "pypi.org")


def test_keys_are_private(tmp_path: Path) -> None:
    _made(tmp_path / "azure")
    assert stat.S_IMODE((tmp_path / "azure").stat().st_mode) == 0o700
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / "azure" / name).stat().st_mode) == 0o600


def test_a_certificate_is_renewed_before_it_ends_and_the_authority_stays(tmp_path: Path) -> None:
    clock = FakeClock(1_700_000_000_000)
    certificates = Certificates(tmp_path, (), clock)
    chain, _ = certificates.ensure()
    first, authority = chain.read_bytes(), certificates.authority.read_bytes()
    clock.advance(300 * _DAY_MS)
    certificates.ensure()
    assert chain.read_bytes() == first
    clock.advance(50 * _DAY_MS)
    certificates.ensure()
    assert chain.read_bytes() != first
    assert certificates.authority.read_bytes() == authority


def test_other_names_need_another_authority(tmp_path: Path) -> None:
    first = _made(tmp_path)[0].authority.read_bytes()
    assert _made(tmp_path)[0].authority.read_bytes() == first
    certificates, pair = _made(tmp_path, "lapis.example")
    assert certificates.authority.read_bytes() != first
    _shake(*pair, certificates.authority, "lapis.example")


@pytest.mark.parametrize("lost", ["server.key", "server.pem", "ca.key", "certificates.json"])
def test_what_is_lost_is_made_again(tmp_path: Path, lost: str) -> None:
    _made(tmp_path)
    (tmp_path / lost).unlink()
    certificates, pair = _made(tmp_path)
    _shake(*pair, certificates.authority, "localhost")
