"""Requests to the server that a server file names, over connections that are kept: standard library only."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urlsplit

from lapisml.runner import tls

_TIMEOUT_S = 60.0
_PIECE = 1 << 20


class ServerAwayError(Exception):
    """The server can't be reached now, or went away before it had answered."""


@dataclass(frozen=True)
class Body:
    """What a request carries: bytes, or a stream of `size` bytes."""

    data: bytes | BinaryIO
    size: int
    kind: str = "application/octet-stream"

    def pieces(self) -> Iterator[bytes]:
        """Give exactly `size` bytes.

        Raises:
            OSError: the stream is shorter: the file was changed.
        """
        if isinstance(self.data, bytes):
            yield self.data
            return
        left = self.size
        while left:
            data = self.data.read(min(_PIECE, left))
            if not data:
                raise OSError("the file became shorter while it was sent")
            left -= len(data)
            yield data


class Answer:
    """An answer that is being read; a context manager that gives the connection back."""

    def __init__(self, calls: ServerCalls, key: tuple[str, ...], link: Any, answer: http.client.HTTPResponse) -> None:
        self._calls = calls
        self._key = key
        self._link = link
        self._answer = answer
        self._expected: int | None = None
        self._read = 0
        self.status = answer.status

    def header(self, name: str) -> str | None:
        """Return a header's value."""
        return self._answer.getheader(name)

    def expect(self, size: int) -> None:
        """Say how many bytes the body has."""
        self._expected = size

    def read(self) -> bytes:
        """Read all of the body."""
        return self._answer.read()

    def read_some(self, size: int) -> bytes:
        """Read up to `size` bytes of the body.

        Raises:
            ServerAwayError: it ended before as many had come as were expected.
        """
        data = self._answer.read(size)
        self._read += len(data)
        if not data and self._expected is not None and self._read < self._expected:
            raise ServerAwayError("the connection broke within a file")
        return data

    def close(self) -> None:
        """Give the connection back if it may be used again."""
        if self._link is None:
            return
        link, self._link = self._link, None
        if self._answer.isclosed() and not self._answer.will_close:
            self._calls.keep(self._key, link)
        else:
            link.close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ServerCalls:
    """Sends requests; may be used by several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, ...], list[Any]] = {}

    def send(self, server_file: str, method: str, target: str, token: str, body: Body | None = None) -> Answer:
        """Send a request to where the server is now.

        Args:
            server_file: JSON file with its ``url``; ``tls_cert``, ``host`` and ``tls_client`` where they are needed.
            method, target: of the request; the target begins with a slash.
            token: sent as bearer token.
            body: what it carries.

        Raises:
            ServerAwayError: nobody answers there.
        """
        record = _read(server_file)
        key = tuple(str(record.get(name) or "") for name in ("url", "tls_cert", "host", "tls_client"))
        while True:
            link, is_used = self._link(key)
            try:
                return Answer(self, key, link, _exchange(link, key, method, target, token, body))
            except (OSError, http.client.HTTPException) as error:
                link.close()
                if not is_used:
                    raise ServerAwayError(f"{urlsplit(key[0]).netloc}: {error or type(error).__name__}") from error
                if body is not None and not isinstance(body.data, bytes):
                    body.data.seek(0)

    def keep(self, key: tuple[str, ...], link: Any) -> None:
        """Keep a connection for the next request."""
        with self._lock:
            self._idle.setdefault(key, []).append(link)

    def _link(self, key: tuple[str, ...]) -> tuple[Any, bool]:
        with self._lock:
            idle = self._idle.get(key)
            if idle:
                return idle.pop(), True
        return _connect(urlsplit(key[0]), key[1], key[3]), False


def _exchange(
    link: Any, key: tuple[str, ...], method: str, target: str, token: str, body: Body | None
) -> http.client.HTTPResponse:
    prefix = urlsplit(key[0]).path.rstrip("/")
    link.putrequest(method, prefix + target, skip_host=bool(key[2]), skip_accept_encoding=True)
    if key[2]:
        link.putheader("Host", key[2])
    link.putheader("Authorization", f"Bearer {token}")
    if body is not None:
        link.putheader("Content-Type", body.kind)
        link.putheader("Content-Length", str(body.size))
    link.endheaders()
    if body is not None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before the end
            for piece in body.pieces():
                link.send(piece)
    answer: http.client.HTTPResponse = link.getresponse()
    return answer


def _read(server_file: str) -> dict[str, Any]:
    try:
        with open(server_file, "rb") as file:  # noqa: PTH123 - read at every try
            record = json.loads(file.read())
        url = urlsplit(record["url"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ServerAwayError("no server has said where it is") from error
    if url.hostname is None or url.scheme not in ("http", "https"):
        raise ServerAwayError("the server file names no http address")
    return dict(record)


def _connect(url: SplitResult, certificate: str, own: str) -> http.client.HTTPConnection:
    assert url.hostname is not None
    if url.scheme == "http":
        return http.client.HTTPConnection(url.hostname, url.port, timeout=_TIMEOUT_S, blocksize=_PIECE)
    try:
        context = tls.context(certificate or None, own or None)
    except OSError as error:
        raise ServerAwayError(f"its certificate can't be read: {error}") from error
    return http.client.HTTPSConnection(url.hostname, url.port, timeout=_TIMEOUT_S, context=context, blocksize=_PIECE)
