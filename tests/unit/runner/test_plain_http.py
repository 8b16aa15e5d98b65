"""The parser of HTTP for machines without httptools reads what httptools reads."""

from __future__ import annotations

import random
from typing import Any

import httptools
import pytest

from lapisml.runner.relay import plain_http


class _Heard:
    """Writes down what a parser says, pieces of one body joined."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.parser: Any = None

    def on_message_begin(self) -> None:
        self.said.append("begin")

    def on_url(self, url: bytes) -> None:
        if self.said[-1][0] == "url":
            self.said[-1] = ("url", self.said[-1][1] + url)
        else:
            self.said.append(("url", url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.said.append(("header", name.lower(), value))

    def on_headers_complete(self) -> None:
        self.said.append(("head", bool(self.parser.should_keep_alive())))

    def on_body(self, data: bytes) -> None:
        if self.said[-1][0] == "body":
            self.said[-1] = ("body", self.said[-1][1] + data)
        else:
            self.said.append(("body", data))

    def on_message_complete(self) -> None:
        self.said.append("complete")


def _said(kind: Any, pieces: list[bytes]) -> list[Any]:
    heard = _Heard()
    heard.parser = kind(heard)
    for piece in pieces:
        heard.parser.feed_data(piece)
    return heard.said


REQUESTS = [
    b"GET /x?y=%20 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
]
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nbad",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
]


@pytest.mark.parametrize("text", [*REQUESTS, REQUESTS[1] + REQUESTS[0] + REQUESTS[3] + REQUESTS[1]])
def test_requests(text: bytes) -> None:
    _alike(httptools.HttpRequestParser, plain_http.HttpRequestParser, text)


@pytest.mark.parametrize("text", [*RESPONSES, RESPONSES[0] + RESPONSES[3] + RESPONSES[1] + RESPONSES[0]])
def test_responses(text: bytes) -> None:
    _alike(httptools.HttpResponseParser, plain_http.HttpResponseParser, text)


def _alike(theirs: Any, ours: Any, text: bytes) -> None:
    """Cut anywhere, the two say the same."""
    wanted = _said(theirs, [text])
    assert _said(ours, [text]) == wanted
    assert _said(ours, [bytes([byte]) for byte in text]) == wanted
    for seed in range(20):
        cuts = sorted(random.Random(seed).sample(range(1, len(text)), 3))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert _said(ours, pieces) == wanted, pieces


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length : 5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_refused(text: bytes) -> None:
    with pytest.raises(plain_http.HttpParserError):
        _said(plain_http.HttpRequestParser, [text])
