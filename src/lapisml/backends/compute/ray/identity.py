"""What server and front know each other by: one key and certificate that both hold, for TLS both ways.

The key is derived from the installation's own, so that several servers of one installation have the same. It
travels to the cluster within the front's package, never in the metadata of Ray's job.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import ssl
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

_FROM, _TO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)


def identity(home: Path, label: str, compute: str) -> bytes:
    """Return the key and certificate (PEM) of one attached cluster; always the same.

    Args:
        home: LAPIS_HOME; ``secret.key`` there, or ``ray.key``, made where the first is absent.
        label: of the installation.
        compute: workspace and name.
    """
    seed = hmac.new(_secret(home), f"lapis:ray-front:{label}:{compute}".encode(), hashlib.sha256).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"lapis-{label}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(seed).digest()[:8], "big") | 1)
        .not_valid_before(_FROM)
        .not_valid_after(_TO)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, None)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def client_context(pem: bytes) -> ssl.SSLContext:
    """Return what the server connects to the front with: it shows the identity, and wants to see the same."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    with tempfile.NamedTemporaryFile(prefix="lapis-") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
        context.load_verify_locations(file.name)
    return context


def _secret(home: Path) -> bytes:
    shared = home / "secret.key"
    if shared.exists():
        return shared.read_bytes().strip()
    own = home / "ray.key"
    try:
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return own.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
    return own.read_bytes()
