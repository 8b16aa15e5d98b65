"""Calls an ASGI application without a socket, for walks over very many requests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What an application answered; `status` is the close code for a WebSocket."""

    status: int
    headers: dict[str, str]
    body: bytes


def call(
    app: Any,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    query: str = "",
    kind: str = "http",
) -> Answer:
    """Send one request and wait for the whole answer."""
    return asyncio.run(_call(app, method, path, headers or {}, body, query, kind))


async def _call(
    app: Any, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str, kind: str
) -> Answer:
    sent: list[dict[str, Any]] = []
    pairs = [(name.lower().encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()]
    incoming = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
    if kind == "websocket":
        incoming = [{"type": "websocket.connect"}]

    async def receive() -> dict[str, Any]:
        return incoming.pop(0) if incoming else {"type": f"{kind}.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": kind, "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": pairs, "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1), "root_path": "",
        "http_version": "1.1", "asgi": {"version": "3.0"}, "subprotocols": [],
    }  # fmt: skip
    if kind == "websocket":
        del scope["method"]
    await app(scope, receive, send)
    start = sent[0]
    return Answer(
        start.get("status", start.get("code", 0)),
        {name.decode(): value.decode() for name, value in start.get("headers", ())},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )
