"""Sends each request to the application of its path's first word; nothing is matched more than once."""

from __future__ import annotations

from collections.abc import Mapping

from lapisml.server.platform.auth import AsgiApp, Receive, Scope, Send


class Mounts:
    """Routes by prefix.

    Args:
        mounts: first word of the path → application, which sees the whole path.
        rest: takes everything else.
    """

    def __init__(self, mounts: Mapping[str, AsgiApp], rest: AsgiApp) -> None:
        self._mounts = dict(mounts)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        path = scope.get("path", "")
        word = path[1 : path.find("/", 1)] if "/" in path[1:] else path[1:]
        await self._mounts.get(word, self._rest)(scope, receive, send)
