"""Requests that the server itself sends to its own gateway: its counts, descriptions, and requests of the test page."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.serving import GatewayRecord, Places
from lapisml.server.features.endpoints.routing import ADMIN_KEY

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to compare with, not to listen on
_HOST = "localhost"
"""A name that every gateway answers to."""


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        headers: names in lower case.
        is_cut: whether the body goes on; what is here is its beginning.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


class GatewayClient:
    """Speaks with the gateway of this installation, and with nothing else.

    Args:
        record: gives what the living gateway says of itself, None when none lives.
        certificate: PEM file that it shows, None when it speaks plain HTTP.
    """

    def __init__(
        self, places: Places, record: Callable[[], GatewayRecord | None], certificate: Path | None = None
    ) -> None:
        self._places = places
        self._record = record
        self._certificate = certificate

    @property
    def is_there(self) -> bool:
        """Whether a gateway lives."""
        return self._record() is not None

    def counts(self) -> str:
        """Read its counts, in the text format of Prometheus.

        Raises:
            LapisError: ServerUnreachable.
        """
        try:
            key = (self._places.home / ADMIN_KEY).read_text().strip()
        except OSError as error:
            raise _unreachable("it has no key for its counts yet") from error
        reply = self.send("GET", "/metrics", {"Authorization": f"Bearer {key}"}, timeout_s=5)
        if reply.status != http.HTTPStatus.OK:
            raise _unreachable(f"it answered {reply.status}")
        return reply.body.decode()

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        timeout_s: float,
        most: int = 16 << 20,
    ) -> Reply:
        """Send one request.

        Args:
            timeout_s: longest silence, seconds.
            most: bytes of the body that are read.

        Raises:
            LapisError: ServerUnreachable.
        """
        connection = self._connect(timeout_s)
        try:
            connection.request(method, path, body, {**headers, "Host": _HOST})
            answer = connection.getresponse()
            found = answer.read(most + 1)
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, named, found[:most], len(found) > most)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    def _connect(self, timeout_s: float) -> http.client.HTTPConnection:
        record = self._record()
        if record is None:
            raise _unreachable("it does not run")
        host = _EVERYWHERE.get(record.host, record.host)
        if self._certificate is None:
            return http.client.HTTPConnection(host, record.port, timeout=timeout_s)
        context = ssl.create_default_context(cafile=str(self._certificate))
        context.check_hostname = False  # it is our own, wherever it listens; its certificate is known
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return http.client.HTTPSConnection(host, record.port, timeout=timeout_s, context=context)


def _unreachable(why: str) -> LapisError:
    hint = "Its log: <home>/logs/gateway.log. It is started again by itself."
    return LapisError(ErrorCode.SERVER_UNREACHABLE, f"The gateway of the endpoints does not answer: {why}.", hint)
