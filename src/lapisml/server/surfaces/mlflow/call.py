"""One request on its way through the surface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.records import Caller
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.mlflow.fields import Fields

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Any], Awaitable[None]]

JSON_HEADER = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose workspace and sender are known.

    Attributes:
        fields: the JSON body of a request that has one, else the query.
        path: what of the address a route left open, such as a logged model's id.
    """

    caller: Caller
    workspace: Workspace
    fields: Fields
    path: tuple[str, ...] = ()


Handler = Callable[[Call], dict[str, Any]]
"""Does a request's work in a thread and returns the JSON answer."""

HotHandler = Callable[[Call], Awaitable[None]]
"""Does a request's work on the event loop; the answer is an empty object."""


async def read_body(receive: Receive, most: int) -> bytes:
    """Read a whole body.

    Raises:
        LapisError: RequestTooLarge; Usage when the client went away in the middle.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    parts = [body]
    size = len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise LapisError(ErrorCode.USAGE, "The request ended before its body did.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise LapisError(ErrorCode.REQUEST_TOO_LARGE, f"The body is larger than {most // 2**20} MiB.")
    return b"".join(parts)


async def answer_json(send: Send, body: dict[str, Any]) -> None:
    """Send a JSON answer."""
    await answer(send, 200, orjson.dumps(body), [JSON_HEADER])


async def answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Send a whole answer."""
    sized = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})
