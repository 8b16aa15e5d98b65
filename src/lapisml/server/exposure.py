"""Who could reach the server, and the refusal to be reached by everybody in the clear."""

from __future__ import annotations

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.hosts import is_loopback
from lapisml.server.settings import Settings


def check_exposure(settings: Settings) -> None:
    """Refuse to listen beyond this machine without encryption.

    Raises:
        LapisError: Usage.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise LapisError(ErrorCode.USAGE, "LAPIS_TLS_CERT and LAPIS_TLS_KEY belong together; one is missing.")
    if settings.behind_tls_proxy and not settings.allowed_hosts:
        raise LapisError(ErrorCode.USAGE, "LAPIS_BEHIND_TLS_PROXY needs LAPIS_ALLOWED_HOSTS: the proxy's name.")
    if is_loopback(settings.host) or settings.tls_cert is not None or settings.behind_tls_proxy:
        return
    raise LapisError(
        ErrorCode.USAGE,
        f"Refusing to listen on {settings.host} without TLS: tokens would cross the network in the clear.",
        "Set LAPIS_TLS_CERT and LAPIS_TLS_KEY, or LAPIS_BEHIND_TLS_PROXY=1 behind a proxy that ends TLS, "
        "or use a loopback address (127.0.0.1).",
    )
