"""What passes between gateway and replica: frames on a Unix socket.

A frame, little-endian::

    u32 length (of all that follows)   u32 id   u8 kind   u8 flags (0)   u16 length of the head
    head (UTF-8 JSON object, or nothing)   body

The answer to a frame carries its id; answers may come in any order. An empty head stands for the usual case (a JSON
request, an answer 200 with JSON), so that nothing but the body has to be looked at.
"""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

HELLO = 0
"""Replica → gateway, first of all: ``{"raw", "max_concurrent", "revision", "kind", "collects", "pid"}``."""
SCORE = 1
"""Gateway → replica: a request. Head: ``content_type`` when it is not JSON, ``id`` (the request's) when the replica
collects; for raw scripts also ``method``, ``path``, ``query``, ``headers`` (pairs)."""
ANSWER = 1
"""Replica → gateway: the answer. Head: ``status``, ``content_type``, ``headers`` (pairs), each only when unusual."""
CANCEL = 2
"""Gateway → replica: nobody waits for this id any more."""
PING = 3
"""Gateway or keeper → replica: are you there?"""
PONG = 3
"""Replica → gateway or keeper: yes."""
SWAGGER = 5
"""Asks for the replica's swagger.json, and the answer with it as the body."""

HEADER = struct.Struct("<IIBBH")
MAX_HEAD = 0xFFFF
MAX_FRAME = 1 << 30
"""Longest frame that a parser takes, bytes; the gateway's limit on bodies is far below."""

_AFTER_LENGTH = HEADER.size - 4


class FrameError(ValueError):
    """These bytes are no frames; the connection is of no further use."""


class Frame(NamedTuple):
    """One frame; `head` is JSON text, empty in the usual case."""

    kind: int
    id: int
    head: bytes
    body: bytes


def pack(kind: int, number: int, body: bytes = b"", head: bytes = b"") -> bytes:
    """Return a frame as bytes.

    Args:
        kind: one of the kinds above.
        number: the frame's id, 0 to 2³²-1.
        body: what it carries.
        head: JSON text of at most `MAX_HEAD` bytes (`pack_head`), or nothing.

    Raises:
        struct.error: the head is too long.
    """
    return HEADER.pack(_AFTER_LENGTH + len(head) + len(body), number, kind, 0, len(head)) + head + body


def prefix(kind: int, number: int, body_length: int, head: bytes = b"") -> bytes:
    """Return a frame up to its body, for a body that is sent as it is (no copy of a large one).

    Raises:
        struct.error: the head is too long.
    """
    return HEADER.pack(_AFTER_LENGTH + len(head) + body_length, number, kind, 0, len(head)) + head


def pack_head(head: dict[str, Any] | None) -> bytes:
    """Return a head as bytes; nothing for an empty one."""
    return json.dumps(head, separators=(",", ":")).encode() if head else b""


def read_head(head: bytes) -> dict[str, Any]:
    """Return the head of a frame.

    Raises:
        FrameError: it is no JSON object.
    """
    if not head:
        return {}
    try:
        found = json.loads(head)
    except ValueError as error:
        raise FrameError("the head of a frame is no JSON") from error
    if not isinstance(found, dict):
        raise FrameError("the head of a frame is no JSON object")
    return found


class Parser:
    """Cuts a stream into frames.

    Args:
        max_frame: longest frame allowed, bytes.
    """

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._max = max_frame
        self._rest = bytearray()
        self._wanted = HEADER.size

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames that are now whole.

        Raises:
            FrameError: a length that can't be.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        return self._cut(data)

    def _cut(self, data: bytes) -> list[Frame]:
        frames: list[Frame] = []
        at, size = 0, len(data)
        self._wanted = HEADER.size
        while size - at >= HEADER.size:
            length, number, kind, _, head_length = HEADER.unpack_from(data, at)
            if length < _AFTER_LENGTH + head_length or length > self._max:
                raise FrameError(f"a frame of {length} bytes with a head of {head_length}")
            end = at + 4 + length
            if end > size:
                self._wanted = end - at
                break
            head_end = at + HEADER.size + head_length
            frames.append(Frame(kind, number, data[at + HEADER.size : head_end], data[head_end:end]))
            at = end
        if at < size:
            self._rest += data[at:] if at else data
        return frames
