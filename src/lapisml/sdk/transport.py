"""HTTP to a Lapis server: bearer token, errors as `LapisError`, safe repeats, streams.

Built on the standard library's HTTP client, because importing a larger one costs more than most commands do.
Every request may be sent twice with the effect of once (POST carries an ``Idempotency-Key``), so a lost
connection is simply tried again.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import new_token
from lapisml.sdk.discovery import Address

RETRY_DELAYS = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each repeat of a request."""

RETRY_STATUSES = frozenset({429, 502, 503, 504})
BLOCK = 1 << 18
CONNECT_ERRORS = (OSError, http.client.HTTPException)
LOOK_AT_SERVER = "Look at it with: lapis status. Start it with: lapis up --detach"


Locate = Callable[[bool], Address]
"""Finds the server; the argument says whether one may be started, which is so the first time only."""


class Readable(Protocol):
    """A body that is read while it is sent."""

    def read(self, size: int = -1, /) -> bytes:
        """Read on, up to `size` bytes; nothing at the end."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


Body = Callable[[], Readable]
"""Opens a body from its beginning, for each attempt to send it."""


def segment(name: str) -> str:
    """Quote `name` as one segment of a path.

    Raises:
        LapisError: Usage, for an empty name (a variable of a script that is not set) and one with a slash.
    """
    if not name.strip() or "/" in name or name in (".", ".."):
        raise LapisError(ErrorCode.USAGE, "The name is empty." if not name.strip() else f"'{name}' is no name.")
    return quote(name, safe="")


class Transport:
    """Sends requests to the server that `locate` finds, from any thread.

    Args:
        locate: finds the server; asked again when it has gone, as it may come back elsewhere.
        timeout: seconds to wait for an answer or its next bytes.
        trace: told one line about each request.
    """

    def __init__(
        self,
        locate: Locate,
        timeout: float = 120.0,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self._locate = locate
        self._address: Address | None = None
        self._timeout = timeout
        self._trace = trace
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    @property
    def address(self) -> Address:
        """The server's address and token."""
        if self._address is None:
            self._address = self._locate(True)
        return self._address

    def get(self, path: str, **query: Any) -> Any:
        """GET `path` and return the decoded JSON."""
        return self.request("GET", path, query=query)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json_body: Any = None,
        data: Body | None = None,
        size: int | None = None,
    ) -> Any:
        """Send a request and return the decoded JSON of its answer, None when the answer is empty.

        Args:
            method: HTTP method.
            path: from the server's root, its segments quoted.
            query: parameters; those that are None are left out.
            json_body: sent as JSON.
            data: sent as it is; needs `size`.
            size: length of `data`, bytes.

        Raises:
            LapisError: as the server says; ServerUnreachable when it gives no answer.
        """
        keyed = {"Idempotency-Key": new_token()} if method == "POST" else {}
        for delay in (*RETRY_DELAYS, None):
            try:
                with self.open(
                    method, path, query=query, json_body=json_body, data=data, size=size, headers=keyed
                ) as response:
                    raw = response.read()
                return json.loads(raw) if raw else None
            except CONNECT_ERRORS as error:  # the server went while it answered; asking again has no second effect
                if delay is None or isinstance(error, TimeoutError):
                    raise self._unreachable(error) from error
                time.sleep(delay)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json_body: Any = None,
        data: Body | None = None,
        size: int | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """As `request`, but give the answer to read from, with a good status."""
        target = path + _query_text(query)
        sent = {"Accept": "application/json", **(headers or {})}
        if json_body is not None:
            sent["Content-Type"] = "application/json"
        if data is not None:
            sent |= {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        if method == "POST":
            sent.setdefault("Idempotency-Key", new_token())
        payload = json.dumps(json_body).encode() if json_body is not None else data
        connection, response = self._exchange(method, target, sent, payload, timeout or self._timeout)
        try:
            yield response
        except BaseException:
            connection.close()
            raise
        finally:
            self._give_back(connection, response)

    def lines(self, path: str, query: Mapping[str, Any], timeout: float) -> Iterator[dict[str, Any]]:
        """Read a stream of JSON objects, one a line, until the server ends it.

        Raises:
            LapisError: as the server says; ServerUnreachable when the stream breaks or `timeout` seconds
                pass without a byte.
        """
        try:
            with self.open("GET", path, query=query, timeout=timeout) as response:
                for line in response:
                    if not line.endswith(b"\n"):
                        raise http.client.IncompleteRead(line)
                    yield json.loads(line)
        except (*CONNECT_ERRORS, ValueError) as error:
            raise self._unreachable(error) from error

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(
        self, method: str, target: str, headers: dict[str, str], payload: Any, timeout: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        for attempt, delay in enumerate((*RETRY_DELAYS, None)):
            started = time.monotonic()
            try:
                connection, response = self._send(method, target, headers, payload, timeout)
            except CONNECT_ERRORS as error:
                self._note(method, target, str(error) or type(error).__name__, started)
                if delay is None or isinstance(error, TimeoutError | socket.gaierror):
                    raise self._unreachable(error) from error
                self._forget()
            else:
                self._note(method, target, str(response.status), started)
                if response.status < 400:
                    return connection, response
                refusal = self._read_error(connection, response)
                if method == "DELETE" and attempt and response.status == 404:
                    return connection, response
                if delay is None or response.status not in RETRY_STATUSES:
                    raise refusal
            time.sleep(delay)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(
        self, method: str, target: str, headers: dict[str, str], payload: Any, timeout: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        address = self.address
        connection = self._take(address.url, timeout)
        body = payload() if callable(payload) else payload
        sent = {**headers, "Authorization": f"Bearer {address.token}"}
        try:
            try:
                connection.request(method, urlsplit(address.url).path + target, body=body, headers=sent)
            except (BrokenPipeError, ConnectionResetError):
                if connection.sock is None:  # reset before it stood
                    raise
                # the answer says why it was cut short
            return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise
        finally:
            if callable(payload):
                body.close()

    def _take(self, url: str, timeout: float) -> http.client.HTTPConnection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            parts = urlsplit(url)
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.hostname or "", parts.port, timeout=timeout, blocksize=BLOCK)
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection

    def _give_back(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        if connection.sock is None or not response.isclosed():
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _forget(self) -> None:
        self.close()
        with suppress(LapisError):
            self._address = self._locate(False)

    def _read_error(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> LapisError:
        raw = b""
        with suppress(*CONNECT_ERRORS):
            raw = response.read(1 << 20)
        response.close()
        connection.close()
        return _error_of(response.status, raw, self.address.url)

    def _unreachable(self, error: Exception) -> LapisError:
        url = self.address.url
        if isinstance(error, TimeoutError):
            return LapisError(ErrorCode.SERVER_UNREACHABLE, f"{url} took too long to answer.", LOOK_AT_SERVER)
        reason = str(error) or type(error).__name__
        return LapisError(ErrorCode.SERVER_UNREACHABLE, f"{url} gives no answer: {reason}.", LOOK_AT_SERVER)

    def _note(self, method: str, target: str, outcome: str, started: float) -> None:
        if self._trace is not None:
            self._trace(f"{method} {target} → {outcome} ({(time.monotonic() - started) * 1000:.0f} ms)")


def _query_text(query: Mapping[str, Any] | None) -> str:
    pairs = [(key, value) for key, value in (query or {}).items() if value is not None]
    return "?" + urlencode(pairs, doseq=True) if pairs else ""


def _error_of(status: int, raw: bytes, url: str) -> LapisError:
    try:
        body = json.loads(raw)
        error = LapisError.from_json(body["error"])
    except (ValueError, KeyError, TypeError):
        start = raw[:200].decode(errors="replace").strip()
        return LapisError(ErrorCode.INTERNAL, f"{url} answered {status}: {start or 'nothing'}.")
    if error.code is ErrorCode.INTERNAL and body.get("request_id"):
        error.hint = error.hint or f"The server's log has more under {body['request_id']}."
    return error
