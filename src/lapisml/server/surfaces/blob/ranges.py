"""Ranges of bytes, as ``x-ms-range`` and ``Range`` give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lapisml.server.surfaces.blob.errors import BlobError

_FORM = re.compile(r"bytes=(\d{1,18})-(\d{0,18})\Z")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Part of a blob.

    Attributes:
        start: first byte.
        length: bytes.
        is_whole: no range was asked for.
    """

    start: int
    length: int
    is_whole: bool

    def content_range(self, size: int) -> str:
        """Give the header that describes it."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def asked(headers: Mapping[str, str], size: int) -> ByteRange:
    """Return the part that a request asks for; a form that the protocol does not have asks for all.

    Raises:
        BlobError: InvalidRange for one behind the end.
    """
    found = _FORM.match(headers.get("x-ms-range") or headers.get("range", ""))
    if found is None:
        return ByteRange(0, size, True)
    start, end = int(found[1]), int(found[2] or size)
    if start >= size or end < start:
        headers_of = ((b"content-range", f"bytes */{size}".encode()),)
        raise BlobError(
            "InvalidRange", "The range specified is invalid for the current size of the resource.", headers_of
        )
    return ByteRange(start, min(end, size - 1) - start + 1, False)
