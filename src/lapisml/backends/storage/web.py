"""The stores ``https`` and ``http``: single files, read only, through connections to checked addresses.

Redirects are followed by us, each new address checked like the first; from https never to http.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import quote, urljoin, urlsplit

from lapisml.backends.storage import files
from lapisml.backends.storage.addresses import Endpoint, port_of, resolve_checked
from lapisml.backends.storage.failures import not_there, translated, unreachable
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import ObjectInfo, Progress, StorageLocation

TIMEOUT_S = 60.0
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_CHUNK = 1 << 20


class WebStore:
    """Reads files by their address."""

    def info(self, location: StorageLocation) -> ObjectInfo | None:
        """Ask for the size and date of a file; None when the server says that it does not exist.

        One byte is asked for: signed addresses and many servers refuse HEAD.
        """
        try:
            with closing(_request(location, {"Range": "bytes=0-0"})) as answer:
                return _info(answer)
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return None
            raise

    def children(self, location: StorageLocation) -> list[ObjectInfo]:
        """Refuse: a web server has no listing."""
        raise _no_folders(location)

    def walk(self, location: StorageLocation) -> Iterator[ObjectInfo]:
        """Give the file itself."""
        found = self.info(location)
        if found is None and urlsplit(location.path).path.endswith("/"):
            raise _no_folders(location)
        if found is not None:
            yield ObjectInfo(location.name, found.size, False, found.modified_at, found.etag)

    def open_read(self, location: StorageLocation, offset: int) -> BinaryIO:
        """Open a file for reading; a server without ranges is read past the first `offset` bytes."""
        answer = _request(location, {"Range": f"bytes={offset}-"} if offset else {})
        stream = io.BufferedReader(_Body(answer, location), _CHUNK)
        left = offset if answer.status == http.client.OK else 0
        while left and (skipped := len(stream.read(min(left, _CHUNK)))):
            left -= skipped
        return cast("BinaryIO", stream)

    def put_file(self, local: Path, location: StorageLocation, *, move: bool) -> None:  # noqa: ARG002
        """Refuse: files can't be written by address."""
        raise _read_only(location)

    def fetch_file(self, location: StorageLocation, local: Path, progress: Progress | None) -> None:
        """Bring one file to `local`, whole or not at all."""
        with (
            closing(self.open_read(location, 0)) as stream,
            translated(location),
            files.replacing(local) as out,
        ):
            while chunk := stream.read(_CHUNK):
                out.write(chunk)
                if progress is not None:
                    progress(len(chunk))

    def delete(self, location: StorageLocation) -> None:
        """Refuse: files can't be deleted by address."""
        raise _read_only(location)


class _Body(io.RawIOBase):
    """The body of an answer; one that ends early is an error, not the end of the file."""

    def __init__(self, answer: http.client.HTTPResponse, location: StorageLocation) -> None:
        self._answer, self._location = answer, location

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            count = self._answer.readinto(buffer)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self._location, str(error)) from error
        if count == 0 and len(buffer) and self._answer.length:
            raise unreachable(self._location, f"the answer ended {self._answer.length} bytes early")
        return count

    def close(self) -> None:
        self._answer.close()
        super().close()


def _request(location: StorageLocation, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    """Send one GET, following checked redirects; the answer has status 200, 206 or 416."""
    url = location.path
    for _ in range(_MOST_REDIRECTS + 1):
        answer = _send(location, url, headers)
        if answer.status not in _REDIRECTS:
            return _checked(location, answer)
        answer.close()
        target = urljoin(url, answer.headers.get("Location") or "")
        if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
            raise LapisError(ErrorCode.ADDRESS_NOT_ALLOWED, f"{location} redirects away from https.")
        url = target
    raise unreachable(location, "too many redirects")


def _send(location: StorageLocation, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LapisError(ErrorCode.ADDRESS_NOT_ALLOWED, f"'{parts.scheme}' is not a scheme that may be used here.")
    allow_private = bool(location.options.get("allow_private"))
    endpoints = resolve_checked(parts.hostname, port_of(url), allow_private=allow_private)
    connection = CheckedConnection(endpoints, secure=parts.scheme == "https")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", target, headers={"User-Agent": "lapis", "Connection": "close", **headers})
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise unreachable(location, str(error) or type(error).__name__) from error


def _checked(location: StorageLocation, answer: http.client.HTTPResponse) -> http.client.HTTPResponse:
    status = answer.status
    if status in (http.client.OK, http.client.PARTIAL_CONTENT, http.client.REQUESTED_RANGE_NOT_SATISFIABLE):
        return answer
    answer.close()
    if status in (http.client.NOT_FOUND, http.client.GONE):
        raise not_there(location)
    raise unreachable(location, f"it answered {status} {answer.reason}")


class CheckedConnection(http.client.HTTPConnection):
    """A connection to one of the checked addresses; the name is used for TLS and the Host header."""

    def __init__(self, endpoints: list[Endpoint], *, secure: bool, timeout: float = TIMEOUT_S) -> None:
        super().__init__(endpoints[0].host, endpoints[0].port, timeout=timeout)
        self._endpoints = endpoints
        self._secure = secure
        self.default_port = 443 if secure else 80

    def connect(self) -> None:
        """Try each address in turn."""
        failure: OSError | None = None
        for endpoint in self._endpoints:
            plain = socket.socket(endpoint.family, socket.SOCK_STREAM)
            plain.settimeout(self.timeout)
            try:
                plain.connect((endpoint.address, endpoint.port))
            except OSError as error:
                plain.close()
                failure = error
                continue
            context = ssl.create_default_context() if self._secure else None
            self.sock = context.wrap_socket(plain, server_hostname=endpoint.host) if context else plain
            return
        raise failure or OSError("no address")


def _info(answer: http.client.HTTPResponse) -> ObjectInfo:
    whole = (answer.headers.get("Content-Range") or "").rpartition("/")[2]  # of ``bytes 0-0/1234``
    length = answer.headers.get("Content-Length") or "0"
    size = whole if whole.isdigit() else "0" if answer.status == http.client.PARTIAL_CONTENT else length
    if answer.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        size = "0"
    return ObjectInfo("", int(size), False, _date(answer.headers.get("Last-Modified")), answer.headers.get("ETag"))


def _date(text: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp() * 1000) if text else None
    except ValueError:
        return None


def _no_folders(location: StorageLocation) -> LapisError:
    sentence = f"{location} is a web address: single files can be read from it, folders can't be listed."
    return LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Name one file, or use a wasbs, abfss, s3 or gs address.")


def _read_only(location: StorageLocation) -> LapisError:
    return LapisError(ErrorCode.NOT_SUPPORTED, f"{location} is a web address: it can be read only.")
