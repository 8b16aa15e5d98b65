"""The port through which the server tells others over the network that something happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Notified(NamedTuple):
    """What the receiver answered: HTTP status and the beginning of the body."""

    status: int
    text: str


class Notifier(Protocol):
    """Sends messages to addresses that users name; never to one that must not be reached from this server."""

    def check(self, url: str) -> None:
        """Check that messages may go to an address.

        Raises:
            LapisError: AddressNotAllowed, StorageUnreachable when its name does not resolve.
        """
        ...

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Notified:
        """Send one message and return the answer, whatever its status; redirects are not followed.

        Raises:
            LapisError: AddressNotAllowed, StorageUnreachable.
        """
        ...
