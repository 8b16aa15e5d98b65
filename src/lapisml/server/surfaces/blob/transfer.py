"""Uploads and downloads: streams between the socket and a file, a mebibyte at a time at most."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, BinaryIO, TypeVar

from lapisml.server.surfaces.blob import bodies, headers, names, ranges
from lapisml.server.surfaces.blob.blobs import Blobs
from lapisml.server.surfaces.blob.blocks import read_id
from lapisml.server.surfaces.blob.bodies import Body
from lapisml.server.surfaces.blob.call import BlobAnswer, BlobCall, Receive
from lapisml.server.surfaces.blob.containers import Containers
from lapisml.server.surfaces.blob.errors import BlobError
from lapisml.server.surfaces.blob.headers import Headers
from lapisml.server.surfaces.blob.ranges import ByteRange
from lapisml.server.surfaces.blob.records import Record
from lapisml.server.surfaces.blob.writing import Writing

_CHUNK = 1 << 20
_MOST_SUMMED = 4 << 20
"""Bytes of a range whose MD5 may be asked for, after the protocol."""

_NOT_BLOCKS = {"appendblob": "Append blobs", "pageblob": "Page blobs"}

T = TypeVar("T")
Begin = Callable[[BlobCall], AbstractContextManager["Taking"]]


class Taking:
    """A body that is being taken in; `headers` are those of the answer when all is done."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.headers: Headers = []


class Transfers:
    """Moves contents.

    Args:
        threads: for everything that waits for a disk or a network.
    """

    def __init__(self, containers: Containers, blobs: Blobs, writing: Writing, threads: Executor) -> None:
        self._containers = containers
        self._blobs = blobs
        self._writing = writing
        self._threads = threads

    async def download(self, call: BlobCall) -> tuple[BlobAnswer, AsyncIterator[bytes]]:
        """Return the head of a blob's content, or of a range of it, and its parts.

        Raises:
            BlobError: BlobNotFound, InvalidRange, ConditionNotMet, NotModified.
        """
        call.need("r")
        answer, first, stream = await self._run(self._open, call)
        length = int(next(value for name, value in answer.headers if name == "Content-Length"))
        return answer, self._parts(first, stream, length)

    async def upload(self, call: BlobCall, receive: Receive) -> BlobAnswer:
        """Take a whole blob (Put Blob)."""
        _check_kind(call)
        bodies.check_length(call, bodies.MOST_BLOB)
        return await self._take(self._begin_blob, call, receive)

    async def upload_block(self, call: BlobCall, receive: Receive) -> BlobAnswer:
        """Take a block (Put Block)."""
        bodies.check_length(call, bodies.MOST_BLOCK)
        return await self._take(self._begin_block, call, receive)

    async def _take(self, begin: Begin, call: BlobCall, receive: Receive) -> BlobAnswer:
        chunks = _chunks(receive)
        if (call.length or 0) > _CHUNK:  # nothing is read before the head is found good
            taking = await self._stream(begin, call, chunks)
        else:
            first = await anext(chunks, b"")
            second = await anext(chunks, None)
            if second is None:
                taking = await self._run(_take_whole, begin, call, first)
            else:
                taking = await self._stream(begin, call, _chained([first, second], chunks))
        return BlobAnswer(201, taking.headers)

    async def _stream(self, begin: Begin, call: BlobCall, chunks: AsyncIterator[bytes]) -> Taking:
        context = await self._run(begin, call)
        taking: Taking = await self._run(context.__enter__)
        try:
            async for chunk in chunks:
                await self._run(taking.body.write, chunk)
        except BaseException as error:
            # the context discards what came and raises the error again
            await asyncio.shield(self._run(context.__exit__, type(error), error, error.__traceback__))
            raise
        await asyncio.shield(self._run(context.__exit__, None, None, None))
        return taking

    @contextmanager
    def _begin_blob(self, call: BlobCall) -> Iterator[Taking]:
        call.need("w", "c")
        if "w" not in call.permissions:  # who may only create may not replace
            call = replace(call, headers={**call.headers, "if-none-match": "*"})
        container = self._containers.find(call.workspace, call.container)
        record = Record(call.metadata(), call.properties(own_type=True))
        target = self._writing.check(container, call)
        with self._writing.put(container, call, record, target) as incoming:
            taking = Taking(Body(incoming.stream, call, bodies.MOST_BLOB, is_whole=True))
            yield taking
            sums = taking.body.finish()
        assert incoming.blob is not None
        taking.headers = headers.changed(incoming.blob) + sums

    @contextmanager
    def _begin_block(self, call: BlobCall) -> Iterator[Taking]:
        call.need("w", "c")
        container = self._containers.find(call.workspace, call.container)
        block_id, name = read_id(call), names.check(call.name)
        container.staging.check_id(container.name, name, block_id)
        with container.staging.receive(container.name, name, block_id, call.length or 0) as stream:
            taking = Taking(Body(stream, call, bodies.MOST_BLOCK))
            yield taking
            sums = taking.body.finish()
        taking.headers = [("x-ms-request-server-encrypted", "false"), *sums]

    def _open(self, call: BlobCall) -> tuple[BlobAnswer, bytes, BinaryIO | None]:
        """Open a blob; return its head, its first part, and the stream for the rest when there is more."""
        container = self._containers.find(call.workspace, call.container)
        found, stream = self._blobs.open(container, call.name, call.headers)
        try:
            part = ranges.asked(call.headers, found.content.size)
            given = headers.described(found, part)
            stream.seek(part.start)
            first = stream.read(min(part.length, _CHUNK))
            given += _range_md5(call, part, first, stream)
            answer = BlobAnswer(200 if part.is_whole else 206, given)
        except BaseException:
            stream.close()
            raise
        if len(first) == part.length:
            stream.close()
            return answer, first, None
        return answer, first, stream

    async def _parts(self, first: bytes, stream: BinaryIO | None, length: int) -> AsyncIterator[bytes]:
        left = length - len(first)
        yield first
        if stream is None:
            return
        try:
            while left:
                chunk = await self._run(stream.read, min(left, _CHUNK))
                if not chunk:
                    raise BlobError("InternalError", "The blob became shorter while it was read.")
                left -= len(chunk)
                yield chunk
        finally:
            await asyncio.shield(self._run(stream.close))

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _take_whole(begin: Begin, call: BlobCall, content: bytes) -> Taking:
    with begin(call) as taking:
        taking.body.write(content)
    return taking


