"""The blobs of a workspace's datastores, over the server's Blob protocol; files stream, none is held in memory.

Form: https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

from __future__ import annotations

import http.client
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit
from xml.etree.ElementTree import Element, fromstring

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.discovery import Address

_TIMEOUT_S = 600.0
_BLOCK = 1 << 20
_CODES = {
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    409: ErrorCode.ALREADY_EXISTS,
    412: ErrorCode.CONFLICT,
    413: ErrorCode.REQUEST_TOO_LARGE,
}
_SENTENCES = {
    "BlobAlreadyExists": "There is a blob {} already.",
    "BlobNotFound": "There is no blob {}.",
    "ContainerNotFound": "There is no {}.",
}


@dataclass(frozen=True)
class Blob:
    """One blob.

    Attributes:
        name: path within its container.
        size: bytes.
        etag, last_modified, content_type: as the server says them.
    """

    name: str
    size: int
    etag: str
    last_modified: str
    content_type: str


class Container:
    """A datastore of a workspace as a container of blobs.

    Args:
        address: the server.
        workspace: its workspace.
        name: the datastore.
    """

    def __init__(self, address: Address, workspace: str, name: str) -> None:
        self._address = address
        self._root = f"/{quote(workspace, safe='')}.blob.lapis/{quote(name, safe='')}"
        self.name = name

    @property
    def url(self) -> str:
        """Its address."""
        return self._address.url + self._root

    def upload(self, file: Path, name: str, overwrite: bool) -> Blob:
        """Send a file.

        Raises:
            LapisError: AlreadyExists, unless `overwrite`; NotFound, when there is no such container.
        """
        kind = guess_type(name)[0] or "application/octet-stream"
        size = file.stat().st_size
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": kind, "Content-Length": str(size)}
        if not overwrite:
            headers["If-None-Match"] = "*"
        with file.open("rb") as opened, self._open("PUT", name, headers=headers, body=opened) as answer:
            answer.read()
            etag, modified = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")
        return Blob(name, size, etag, modified, kind)

    def download(self, name: str, file: Path) -> Blob:
        """Fetch a blob into a file, which is there whole or not at all.

        Raises:
            LapisError: NotFound.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            with self._open("GET", name) as answer, part.open("wb") as sink:
                shutil.copyfileobj(answer, sink, _BLOCK)
                found = _blob(name, answer.headers)
                if sink.tell() != found.size:
                    raise LapisError(ErrorCode.INTEGRITY, f"'{name}' did not arrive whole.", "Run the command again.")
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        return found

    def head(self, name: str) -> Blob:
        """Read what is known of a blob; errors as `download`."""
        with self._open("HEAD", name) as answer:
            return _blob(name, answer.headers)

    def delete(self, name: str) -> None:
        """Delete a blob; errors as `download`."""
        with self._open("DELETE", name):
            pass

    def blobs(self, prefix: str = "", limit: int | None = None) -> Iterator[Blob]:
        """Yield the blobs whose names begin with `prefix`, sorted."""
        marker, left = "", limit
        while left is None or left > 0:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "marker": marker}
            with self._open("GET", "", query=query) as answer:
                listed = fromstring(answer.read())  # noqa: S314 - the answer of one's own server
            for one in listed.iter("Blob"):
                if left == 0:
                    return
                left = None if left is None else left - 1
                yield _listed(one)
            marker = listed.findtext("NextMarker") or ""
            if not marker:
                return

    @contextmanager
    def _open(
        self,
        method: str,
        name: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Iterator[http.client.HTTPResponse]:
        parts = urlsplit(self._address.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S, blocksize=_BLOCK)
        path = parts.path + self._root + (f"/{quote(name, safe='/')}" if name else "")
        target = path + ("?" + urlencode(query) if query else "")
        sent = {"Authorization": f"Bearer {self._address.token}", "x-ms-version": "2021-12-02", **(headers or {})}
        try:
            connection.request(method, target, body=body, headers=sent)  # type: ignore[arg-type]
            answer = connection.getresponse()
            if answer.status >= 400:
                raise self._error(name, answer)
            yield answer
        except OSError as error:
            sentence = f"{self._address.url} gives no answer: {error}."
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence) from error
        finally:
            connection.close()

    def _error(self, name: str, answer: http.client.HTTPResponse) -> LapisError:
        code = answer.headers.get("x-ms-error-code") or str(answer.status)
        what = f"'{name}' in container '{self.name}'" if name else f"container '{self.name}'"
        sentence = _SENTENCES.get(code, "The server refuses {}.").format(what)
        hint = "Replace it with --overwrite." if code == "BlobAlreadyExists" else ""
        return LapisError(_CODES.get(answer.status, ErrorCode.USAGE), f"({code}) {sentence}", hint)


def _blob(name: str, headers: http.client.HTTPMessage) -> Blob:
    size = int(headers.get("Content-Length") or 0)
    modified, kind = headers.get("Last-Modified") or "", headers.get("Content-Type") or ""
    return Blob(name, size, headers.get("ETag") or "", modified, kind)


def _listed(element: Element) -> Blob:
    found = {child.tag: child.text or "" for child in element.iter()}
    size = int(found.get("Content-Length") or 0)
    kind = found.get("Content-Type", "")
    return Blob(found.get("Name", ""), size, found.get("Etag", ""), found.get("Last-Modified", ""), kind)
