"""Messages to others as HTTP POST, through connections to checked addresses only."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from lapisml.backends.storage.addresses import Endpoint, port_of, resolve_checked
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.notifier import Notified

TIMEOUT_S = 30.0
_MOST_OF_ANSWER = 64 * 1024


class WebNotifier:
    """Implements `lapisml.ports.notifier.Notifier`.

    Args:
        allow_private: messages may go to private addresses and by plain http: the network is one's own.
    """

    def __init__(self, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    def check(self, url: str) -> None:
        """Check the scheme and where the name leads."""
        self._endpoints(url)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Notified:
        """Send one message over a connection of its own."""
        import http.client  # takes longer than all the rest of this module, and most servers have no webhooks

        from lapisml.backends.storage.web import CheckedConnection

        parts = urlsplit(url)
        connection = CheckedConnection(self._endpoints(url), secure=parts.scheme == "https", timeout=TIMEOUT_S)
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", target, body, {"User-Agent": "lapis", "Connection": "close", **headers})
            answer = connection.getresponse()
            return Notified(answer.status, answer.read(_MOST_OF_ANSWER).decode("utf-8", "replace"))
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise LapisError(ErrorCode.STORAGE_UNREACHABLE, f"{parts.hostname} can't be reached: {reason}") from error
        finally:
            connection.close()

    def _endpoints(self, url: str) -> list[Endpoint]:
        parts = urlsplit(url)
        schemes = ("https", "http") if self._allow_private else ("https",)
        if parts.scheme not in schemes or not parts.hostname:
            raise LapisError(
                ErrorCode.ADDRESS_NOT_ALLOWED,
                f"Invalid URL scheme: '{parts.scheme[:20]}'. Allowed schemes are: {', '.join(schemes)}.",
                None if self._allow_private else "LAPIS_ALLOW_PRIVATE_ADDRESSES=1 allows http and private addresses.",
            )
        return resolve_checked(parts.hostname, port_of(url), allow_private=self._allow_private)
