"""Files of the workspace's stores handed out over HTTP: lists, and single files whole or in part.

What is in a file is never shown in the server's own origin: it leaves as an attachment of no particular type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lapisml.core.errors import not_found
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.workspaces.service import Workspace

_CHUNK = 1 << 20
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))\Z")

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
    "Accept-Ranges": "bytes",
}


@dataclass(frozen=True)
class Part:
    """An answer to a request for a file.

    Attributes:
        status: 200 (all of it), 206 (the range asked for) or 416 (no such range).
        body: the bytes, in pieces.
    """

    status: int
    headers: dict[str, str]
    body: Iterator[bytes]


class ContentService:
    """Lists and reads what references lead to."""

    def __init__(self, assets: AssetService, storage: Storage) -> None:
        self._assets = assets
        self._storage = storage

    def files(self, workspace: Workspace, uri: str) -> list[dict[str, Any]]:
        """List the files that `uri` leads to: ``{"path", "size"}``, sorted; for a file one with an empty path.

        Raises:
            LapisError: NotFound when nothing is there; Forbidden for what lies outside the workspace's stores.
        """
        location = self._assets.content_location(workspace, uri)
        found = self._found(location, uri)
        if not found.is_dir:
            return [{"path": "", "size": found.size}]
        return [{"path": entry.path, "size": entry.size} for entry in self._storage.walk(location)]

    def read(self, workspace: Workspace, uri: str, path: str, range_header: str | None) -> Part:
        """Give one file, or the single range of it that a Range header (RFC 9110, 14.2) asks for.

        Raises:
            LapisError: NotFound; PathNotAllowed; Forbidden.
        """
        location = self._assets.content_location(workspace, uri)
        if path:
            location = location.child(path)
        found = self._found(location, path or uri)
        if found.is_dir:
            raise not_found("file", path or uri)
        headers = {**SAFE_HEADERS, "Content-Disposition": _attachment(location.name)}
        wanted = requested_range(range_header, found.size)
        if wanted is None:
            whole = {**headers, "Content-Length": str(found.size)}
            return Part(200, whole, self._pieces(location, 0, found.size))
        start, end = wanted
        if start >= found.size:
            return Part(416, {**headers, "Content-Range": f"bytes */{found.size}", "Content-Length": "0"}, iter(()))
        span = {"Content-Range": f"bytes {start}-{end - 1}/{found.size}", "Content-Length": str(end - start)}
        return Part(206, {**headers, **span}, self._pieces(location, start, end))

    def _found(self, location: StorageLocation, what: str) -> ObjectInfo:
        found = self._storage.info(location)
        if found is None:
            raise not_found("content", what)
        return found

    def _pieces(self, location: StorageLocation, start: int, end: int) -> Iterator[bytes]:
        left = end - start
        if left <= 0:
            return
        with self._storage.open_read(location, start) as stream:
            while left and (piece := stream.read(min(_CHUNK, left))):
                left -= len(piece)
                yield piece


def requested_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (start, end) of a Range header, `end` exclusive; None when the whole file is to be sent.

    A header that is malformed or asks for several ranges is ignored, as RFC 9110 allows.
    """
    match = _RANGE.match((header or "").strip())
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return (max(0, size - int(suffix)), size) if int(suffix) else (size, size)
    start = int(first)
    end = min(size, int(last) + 1) if last is not None else size
    return None if last is not None and int(last) < start else (start, end)


def _attachment(name: str) -> str:
    """Write a Content-Disposition (RFC 6266) that carries any name."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
