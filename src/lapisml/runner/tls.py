"""TLS towards the server, or towards the agent that leads to it."""

from __future__ import annotations

from typing import Any


def context(certificate: str | None, own: str | None = None) -> Any:
    """Make a context that trusts one certificate, or without one those of the machine.

    Args:
        certificate: file with the server's own certificate, which is trusted whatever name the server goes by.
        own: file with a certificate and its key to be shown to the other side.

    Raises:
        OSError: one of the files can't be read, or holds no certificate.
    """
    import ssl  # 10 ms, and most servers are on loopback

    made = ssl.create_default_context(cafile=certificate or None)
    if certificate:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        made.check_hostname = False
    if own:
        made.verify_flags &= ~ssl.VERIFY_X509_STRICT  # both sides have the same, which is its own authority
        made.load_cert_chain(own)
    return made
