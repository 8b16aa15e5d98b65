"""HTTP/1.1 over asyncio streams: messages read as events, for client and server alike.

Parsed by httptools, or, on a machine that has none, by `plain_http`.

Bodies stream: nothing is read from a connection before somebody asks for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

try:
    import httptools
except ImportError:  # a node has what is in the standard library
    from lapisml.runner.relay import plain_http as httptools  # type: ignore[no-redef]

_CHUNK = 1 << 16
_MAX_HEAD = 1 << 18

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
    )
)
"""Headers that concern one connection only (RFC 9110, 7.6.1)."""


class ProtocolError(Exception):
    """The other side does not speak HTTP/1.1, or broke off within a message."""


@dataclass
class Message:
    """The head of a request or a response.

    Attributes:
        method, target: of a request.
        status: of a response.
        headers: names in lower case, in order.
        keep_alive: whether the connection may be used again.
    """

    method: bytes = b""
    target: bytes = b""
    status: int = 0
    headers: Headers = field(default_factory=list)
    keep_alive: bool = True

    def header(self, name: bytes) -> bytes | None:
        """Return the value of the first header of that (lower-case) name."""
        return next((value for key, value in self.headers if key == name), None)


class Channel:
    """Reads the messages of one direction of a connection.

    Args:
        reader: the connection.
        is_server: the messages are requests (else responses).
    """

    def __init__(self, reader: asyncio.StreamReader, is_server: bool) -> None:
        self._reader = reader
        self._events: deque[Message | bytes | None] = deque()
        self._message = Message()
        self._head_bytes = 0
        self._is_server = is_server
        self._parser: Any = httptools.HttpRequestParser(self) if is_server else httptools.HttpResponseParser(self)
        self._has_no_body = False

    async def head(self, has_no_body: bool = False) -> Message | None:
        """Read the next head; None when the other side has closed the connection instead.

        Args:
            has_no_body: the response will have none whatever its headers say (it answers HEAD).

        Raises:
            ProtocolError: what came is no HTTP.
        """
        self._has_no_body = has_no_body
        while not self._events:
            if not await self._fill():
                if self._head_bytes:
                    raise ProtocolError("closed within a head")
                return None
        self._head_bytes = 0
        event = self._events.popleft()
        if not isinstance(event, Message):
            raise ProtocolError("a body where a head was expected")
        if has_no_body:
            event.keep_alive = False  # the parser would go on waiting for the body that the headers announce
        return event

    async def body(self) -> AsyncIterator[bytes]:
        """Give the body of the message whose head was read last.

        Raises:
            ProtocolError: the connection ended before the body did.
        """
        if self._has_no_body:
            return
        while True:
            while not self._events:
                if not await self._fill():
                    self._finish()
            event = self._events.popleft()
            if event is None:
                return
            assert isinstance(event, bytes)
            yield event

    @property
    def is_closed(self) -> bool:
        """Whether the other side has closed the connection."""
        return self._reader.at_eof() or self._reader.exception() is not None

    async def _fill(self) -> bool:
        data = await self._reader.read(_CHUNK)
        if not data:
            return False
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            raise ProtocolError("upgrades are not spoken here") from error
        except httptools.HttpParserError as error:
            raise ProtocolError(str(error)) from error
        if not self._events and self._head_bytes > _MAX_HEAD:
            raise ProtocolError("a head without end")
        return True

    def _finish(self) -> None:
        """End a body that lasts until the connection's end; any other is incomplete."""
        counted = any(name in (b"content-length", b"transfer-encoding") for name, _value in self._message.headers)
        if self._is_server or counted:
            raise ProtocolError("closed within a body")
        self._events.append(None)

    def on_message_begin(self) -> None:
        """Begin a message (called by the parser, as are the methods below)."""
        self._message = Message()

    def on_url(self, url: bytes) -> None:
        """Take a piece of a request's target."""
        self._message.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._message.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Hand over the head."""
        message = self._message
        if self._is_server:
            message.method = self._parser.get_method()
        else:
            message.status = self._parser.get_status_code()
        message.keep_alive = bool(self._parser.should_keep_alive())
        if 100 <= message.status < 200:
            return
        self._events.append(message)

    def on_body(self, data: bytes) -> None:
        """Take a piece of a body."""
        self._events.append(data)

    def on_message_complete(self) -> None:
        """End the message."""
        if not 100 <= self._message.status < 200:
            self._events.append(None)


def render_head(first: bytes, headers: Headers) -> bytes:
    """Write a head, its empty line included."""
    return b"\r\n".join((first, *(name + b": " + value for name, value in headers), b"", b""))


def chunk(data: bytes) -> bytes:
    """Write one chunk of a chunked body; the empty one ends it."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def end_to_end(headers: Headers, *dropped: bytes) -> Headers:
    """Return the headers that are to be passed on."""
    return [(name, value) for name, value in headers if name not in HOP_BY_HOP and name not in dropped]
