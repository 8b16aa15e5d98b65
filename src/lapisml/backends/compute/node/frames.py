"""Frames: how a run of bytes becomes heads and tails; see `lapisml.backends.compute.node.wire`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

LARGEST_HEAD = 1 << 16
LARGEST_TAIL = 1 << 20


class WireError(Exception):
    """What came over the wire is not this protocol, or the connection is gone."""


@dataclass(frozen=True)
class Frame:
    """One frame."""

    head: dict[str, Any]
    tail: bytes = b""


def encode(head: dict[str, Any], tail: bytes = b"") -> bytes:
    """Give a frame's bytes."""
    plain = json.dumps(head, separators=(",", ":")).encode()
    return b"".join((len(plain).to_bytes(4, "big"), plain, len(tail).to_bytes(4, "big"), tail))


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """Read a frame; None when the other side has closed the connection between two frames.

    Raises:
        WireError: no frame, one that is too long, or half of one.
    """
    try:
        first = await reader.read(4)
        if not first:
            return None
        first += await reader.readexactly(4 - len(first))
        head = await reader.readexactly(_length(first, LARGEST_HEAD))
        tail = await reader.readexactly(_length(await reader.readexactly(4), LARGEST_TAIL))
    except asyncio.IncompleteReadError as error:
        raise WireError("the connection ended in the middle of a frame") from error
    except OSError as error:
        raise WireError(f"the connection broke: {error}") from error
    try:
        plain = json.loads(head)
    except ValueError as error:
        raise WireError("what came is not a frame of this protocol") from error
    if not isinstance(plain, dict):
        raise WireError("what came is not a frame of this protocol")
    return Frame(plain, tail)


def _length(four: bytes, limit: int) -> int:
    length = int.from_bytes(four, "big")
    if length > limit:
        raise WireError("what came is not a frame of this protocol: it would be too long")
    return length
