"""Tells what requests change: one thin layer in front of all applications, asleep while nobody listens."""

from __future__ import annotations

from typing import Any

from lapisml.server.features.studio.changes import Changes
from lapisml.server.features.studio.topics import topic_of
from lapisml.server.platform.auth import AsgiApp, Receive, Scope, Send
from lapisml.server.platform.policy import SAFE_METHODS


class ChangeLayer:
    """Passes requests on, and tells of those that changed something."""

    def __init__(self, app: AsgiApp, changes: Changes) -> None:
        self._app = app
        self._changes = changes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if not self._changes.is_wanted or scope.get("method", "GET") in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        found = topic_of(scope["path"])
        if found is None:
            await self._app(scope, receive, send)
            return
        status = 500

        async def noted(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, noted)
        if status < 400:
            self._changes.tell(*found)
