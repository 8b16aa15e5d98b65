"""Blobs that come in blocks: each block waits out of sight until the list that names them puts them together."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from lapisml.server.surfaces.blob import names
from lapisml.server.surfaces.blob.blobs import Blob, Blobs
from lapisml.server.surfaces.blob.call import BlobCall
from lapisml.server.surfaces.blob.containers import Container
from lapisml.server.surfaces.blob.errors import BlobError
from lapisml.server.surfaces.blob.records import Record
from lapisml.server.surfaces.blob.staging import Block
from lapisml.server.surfaces.blob.writing import Writing

MOST_BLOCKS = 50_000
"""Of one blob, after the protocol."""

_MOST_ID = 64
_CHUNK = 1 << 20
_KINDS = ("Latest", "Committed", "Uncommitted")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the new content: a block that waits, or a part of the blob as it is."""

    block_id: str
    size: int
    waiting: Path | None
    offset: int


def read_id(call: BlobCall) -> str:
    """Return the block's id of a request, in hexadecimal digits.

    Raises:
        BlobError: MissingRequiredQueryParameter, InvalidQueryParameterValue.
    """
    if not call.query.get("blockid"):
        raise BlobError("MissingRequiredQueryParameter", "A block needs its id: ?comp=block&blockid=…")
    return _decoded(call.query["blockid"], "InvalidQueryParameterValue")


def read_list(body: bytes) -> list[tuple[str, str]]:
    """Read a block list: pairs of a kind (`Latest`, `Committed`, `Uncommitted`) and a block's id in hexadecimal digits.

    Raises:
        BlobError: InvalidXmlDocument, InvalidBlockList for too many.
    """
    found: list[tuple[str, str]] = []
    path: list[str] = []
    texts: list[str] = []

    def start(tag: str, _attributes: dict[str, str]) -> None:
        path.append(tag)
        texts.clear()

    def end(tag: str) -> None:
        path.pop()
        if len(path) == 1:
            if tag not in _KINDS:
                raise BlobError("InvalidXmlDocument", f"A block list holds {', '.join(_KINDS)}, not '{tag[:40]}'.")
            found.append((tag, _decoded("".join(texts).strip(), "InvalidBlockId")))

    def declared(*_: object) -> None:
        raise BlobError("InvalidXmlDocument", "A block list has no document type.")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = texts.append, declared
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise BlobError("InvalidXmlDocument", f"The block list is not valid XML: {error}.") from error
    if len(found) > MOST_BLOCKS:
        raise BlobError("InvalidBlockList", f"A blob has at most {MOST_BLOCKS} blocks.")
    return found


