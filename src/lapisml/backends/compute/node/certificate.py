"""A certificate with its key for two sides that show it to each other and trust nothing else; made by the server."""

from __future__ import annotations

import datetime as dt

_ALWAYS = (dt.datetime(2000, 1, 1), dt.datetime(9999, 12, 31))  # noqa: DTZ001 - x509 wants UTC without a zone
"""It is good for as long as it is kept: clocks of machines may differ by any amount."""


def made(name: str) -> bytes:
    """Make a certificate and its key, as PEM.

    Args:
        name: whom it is for; stands in the certificate.
    """
    from cryptography import x509  # nodes have the module, and not the package
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"lapis-{name}")])
    begin, end = _ALWAYS
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
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
