"""Native HTTP routes of uploads and downloads."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.browse_routes import add_browsing
from lapisml.server.features.assets.content import ContentService
from lapisml.server.features.assets.receiving import Receiver
from lapisml.server.features.assets.upload_request import UploadAnswer, UploadRequest, Uploads
from lapisml.server.features.workspaces.registries import PlaceFinder
from lapisml.server.platform.routing import Routes

_WRITE_AT_ONCE = 1 << 20


def router(uploads: Uploads, content: ContentService, workspaces: PlaceFinder) -> Routes:
    """Make the routes ``uploads`` and ``content`` below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["files"])

    @routes.post("/uploads")
    def begin_upload(ws: str, body: dict[str, Any]) -> dict[str, Any]:
        return _wire(uploads.begin(workspaces.get(ws), UploadRequest.from_json(body)))

    @routes.put("/uploads/blobs/{sha256}", status_code=204)
    async def put_blob(ws: str, sha256: str, request: Request) -> None:
        workspace = await run_in_threadpool(workspaces.get, ws)
        await _take_in(uploads.receive(workspace, sha256, _length(request)), request)

    @routes.post("/uploads/{digest}/complete")
    def complete_upload(ws: str, digest: str, body: dict[str, Any]) -> dict[str, Any]:
        return _wire(uploads.complete(workspaces.get(ws), digest, UploadRequest.from_json(body)))

    @routes.get("/content")
    def list_content(ws: str, uri: str) -> dict[str, Any]:
        return {"value": content.files(workspaces.get(ws), uri), "next": None}

    @routes.get("/content/file")
    def get_file(ws: str, uri: str, request: Request, path: str = "") -> Response:
        part = content.read(workspaces.get(ws), uri, path, request.headers.get("range"))
        return StreamingResponse(part.body, part.status, part.headers)

    @routes.get("/content/view")
    def view_file(ws: str, uri: str, request: Request, path: str = "") -> Response:
        part = content.view(workspaces.get(ws), uri, path, request.headers.get("range"))
        return StreamingResponse(part.body, part.status, part.headers)

    add_browsing(routes, content, workspaces)
    return routes


async def _take_in(receiving: AbstractContextManager[Receiver], request: Request) -> None:
    """Write the request's body as it comes; the disk's work is done in threads."""
    receiver = await run_in_threadpool(receiving.__enter__)
    try:
        waiting = bytearray()
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _WRITE_AT_ONCE:
                await run_in_threadpool(receiver.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(receiver.write, bytes(waiting))
    except BaseException as error:
        receiving.__exit__(type(error), error, error.__traceback__)
        raise
    await run_in_threadpool(receiving.__exit__, None, None, None)


def _length(request: Request) -> int | None:
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise LapisError(ErrorCode.USAGE, "Content-Length is not a number.")
    return int(text)


def _wire(answer: UploadAnswer) -> dict[str, Any]:
    return {"digest": answer.digest, "missing": answer.missing, "uri": answer.uri}