def _range_md5(call: BlobCall, part: ByteRange, first: bytes, stream: BinaryIO) -> Headers:
    """Give the MD5 of a range where it is asked for; the stream stands behind `first` again afterwards."""
    if call.headers.get("x-ms-range-get-content-md5", "").lower() != "true":
        return []
    if part.is_whole or part.length > _MOST_SUMMED:
        sentence = f"The MD5 of a range is given for at most {_MOST_SUMMED} bytes."
        raise BlobError("InvalidHeaderValue", sentence)
    summed = hashlib.md5(first, usedforsecurity=False)
    summed.update(stream.read(part.length - len(first)))
    stream.seek(part.start + len(first))
    return [("Content-MD5", base64.b64encode(summed.digest()).decode())]


def _check_kind(call: BlobCall) -> None:
    kind = call.headers.get("x-ms-blob-type", "")
    if not kind:
        raise BlobError("MissingRequiredHeader", "A blob needs its type: x-ms-blob-type: BlockBlob.")
    if "x-ms-copy-source" in call.headers:
        raise BlobError("NotImplemented", "Blobs are not copied from other addresses here: send the content.")
    if kind.lower() in _NOT_BLOCKS:
        raise BlobError("NotImplemented", f"{_NOT_BLOCKS[kind.lower()]} are not kept here: only block blobs are.")
    if kind.lower() != "blockblob":
        raise BlobError("InvalidHeaderValue", f"'{kind[:40]}' is no type of blob.")


async def _chained(first: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in first:
        yield chunk
    async for chunk in rest:
        yield chunk


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Give a body in parts of at least 1 MiB, but for the last.

    Raises:
        BlobError: InvalidInput when the client goes away before the end.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BlobError("InvalidInput", "The upload ended before its last byte.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body", False):
            yield b"".join(parts)
            return
        if size >= _CHUNK:
            yield b"".join(parts)
            parts, size = [], 0
