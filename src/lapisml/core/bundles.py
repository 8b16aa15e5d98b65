"""Many small files as one run of bytes: what a request carries when each of them alone would cost one.

For each file: four bytes (big-endian) with the length of its path, the path (UTF-8), eight bytes with the length of
its content, the content.
"""

from __future__ import annotations

from collections.abc import Iterable

LARGEST_FILE = 1 << 18
"""Bytes of a file that goes into a bundle; a longer one travels by itself."""
LARGEST_BUNDLE = 16 << 20
"""Bytes of a bundle."""
MOST_FILES = 2000
"""Files of a bundle."""


def bundle(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Give the bytes of some files, as (path, content)."""
    parts = []
    for path, content in files:
        name = path.encode()
        parts += [len(name).to_bytes(4, "big"), name, len(content).to_bytes(8, "big"), content]
    return b"".join(parts)


def unbundle(data: bytes) -> list[tuple[str, bytes]]:
    """Read a bundle back.

    Raises:
        ValueError: it is no whole bundle.
    """
    found, at = [], 0
    while at < len(data):
        name, at = _taken(data, at, 4)
        content, at = _taken(data, at, 8)
        found.append((name.decode(), content))
    return found


def _taken(data: bytes, at: int, width: int) -> tuple[bytes, int]:
    begin = at + width
    end = begin + int.from_bytes(data[at:begin], "big")
    if begin > len(data) or end > len(data):
        raise ValueError("a bundle that was cut off")
    return data[begin:end], end
