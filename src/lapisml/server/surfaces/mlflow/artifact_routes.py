"""Artifacts over HTTP: listed, uploaded and downloaded as streams, never a whole file in memory."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import replace
from secrets import token_hex
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.surfaces.mlflow.artifact_area import ArtifactArea
from lapisml.server.surfaces.mlflow.call import Call, Receive, Scope, Send, answer, answer_json, read_body
from lapisml.server.surfaces.mlflow.experiment_routes import Routes
from lapisml.server.surfaces.mlflow.fields import Fields
from lapisml.server.surfaces.mlflow.multipart import PREFIX as PARTS_PREFIX
from lapisml.server.surfaces.mlflow.multipart import MultipartUploads

T = TypeVar("T")

ROOT = "mlflow-artifacts/artifacts"
_CHUNK = 1 << 20
_MOST_OF_PARTS_LIST = 4 << 20
_PRESIGNED = "mlflow-artifacts/presigned/"
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


def artifact_listing_routes(area: ArtifactArea) -> Routes:
    """Make the routes that list artifacts, by method and address below ``/mlflow/``."""

    def of_run(call: Call) -> dict[str, Any]:
        path = call.fields.text("path")
        run, entries = area.run_entries(call, call.fields.required("run_id", "run_uuid"), path)
        return {"root_uri": run.artifact_uri, "files": [_file(entry, path) for entry in entries]}

    def of_model(call: Call) -> dict[str, Any]:
        path = call.fields.text("artifact_directory_path")
        entries = area.entries(call, f"models/{call.path[0]}/artifacts/{path}")
        root = f"mlflow-artifacts:/models/{call.path[0]}/artifacts"
        return {"root_uri": root, "files": [_file(entry, path) for entry in entries]}

    return {
        ("GET", "artifacts/list"): of_run,
        ("GET", "logged-models/*/artifacts/directories"): of_model,
    }


class ArtifactStreams:
    """Answers requests below ``mlflow-artifacts/``.

    Args:
        area: where artifacts lie and who may touch them.
        storage: reads and writes them.
        threads: for everything that waits for a disk or a network.
    """

    def __init__(self, area: ArtifactArea, storage: Storage, threads: Executor) -> None:
        self._area = area
        self._storage = storage
        self._threads = threads
        self._parts = MultipartUploads(area, storage)

    async def serve(self, method: str, address: str, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            LapisError: PathNotAllowed, NotFound, Forbidden, NotSupported.
        """
        if address.startswith(PARTS_PREFIX):
            await self._serve_parts(method, address.removeprefix(PARTS_PREFIX), call, scope, receive, send)
            return
        if address.startswith(_PRESIGNED) and method == "GET":
            path = address.removeprefix(_PRESIGNED)
            await answer_json(send, await self._run(self._presigned, call, path, scope))
            return
        path = address.removeprefix(ROOT)
        if not address.startswith(ROOT) or (path and not path.startswith("/")):
            raise LapisError(ErrorCode.NOT_FOUND, "There is nothing at this address.")
        path = path[1:]
        if method == "GET" and not path:
            await self._list(call, send)
        elif method == "GET":
            await self._download(call, path, _asked_range(scope), send)
        elif method == "PUT":
            await self._upload(call, path, receive, send)
        elif method == "DELETE":
            location = await self._run(self._area.writable, call, path)
            await self._run(self._storage.delete, location)
            await answer_json(send, {})
        else:
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"{method} is not possible at this address.")

    async def _list(self, call: Call, send: Send) -> None:
        path = call.fields.text("path")
        entries = await self._run(self._area.entries, call, path) if path.strip("/") else []
        await answer_json(send, {"files": [_file(entry) for entry in entries]})

    async def _serve_parts(
        self, method: str, address: str, call: Call, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if method == "POST":
            fields = Fields.of_body(await read_body(receive, _MOST_OF_PARTS_LIST))
            asked = replace(call, fields=fields)
            await answer_json(send, await self._run(self._parts.answer, address, asked, scope))
            return
        if method != "PUT":
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"{method} is not possible at this address.")
        folder, number = await self._run(self._parts.place, address, call)
        written, digest = folder.child(f"{number}.{token_hex(8)}.tmp"), hashlib.sha256()
        await self._write(written, _digested(_chunks(receive), digest))
        await self._run(self._parts.finish_part, folder, number, written, digest.hexdigest())
        await answer(send, 200, b"", [(b"etag", f'"{digest.hexdigest()}"'.encode())])

    def _presigned(self, call: Call, path: str, scope: Scope) -> dict[str, Any]:
        """Tell a client where it may fetch an artifact in ranges: here, with the token that it sent."""
        info = self._storage.info(self._area.readable(call, path))
        if info is None or info.is_dir:
            raise LapisError(ErrorCode.NOT_FOUND, "No such artifact.")
        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        base = f"{scope.get('scheme', 'http')}://{sent.get('host', '')}/mlflow/{quote(call.workspace.name)}"
        headers = {"Authorization": sent["authorization"]} if "authorization" in sent else {}
        return {"url": f"{base}/api/2.0/{ROOT}/{quote(path)}", "headers": headers, "file_size": info.size}

    async def _download(self, call: Call, path: str, asked: tuple[int, int | None] | None, send: Send) -> None:
        location = await self._run(self._area.readable, call, path)
        info = await self._run(self._storage.info, location)
        if info is None or info.is_dir:
            raise LapisError(ErrorCode.NOT_FOUND, "No such artifact.")
        if asked is not None and asked[0] >= info.size:
            size = f"bytes */{info.size}".encode()
            await answer(send, 416, b"", [(b"content-range", size)])
            return
        first, last = (0, info.size - 1) if asked is None else _within(asked, info.size)
        stream = await self._run(self._storage.open_read, location, first)
        try:
            left = last - first + 1
            chunk = await self._run(stream.read, min(_CHUNK, left + (asked is None)))
            await send(_head(location, info, None if asked is None else (first, last)))
            while chunk:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                left -= len(chunk)
                chunk = await self._run(stream.read, _CHUNK if asked is None else min(_CHUNK, left))
            await send({"type": "http.response.body", "body": b""})
        finally:
            await self._run(stream.close)

    async def _upload(self, call: Call, path: str, receive: Receive, send: Send) -> None:
        location = await self._run(self._area.writable, call, path)
        if not path.strip("/").partition("/artifacts/")[2]:
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, "An artifact needs a name.")
        await self._write(location, _chunks(receive))
        await answer_json(send, {})

    async def _write(self, location: StorageLocation, chunks: AsyncIterator[bytes]) -> None:
        first = await anext(chunks, b"")
        second = await anext(chunks, None)
        if second is None:
            await self._run(self._write_whole, location, first)
        else:
            await self._write_stream(location, first, second, chunks)

    def _write_whole(self, location: StorageLocation, content: bytes) -> None:
        with self._storage.open_write(location) as stream:
            stream.write(content)

    async def _write_stream(
        self, location: StorageLocation, first: bytes, second: bytes, rest: AsyncIterator[bytes]
    ) -> None:
        context: AbstractContextManager[BinaryIO] = await self._run(self._storage.open_write, location)
        stream = await self._run(context.__enter__)
        try:
            await self._run(stream.write, first)
            await self._run(stream.write, second)
            async for chunk in rest:
                await self._run(stream.write, chunk)
        except BaseException as error:
            # the context discards what was written and raises the error again
            await asyncio.shield(self._run(context.__exit__, type(error), error, error.__traceback__))
            raise
        await self._run(context.__exit__, None, None, None)

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Give the body in pieces of at least 1 MiB, but for the last.

    Raises:
        LapisError: Usage when the client goes away before the end.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise LapisError(ErrorCode.USAGE, "The upload ended before its last byte.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body", False):
            yield b"".join(parts)
            return
        if size >= _CHUNK:
            yield b"".join(parts)
            parts, size = [], 0


