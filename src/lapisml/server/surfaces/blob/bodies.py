"""Bodies on their way to a file: counted, and checked against what the client says of them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from typing import BinaryIO

from lapisml.server.surfaces.blob.call import BlobCall
from lapisml.server.surfaces.blob.crc64 import Crc64
from lapisml.server.surfaces.blob.errors import BlobError

MOST_BLOB = 5_000 << 20
"""Bytes of a blob that comes in one request, after the protocol."""
MOST_BLOCK = 4_000 << 20
"""Bytes of a block, after the protocol."""


class Body:
    """Writes parts on, and checks the whole.

    Args:
        stream: where the bytes go.
        most: bytes that may come.
        is_whole: the body is a whole blob, whose own MD5 may be said of it too.

    Raises:
        BlobError: a checksum in the headers is none.
    """

    def __init__(self, stream: BinaryIO, call: BlobCall, most: int, *, is_whole: bool = False) -> None:
        self._stream = stream
        self._most = self._left = most
        self._md5 = _given(call, "content-md5", 16, "InvalidMd5")
        if self._md5 is None and is_whole:
            self._md5 = _given(call, "x-ms-blob-content-md5", 16, "InvalidMd5")
        self._crc = _given(call, "x-ms-content-crc64", 8, "InvalidHeaderValue")
        self._md5_sum = hashlib.md5(usedforsecurity=False)
        self._crc_sum = Crc64() if self._crc is not None else None

    def write(self, part: bytes) -> None:
        """Take the next part.

        Raises:
            BlobError: RequestBodyTooLarge.
        """
        self._left -= len(part)
        if self._left < 0:
            raise too_large(self._most)
        if self._md5 is not None:
            self._md5_sum.update(part)
        if self._crc_sum is not None:
            self._crc_sum.update(part)
        self._stream.write(part)

    def finish(self) -> list[tuple[str, str]]:
        """Check what came; return the headers that tell the client so.

        Raises:
            BlobError: Md5Mismatch, Crc64Mismatch.
        """
        found = []
        if self._md5 is not None:
            found.append(("Content-MD5", _compared(self._md5_sum.digest(), self._md5, "Md5Mismatch")))
        if self._crc is not None and self._crc_sum is not None:
            found.append(("x-ms-content-crc64", _compared(self._crc_sum.digest(), self._crc, "Crc64Mismatch")))
        return found


def check_short(call: BlobCall, body: bytes) -> list[tuple[str, str]]:
    """Check a body that is at hand, as `Body.finish` does.

    Raises:
        BlobError: as there.
    """
    checked = Body(io.BytesIO(), call, len(body))
    checked.write(body)
    return checked.finish()


def check_length(call: BlobCall, most: int) -> None:
    """Refuse a body that announces more than may come.

    Raises:
        BlobError: RequestBodyTooLarge.
    """
    if (call.length or 0) > most:
        raise too_large(most)


def too_large(most: int) -> BlobError:
    """Make the error for a body of more than `most` bytes."""
    return BlobError("RequestBodyTooLarge", f"The body is larger than the {most} bytes that may come at once.")


def _given(call: BlobCall, header: str, size: int, code: str) -> bytes | None:
    text = call.headers.get(header)
    if text is None:
        return None
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != size:
        raise BlobError(code, f"The value of '{header}' is not {size} bytes in base64.")
    return value


def _compared(computed: bytes, given: bytes, code: str) -> str:
    if computed != given:
        raise BlobError(code, "What came has another checksum than the request says.")
    return base64.b64encode(computed).decode()
