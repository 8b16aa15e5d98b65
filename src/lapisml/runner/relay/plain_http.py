"""A parser of HTTP/1.1 for machines without httptools: the part of its interface that `http1` uses.

Strict where leniency lets two readers see two messages (RFC 9112, 6.3): a length that is given twice, or beside chunks,
a folded header and a space before a colon are errors.
"""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_REQUEST = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.([01])\Z")
_RESPONSE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?\Z")
_HEX = re.compile(rb"[0-9A-Fa-f]{1,16}\Z")
_LONGEST_LINE = 1 << 16
_WITHOUT_BODY = (204, 304)


class HttpParserError(Exception):
    """What came is no HTTP/1.1."""


class HttpParserUpgrade(HttpParserError):  # noqa: N818 - named as in httptools
    """The other side wants to speak something else."""


class _Parser:
    """Turns bytes into calls of `protocol`.

    They are: ``on_message_begin``, ``on_url``, ``on_header``, ``on_headers_complete``, ``on_body``,
    ``on_message_complete``.
    """

    is_server = True

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._rest = b""
        self._step = self._head
        self._left = 0
        self._method = b""
        self._status = 0
        self._keep_alive = True

    def feed_data(self, data: bytes) -> None:
        """Take bytes.

        Raises:
            HttpParserError: they are no HTTP/1.1.
        """
        self._rest += data
        while self._rest and self._step():
            pass

    def get_method(self) -> bytes:
        """Return the method of the request whose head was read last."""
        return self._method

    def get_status_code(self) -> int:
        """Return the status of the response whose head was read last."""
        return self._status

    def should_keep_alive(self) -> bool:
        """Say whether the connection may be used after this message."""
        return self._keep_alive

    def _head(self) -> bool:
        self._rest = self._rest.lstrip(b"\r\n")  # empty lines before a request are passed over (RFC 9112, 2.2)
        end = self._rest.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = self._rest[:end].split(b"\r\n")
        self._rest = self._rest[end + 4 :]
        self._protocol.on_message_begin()
        minor = self._first_line(first)
        headers = [_header(line) for line in lines]
        for name, value in headers:
            self._protocol.on_header(name, value)
        self._begin_body(minor, headers)
        return True

    def _first_line(self, line: bytes) -> bytes:
        found = (_REQUEST if self.is_server else _RESPONSE).match(line)
        if found is None:
            raise HttpParserError("not the first line of a message")
        if not self.is_server:
            self._status = int(found[2])
            return found[1]
        self._method = found[1]
        self._protocol.on_url(found[2])
        return found[3]

    def _begin_body(self, minor: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        words = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
        if b"upgrade" in words and self.is_server:
            raise HttpParserUpgrade
        lengths = {value for name, value in headers if name == b"content-length"}
        coded = [value.lower() for name, value in headers if name == b"transfer-encoding"]
        if coded not in ([], [b"chunked"]) or len(lengths) > 1 or (coded and lengths):
            raise HttpParserError("the length of the body is said in two ways")
        if not all(length.isdigit() for length in lengths):
            raise HttpParserError("a length that is no number")
        has_none = not self.is_server and (self._status < 200 or self._status in _WITHOUT_BODY)
        lasts = not self.is_server and not coded and not lengths and not has_none
        self._keep_alive = (b"close" not in words) and (minor == b"1" or b"keep-alive" in words) and not lasts
        self._left = 0 if has_none else int(next(iter(lengths), b"0"))
        self._protocol.on_headers_complete()
        if lasts:
            self._step = self._until_end
        elif coded and not has_none:
            self._step = self._chunk_size
        elif self._left:
            self._step = self._counted
        else:
            self._complete()

    def _counted(self) -> bool:
        data, self._rest = self._rest[: self._left], self._rest[self._left :]
        self._left -= len(data)
        self._protocol.on_body(data)
        if not self._left:
            self._complete()
        return True

    def _until_end(self) -> bool:
        data, self._rest = self._rest, b""
        self._protocol.on_body(data)
        return False

    def _chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        size = line.partition(b";")[0].strip()
        if not _HEX.match(size):
            raise HttpParserError("a chunk without a size")
        self._left = int(size, 16)
        self._step = self._chunk if self._left else self._trailer
        return True

    def _chunk(self) -> bool:
        data, self._rest = self._rest[: self._left], self._rest[self._left :]
        self._left -= len(data)
        self._protocol.on_body(data)
        if not self._left:
            self._step = self._chunk_end
        return True

    def _chunk_end(self) -> bool:
        line = self._line()
        if line:
            raise HttpParserError("a chunk longer than its size")
        if line is not None:
            self._step = self._chunk_size
        return line is not None

    def _trailer(self) -> bool:
        line = self._line()
        if line == b"":
            self._complete()
        return line is not None

    def _line(self) -> bytes | None:
        end = self._rest.find(b"\r\n")
        if end < 0:
            if len(self._rest) > _LONGEST_LINE:
                raise HttpParserError("a line without end")
            return None
        line, self._rest = self._rest[:end], self._rest[end + 2 :]
        return line

    def _complete(self) -> None:
        self._step = self._head
        self._protocol.on_message_complete()


class HttpRequestParser(_Parser):
    """Parses requests."""


class HttpResponseParser(_Parser):
    """Parses responses."""

    is_server = False


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.match(name) or b"\0" in value or b"\r" in value or b"\n" in value:
        raise HttpParserError("not a header")
    return name.lower(), value.strip(b" \t")
