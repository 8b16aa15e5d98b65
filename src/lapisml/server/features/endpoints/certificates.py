"""The certificate of a revision that runs on other machines: both sides show it, and trust nothing else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lapisml.server.platform.files import create_private

_ALWAYS = (dt.datetime(2000, 1, 1), dt.datetime(9999, 12, 31))  # noqa: DTZ001 - x509 wants UTC without a zone
"""It is good for as long as its revision is: clocks of machines may differ by any amount."""


def pem_of(path: Path, revision: str) -> str:
    """Give certificate and key of a revision; made, and kept at `path` for its owner alone, where there are none.

    Raises:
        OSError: the file system refused.
    """
    if path.exists():
        return path.read_text(encoding="ascii")
    return create_private(path, _made(revision)).decode("ascii")


def _made(revision: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"lapis-{revision}")])
    begin, end = _ALWAYS
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return certificate.public_bytes(serialization.Encoding.PEM) + own
