"""Name resolution for aiohttp in which every address is checked: what is checked is what is connected to."""

from __future__ import annotations

import asyncio
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from lapisml.backends.storage.addresses import Endpoint, resolve_checked
from lapisml.core.errors import LapisError


class CheckedResolver(AbstractResolver):
    """Resolves names to allowed addresses only.

    Args:
        allow_private: private and loopback ranges may be used.
    """

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name.

        Raises:
            OSError: the name does not resolve, or leads to an address that may not be connected to.
        """
        try:
            found = await asyncio.to_thread(resolve_checked, host, port, allow_private=self._allow_private)
        except LapisError as error:
            raise OSError(error.message) from error
        return [_result(endpoint) for endpoint in found if family in (socket.AF_UNSPEC, endpoint.family)]

    async def close(self) -> None:
        """Nothing is held."""


def _result(endpoint: Endpoint) -> ResolveResult:
    return ResolveResult(
        hostname=endpoint.host,
        host=endpoint.address,
        port=endpoint.port,
        family=endpoint.family,
        proto=0,
        flags=socket.AI_NUMERICHOST,
    )
