"""Artifacts over HTTP: listed, uploaded and downloaded as streams, never a whole file in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.surfaces.mlflow.artifact_area import ArtifactArea
from lapisml.server.surfaces.mlflow.call import Call, Receive, Send, answer_json
from lapisml.server.surfaces.mlflow.experiment_routes import Routes

T = TypeVar("T")

ROOT = "mlflow-artifacts/artifacts"
_CHUNK = 1 << 20
_NO_MULTIPART = "Multipart upload is not supported for the current artifact repository"
_NO_PRESIGNED = "Presigned download is not supported for the current artifact repository"


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

    async def serve(self, method: str, address: str, call: Call, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            LapisError: PathNotAllowed, NotFound, Forbidden, NotSupported.
        """
        if address.startswith("mlflow-artifacts/mpu/"):
            raise LapisError(ErrorCode.NOT_SUPPORTED, _NO_MULTIPART)
        if address.startswith("mlflow-artifacts/presigned/"):
            raise LapisError(ErrorCode.NOT_SUPPORTED, _NO_PRESIGNED)
        path = address.removeprefix(ROOT)
        if not address.startswith(ROOT) or (path and not path.startswith("/")):
            raise LapisError(ErrorCode.NOT_FOUND, "There is nothing at this address.")
        path = path[1:]
        if method == "GET" and not path:
            await self._list(call, send)
        elif method == "GET":
            await self._download(call, path, send)
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

    async def _download(self, call: Call, path: str, send: Send) -> None:
        location = await self._run(self._area.readable, call, path)
        info = await self._run(self._storage.info, location)
        if info is None or info.is_dir:
            raise LapisError(ErrorCode.NOT_FOUND, "No such artifact.")
        stream = await self._run(self._storage.open_read, location)
        try:
            chunk = await self._run(stream.read, min(_CHUNK, info.size + 1))
            await send(_head(location, info))
            while chunk:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                chunk = await self._run(stream.read, _CHUNK)
            await send({"type": "http.response.body", "body": b""})
        finally:
            await self._run(stream.close)

    async def _upload(self, call: Call, path: str, receive: Receive, send: Send) -> None:
        location = await self._run(self._area.writable, call, path)
        if not path.strip("/").partition("/artifacts/")[2]:
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, "An artifact needs a name.")
        chunks = _chunks(receive)
        first = await anext(chunks, b"")
        second = await anext(chunks, None)
        if second is None:
            await self._run(self._write_whole, location, first)
        else:
            await self._write_stream(location, first, second, chunks)
        await answer_json(send, {})

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


def _head(location: StorageLocation, info: ObjectInfo) -> dict[str, Any]:
    """Begin a download: an artifact is never shown in the page's origin, whatever it contains."""
    name = quote(location.name, safe="")
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", str(info.size).encode()),
        (b"content-disposition", f"attachment; filename*=UTF-8''{name}".encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"sandbox; default-src 'none'"),
    ]
    return {"type": "http.response.start", "status": 200, "headers": headers}
