"""Names of blobs: which can be files, and which can't."""

from __future__ import annotations

from lapisml.server.surfaces.blob.errors import BlobError

_LONGEST = 1024
"""Signs in a name, after the protocol."""
_LONGEST_PART = 255
"""Bytes of a name between two slashes, after the file systems."""
_HIDDEN = ".lapis-part-"
"""Names of files that are being written begin so; they are never shown."""


def is_possible(name: str) -> bool:
    """Say whether a file of this name can be there; where not, reading it finds nothing."""
    parts = name.split("/")
    return (
        0 < len(name) <= _LONGEST
        and "\\" not in name
        and all(_is_part(part) for part in parts)
        and not any(ord(sign) < 32 or ord(sign) == 127 or 0xD800 <= ord(sign) < 0xE000 for sign in name)
        and not (len(name) > 1 and name[1] == ":" and name[0].isalpha())
    )


def check(name: str) -> str:
    """Return the name of a blob that is to be written.

    Raises:
        BlobError: InvalidResourceName.
    """
    if not is_possible(name):
        raise BlobError(
            "InvalidResourceName",
            "Blobs are files here: a name has 1 to 1024 signs, its parts between slashes at most 255 bytes and none of "
            "them is empty, `.` or `..`; backslashes and control characters are not possible, nor is a drive.",
        )
    return name


def _is_part(part: str) -> bool:
    return (
        part not in ("", ".", "..")
        and not part.startswith(_HIDDEN)
        and len(part.encode("utf-8", "surrogatepass")) <= _LONGEST_PART
    )