def _file(entry: ObjectInfo, folder: str = "") -> dict[str, Any]:
    path = f"{folder.strip('/')}/{entry.path}" if folder.strip("/") else entry.path
    return {"path": path, "is_dir": True} if entry.is_dir else {"path": path, "is_dir": False, "file_size": entry.size}


async def _digested(chunks: AsyncIterator[bytes], digest: Any) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _asked_range(scope: Scope) -> tuple[int, int | None] | None:
    """Return the range of bytes that a request asks for: (first, last or None); None for the whole."""
    for name, value in scope["headers"]:
        if name == b"range":
            match = _RANGE.fullmatch(value.decode("latin-1"))
            return None if match is None else (int(match.group(1)), int(match.group(2)) if match.group(2) else None)
    return None


def _within(asked: tuple[int, int | None], size: int) -> tuple[int, int]:
    first, last = asked
    return (first, size - 1) if last is None or last < first else (first, min(last, size - 1))


def _head(location: StorageLocation, info: ObjectInfo, part: tuple[int, int] | None = None) -> dict[str, Any]:
    """Begin a download: an artifact is never shown in the page's origin, whatever it contains."""
    name = quote(location.name, safe="")
    length = info.size if part is None else part[1] - part[0] + 1
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", str(length).encode()),
        (b"accept-ranges", b"bytes"),
        (b"content-disposition", f"attachment; filename*=UTF-8''{name}".encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"sandbox; default-src 'none'"),
    ]
    if part is not None:
        headers.append((b"content-range", f"bytes {part[0]}-{part[1]}/{info.size}".encode()))
    return {"type": "http.response.start", "status": 200 if part is None else 206, "headers": headers}
