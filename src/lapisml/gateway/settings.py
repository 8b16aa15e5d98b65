"""What the gateway is told at its start, and the refusal to be reached by everybody in the clear."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.hosts import is_loopback

DEFAULT_PORT = 8797
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


@dataclass(frozen=True)
class GatewaySettings:
    """Settings of the gateway.

    Attributes:
        home: ``<home>/serving``.
        host: address to listen on.
        port: 0 means the one used last, else `DEFAULT_PORT`, else the next free one.
        public_url: address for clients when it is not the one it listens on; empty otherwise.
        allowed_hosts: names accepted in the Host header besides the loopback names and `host`.
        tls_cert, tls_key: PEM files; both or none.
        behind_tls_proxy: a proxy in front ends TLS.
        log_days: days for which the request log is kept; 0 keeps none.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_tls_proxy: bool = False
    log_days: int = 14

    @property
    def scheme(self) -> str:
        """``http`` or ``https``, as it is spoken here."""
        return "https" if self.tls_cert is not None else "http"

    @property
    def is_local(self) -> bool:
        """Whether nobody beyond this machine can send a request, not even through a proxy."""
        through = self.behind_tls_proxy or self.allowed_hosts or self.public_url
        return is_loopback(self.host) and not through

    def hosts(self) -> frozenset[bytes]:
        """Give the names that a Host header may have, lower case, without port."""
        named = [self.host, *self.allowed_hosts]
        if self.public_url:
            named.append(urlsplit(self.public_url).hostname or "")
        if self.host in _EVERYWHERE:
            named.append(socket.gethostname())
        bare = (f"[{name}]" if ":" in name and not name.startswith("[") else name for name in named)
        return frozenset(name.lower().encode() for name in (*LOOPBACK_NAMES, *bare) if name)

    def url(self, port: int) -> str:
        """Give the address for clients, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = socket.gethostname() if self.host in _EVERYWHERE else self.host
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def check_exposure(settings: GatewaySettings) -> None:
    """Refuse to listen beyond this machine without encryption.

    Raises:
        LapisError: Usage.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise LapisError(ErrorCode.USAGE, "--tls-cert and --tls-key belong together; one is missing.")
    if settings.behind_tls_proxy and not settings.allowed_hosts:
        raise LapisError(ErrorCode.USAGE, "--behind-tls-proxy needs --allowed-hosts: the proxy's name.")
    if is_loopback(settings.host) or settings.tls_cert is not None or settings.behind_tls_proxy:
        return
    raise LapisError(
        ErrorCode.USAGE,
        f"Refusing to listen on {settings.host} without TLS: keys would cross the network in the clear.",
        "Give a certificate, or --behind-tls-proxy behind a proxy that ends TLS, or a loopback address (127.0.0.1).",
    )
