"""Files of the workspace's stores handed out over HTTP: lists, and single files whole or in part.

What is in a file is never shown in the server's own origin: it leaves as an attachment of no particular type, or, to
be looked at within the page, as a document whose origin is nobody's and that reaches no network (see `viewing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lapisml.core.errors import not_found
from lapisml.ports.storage import ObjectInfo, Storage, StorageLocation
from lapisml.server.features.assets.browsing import Browser
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.assets.viewing import view_headers
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
    """Lists and reads what references lead to.

    Attributes:
        browser: finds files, and what folders hold.
    """

    def __init__(self, assets: AssetService, storage: Storage) -> None:
        self._assets = assets
        self.storage = storage
        self.browser = Browser(assets, storage)

    def files(self, workspace: Workspace, uri: str) -> list[dict[str, Any]]:
        """List the files that `uri` leads to: ``{"path", "size"}``, sorted; for a file one with an empty path.

        Raises:
            LapisError: NotFound when nothing is there; Forbidden for what lies outside the workspace's stores.
        """
        location = self._assets.content_location(workspace, uri)
        found = self._found(location, uri)
        if not found.is_dir:
            return [{"path": "", "size": found.size}]
        return [{"path": entry.path, "size": entry.size} for entry in self.storage.walk(location)]

    def read(self, workspace: Workspace, uri: str, path: str, range_header: str | None) -> Part:
        """Give one file, or the single range of it that a Range header (RFC 9110, 14.2) asks for.

        Raises:
            LapisError: NotFound; PathNotAllowed; Forbidden.
        """
        file = self.browser.file(workspace, uri, path)
        return self._part(file.location, file.size, _as_attachment(file.name), range_header)

    def view(self, workspace: Workspace, uri: str, path: str, range_header: str | None) -> Part:
        """Do as `read` for a browser that shows the file where that is safe, and keeps it where it is not.

        Raises:
            LapisError: NotFound; PathNotAllowed; Forbidden.
        """
        file = self.browser.file(workspace, uri, path)
        shown = view_headers(file.name)
        headers = {**SAFE_HEADERS, **shown} if shown else _as_attachment(file.name)
        return self._part(file.location, file.size, headers, range_header)

    def _part(self, location: StorageLocation, size: int, headers: dict[str, str], range_header: str | None) -> Part:
        wanted = requested_range(range_header, size)
        if wanted is None:
            whole = {**headers, "Content-Length": str(size)}
            return Part(200, whole, self._pieces(location, 0, size))
        start, end = wanted
        if start >= size:
            return Part(416, {**headers, "Content-Range": f"bytes */{size}", "Content-Length": "0"}, iter(()))
        span = {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": str(end - start)}
        return Part(206, {**headers, **span}, self._pieces(location, start, end))

    def _found(self, location: StorageLocation, what: str) -> ObjectInfo:
        found = self.storage.info(location)
        if found is None:
            raise not_found("content", what)
        return found

    def _pieces(self, location: StorageLocation, start: int, end: int) -> Iterator[bytes]:
        left = end - start
        if left <= 0:
            return
        with self.storage.open_read(location, start) as stream:
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


def _as_attachment(name: str) -> dict[str, str]:
    """Give the headers of a file to keep; its Content-Disposition (RFC 6266) carries any name."""
    kept = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return {**SAFE_HEADERS, "Content-Type": "application/octet-stream", "Content-Disposition": kept}
