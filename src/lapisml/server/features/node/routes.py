"""Native HTTP routes for the files of jobs that run elsewhere; each request shows a ticket in place of a token."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from lapisml.core import bundles
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.node.files import NodeFiles
from lapisml.server.platform.routing import Routes

_WRITE_AT_ONCE = 1 << 20
_BINARY = "application/octet-stream"


def router(files: NodeFiles) -> Routes:
    """Make the routes below ``/api/v1/node``."""
    routes = Routes(prefix="/api/v1/node", tags=["nodes"])

    @routes.get("/info", include_in_schema=False)
    def info(request: Request, path: str = "") -> dict[str, Any]:
        return {"info": files.info(_ticket(request), path)}

    @routes.get("/children", include_in_schema=False)
    def children(request: Request, path: str = "") -> dict[str, Any]:
        return {"value": files.children(_ticket(request), path)}

    @routes.get("/walk", include_in_schema=False)
    def walk(request: Request, path: str = "") -> Response:
        return StreamingResponse(_lines(files.walk(_ticket(request), path)), media_type="application/x-ndjson")

    @routes.get("/content", include_in_schema=False)
    def read(request: Request, path: str = "", offset: int = 0) -> Response:
        content = files.read(_ticket(request), path, max(0, offset))
        headers = {"etag": content.mark, "x-lapis-size": str(content.size)}
        return StreamingResponse(content.body, 200, headers, _BINARY)

    @routes.put("/content", status_code=204, include_in_schema=False)
    async def write(request: Request, path: str = "") -> None:
        writing = await run_in_threadpool(files.writing, _ticket(request), path)
        await _take_in(writing, request)

    @routes.delete("/content", status_code=204, include_in_schema=False)
    def delete(request: Request, path: str = "") -> None:
        files.delete(_ticket(request), path)

    @routes.post("/fetch", include_in_schema=False)
    async def fetch(request: Request) -> Response:
        ticket = _ticket(request)
        await run_in_threadpool(files.admit, ticket)
        paths = _paths(await _whole(request))
        return Response(await run_in_threadpool(files.fetch, ticket, paths), media_type=_BINARY)

    @routes.put("/bundle", include_in_schema=False)
    async def put(request: Request) -> dict[str, int]:
        ticket = _ticket(request)
        await run_in_threadpool(files.admit, ticket, writing=True)
        return {"files": await run_in_threadpool(files.put, ticket, await _whole(request))}

    return routes


def _ticket(request: Request) -> str:
    kind, _, ticket = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not ticket:
        raise LapisError(ErrorCode.UNAUTHENTICATED, "A job's files are reached with its ticket.")
    return ticket.strip()


async def _whole(request: Request) -> bytes:
    """Read a body that is held in memory; one without end is refused."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > 2 * bundles.LARGEST_BUNDLE:
            raise LapisError(ErrorCode.REQUEST_TOO_LARGE, "Files that travel together are not longer than that.")
    return bytes(data)


def _paths(body: bytes) -> list[str]:
    try:
        return [str(path) for path in json.loads(body)["paths"]]
    except (ValueError, KeyError, TypeError) as error:
        raise LapisError(
            ErrorCode.DOCUMENT_INVALID, "Which files are wanted is not said in a form known here."
        ) from error


def _lines(found: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Give a listing as lines; an empty one at the end proves that nothing was cut off."""
    waiting: list[bytes] = []
    for entry in found:
        waiting.append(json.dumps(entry).encode())
        if len(waiting) >= 500:
            yield b"\n".join(waiting) + b"\n"
            waiting.clear()
    yield b"\n".join([*waiting, b"null"]) + b"\n"


async def _take_in(writing: AbstractContextManager[BinaryIO], request: Request) -> None:
    """Write the request's body as it comes; what does not come whole is discarded."""
    stream = await run_in_threadpool(writing.__enter__)
    try:
        waiting = bytearray()
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _WRITE_AT_ONCE:
                await run_in_threadpool(stream.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(stream.write, bytes(waiting))
    except BaseException as error:
        writing.__exit__(type(error), error, error.__traceback__)
        raise
    await run_in_threadpool(writing.__exit__, None, None, None)