class BlockLists:
    """Puts blocks together."""

    def __init__(self, blobs: Blobs, writing: Writing) -> None:
        self._blobs = blobs
        self._writing = writing

    def commit(self, container: Container, call: BlobCall, listed: list[tuple[str, str]]) -> Blob:
        """Make a blob of the blocks that a list names.

        Raises:
            BlobError: InvalidBlockList when one is not there; ConditionNotMet, BlobAlreadyExists.
        """
        target = self._writing.check(container, call)
        before = self._blobs.find(container, call.name)
        pieces = self._pieces(container, call.name, listed, before)
        blocks = [(piece.block_id, piece.size) for piece in pieces]
        record = Record(call.metadata(), call.properties(), 0, blocks)
        if before is not None and _is_same(pieces, before):
            return self._blobs.change(
                container, call.name, call.headers, metadata=record.metadata, properties=record.properties
            )
        with self._writing.put(container, call, record, target) as incoming:
            self._fill(incoming.stream, pieces, before)
        assert incoming.blob is not None
        waiting = [piece.block_id for piece in pieces if piece.waiting is not None]
        container.staging.discard(container.name, call.name, waiting)
        return incoming.blob

    def describe(self, container: Container, name: str, kind: str) -> tuple[Blob | None, bytes]:
        """Return a blob, and the lists of its blocks as XML.

        Args:
            kind: ``committed``, ``uncommitted`` or ``all``.

        Raises:
            BlobError: BlobNotFound when there is neither a blob nor a block; InvalidQueryParameterValue.
        """
        if kind not in ("committed", "uncommitted", "all"):
            raise BlobError("InvalidQueryParameterValue", "'blocklisttype' is committed, uncommitted or all.")
        found = self._blobs.find(container, name)
        waiting = container.staging.waiting(container.name, name) if names.is_possible(name) else []
        if found is None and not waiting:
            raise BlobError("BlobNotFound", "The specified blob does not exist.")
        lists = ""
        if kind != "uncommitted":
            lists += _list_xml("CommittedBlocks", found.record.blocks if found is not None else [])
        if kind != "committed":
            lists += _list_xml("UncommittedBlocks", waiting)
        return found, f'<?xml version="1.0" encoding="utf-8"?><BlockList>{lists}</BlockList>'.encode()

    def _pieces(
        self, container: Container, name: str, listed: list[tuple[str, str]], before: Blob | None
    ) -> list[_Piece]:
        committed = _committed(before)
        pieces = []
        for kind, block_id in listed:
            found: Block | None = None
            if kind != "Committed":
                found = container.staging.find(container.name, name, block_id)
            if found is not None:
                pieces.append(_Piece(block_id, found.size, found.path, 0))
            elif kind != "Uncommitted" and block_id in committed:
                pieces.append(committed[block_id])
            else:
                raise BlobError("InvalidBlockList", "The specified block list is invalid: a block of it was not sent.")
        return pieces

    def _fill(self, out: BinaryIO, pieces: list[_Piece], before: Blob | None) -> None:
        for piece in pieces:
            if piece.waiting is not None:
                _pour_file(piece.waiting, out, piece.size)
            elif before is not None:
                with self._blobs.storage.open_read(before.location, piece.offset) as stream:
                    _pour(stream, out, piece.size)


def _committed(before: Blob | None) -> dict[str, _Piece]:
    """Return the blocks that a blob was put together from, by id; the last of several."""
    found, offset = {}, 0
    for block_id, size in before.record.blocks if before is not None else ():
        found[block_id] = _Piece(block_id, size, None, offset)
        offset += size
    return found


def _is_same(pieces: list[_Piece], before: Blob) -> bool:
    """Say whether a list names just what the blob is: an answer was lost, and the list sent again."""
    named = [(piece.block_id, piece.size) for piece in pieces]
    return bool(named) and named == before.record.blocks and all(piece.waiting is None for piece in pieces)


def _pour_file(source: Path, out: BinaryIO, size: int) -> None:
    """Append a file, within the kernel where that works."""
    try:
        with source.open("rb") as stream:
            out.flush()
            left = size
            try:
                while left and (moved := os.copy_file_range(stream.fileno(), out.fileno(), left)):
                    left -= moved
            except OSError:  # two file systems, or one that can't: from where it stopped
                out.seek(0, os.SEEK_END)
                left = size - stream.tell()
            out.seek(0, os.SEEK_END)
            _pour(stream, out, left)
    except FileNotFoundError as error:
        raise BlobError("InvalidBlockList", "A block of the list was put into a blob by another request.") from error


def _pour(stream: BinaryIO, out: BinaryIO, size: int) -> None:
    while size:
        chunk = stream.read(min(size, _CHUNK))
        if not chunk:
            raise BlobError("InvalidBlockList", "A block of the list is not whole.")
        out.write(chunk)
        size -= len(chunk)


def _decoded(text: str, code: str) -> str:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if not 0 < len(value) <= _MOST_ID:
        raise BlobError(code, f"A block's id is 1 to {_MOST_ID} bytes in base64.")
    return value.hex()


def _list_xml(tag: str, blocks: list[tuple[str, int]]) -> str:
    items = "".join(
        f"<Block><Name>{escape(base64.b64encode(bytes.fromhex(key)).decode())}</Name><Size>{size}</Size></Block>"
        for key, size in blocks
    )
    return f"<{tag}>{items}</{tag}>"
