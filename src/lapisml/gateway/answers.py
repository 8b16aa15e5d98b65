"""What goes back to clients, as bytes."""

from __future__ import annotations

import http
import json
import re
from collections.abc import Iterable
from typing import Any

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"

_FIRST = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus}
_NO_BODY = frozenset({204, 304})
_OWN = frozenset(
    {
        b"azureml-model-deployment",
        b"connection",
        b"content-length",
        b"content-type",
        b"keep-alive",
        b"transfer-encoding",
        b"upgrade",
        b"x-ms-client-request-id",
        b"x-ms-request-id",
    }
)
"""Headers that the gateway writes itself; those of a script are passed over."""

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_NOT_IN_VALUES = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def answer(
    status: int, content_type: bytes, headers: bytes, body: bytes, *, keep_alive: bool, is_head: bool = False
) -> bytes:
    """Write an answer.

    Args:
        status: 200 to 599.
        content_type: of the body.
        headers: further header lines, each with its line end.
        body: the whole.
        keep_alive: False says that the connection ends.
        is_head: the request was HEAD, so that the body is not sent.
    """
    first = _FIRST.get(status) or b"HTTP/1.1 %d Status\r\n" % status
    if status in _NO_BODY:
        return first + headers + (b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
    end = b"\r\n\r\n" if keep_alive else b"\r\nconnection: close\r\n\r\n"
    head = b"%bcontent-type: %b\r\n%bcontent-length: %d%b" % (first, content_type, headers, len(body), end)
    return head if is_head else head + body


def error_body(code: str, message: str) -> bytes:
    """Write the body of an error: a code and a sentence."""
    return json.dumps({"error": {"code": code, "message": message}}).encode()


def lines(pairs: Iterable[Any]) -> bytes:
    """Write a replica's headers as lines; what is no header, or the gateway's to write, is left out.

    Line breaks within a value would let a script's input write headers of its own; they become spaces.
    """
    written = []
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            continue
        name, value = (str(part).encode("latin-1", "replace") for part in pair)
        if _NAME.fullmatch(name) and name.lower() not in _OWN:
            written.append(b"%b: %b\r\n" % (name, _NOT_IN_VALUES.sub(b" ", value).strip()))
    return b"".join(written)


def value(text: bytes, longest: int = 256) -> bytes:
    """Make something that a client sent fit to be sent back as a header's value."""
    return _NOT_IN_VALUES.sub(b" ", text[:longest])
