"""The stream of changes to one page: server-sent events (https://html.spec.whatwg.org/#server-sent-events)."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lapisml.server.features.studio.changes import Changes, Listener

HEARTBEAT_S = 15.0
LONGEST_S = 900.0
"""When a stream ends by itself, seconds: the page comes back at once, and is asked again who it is."""

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class LiveStream(Response):
    """Answers with what changes in a workspace, until the page goes, the server ends, or it is time to ask anew.

    Nothing has begun before the listener is let in, so too many of them get a plain refusal.
    """

    def __init__(self, changes: Changes, workspace: str) -> None:
        super().__init__(media_type="text/event-stream", headers=_HEADERS)
        del self.headers["content-length"]
        self._changes = changes
        self._workspace = workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as of every answer
        """Send the stream."""
        listener = await self._changes.join(self._workspace)
        leaving = asyncio.create_task(_close_when_gone(receive, listener))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._send_changes(listener, send)
        finally:
            leaving.cancel()
            self._changes.leave(listener)

    @staticmethod
    async def _send_changes(listener: Listener, send: Send) -> None:
        ends_at = time.monotonic() + LONGEST_S
        part = b"retry: 1000\n\n"
        while not listener.is_closed and time.monotonic() < ends_at:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            part = b": still here\n\n"
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await listener.told.wait()
            topics = listener.take()
            if topics:
                part = b"event: changed\ndata: " + orjson.dumps(topics) + b"\n\n"
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _close_when_gone(receive: Receive, listener: Listener) -> None:
    message: dict[str, Any] = {}
    while message.get("type") != "http.disconnect":
        message = dict(await receive())
    listener.close()
