"""Asks another server over the same database for what only its machine has, such as the log of a job there."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.servers import Servers

_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class PeerAnswer:
    """What another server said.

    Attributes:
        status: HTTP status.
        size: what it says of the whole, bytes (``X-Lapis-Size``).
    """

    status: int
    body: bytes
    size: int


class Peers:
    """Sends requests to the server that follows the jobs of a site.

    Args:
        token: gives an access token that every server of the database takes.
        certificate: what the servers' own TLS is checked against besides the usual authorities.
    """

    def __init__(self, servers: Servers, token: Callable[[str], str], certificate: Path | None) -> None:
        self._servers = servers
        self._token = token
        self._certificate = certificate

    def has(self, site: str | None) -> bool:
        """Say whether a site is another server's."""
        return site is not None and site != self._servers.me.site

    def get(self, site: str, path: str, query: Mapping[str, str | int]) -> PeerAnswer:
        """Read from the server of a site.

        Args:
            path: below ``/api/v1/``.

        Raises:
            LapisError: ServerUnreachable when none of that site is there, or it does not answer.
        """
        server = next((other for other in self._servers.others() if other.site == site), None)
        if server is None:
            sentence = "The server that follows this job on its machine is away; what it wrote is read when it is back."
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence)
        parts = urlsplit(server.url)
        target = f"{parts.path}/api/v1/{quote(path)}?{urlencode(query)}"
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        try:
            connection.request("GET", target, headers={"Authorization": f"Bearer {self._token(self._servers.me.site)}"})
            answer = connection.getresponse()
            size = answer.headers.get("X-Lapis-Size") or "0"
            return PeerAnswer(answer.status, answer.read(), int(size))
        except (OSError, http.client.HTTPException) as error:
            sentence = f"The server at {server.url}, which follows this job on its machine, does not answer."
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence) from error
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme != "https":
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
        context = ssl.create_default_context()
        if self._certificate is not None:
            context.load_verify_locations(self._certificate)
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=context)
