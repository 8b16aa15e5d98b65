"""One request for a container or a blob, and its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from lapisml.server.surfaces.blob.errors import BlobError

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Any], Awaitable[None]]

META = "x-ms-meta-"
_MOST_METADATA = 8 * 1024
"""Bytes of all metadata of a blob, names and values."""

CONTENT_KEYS = ("type", "encoding", "language", "disposition", "md5")
"""What follows ``x-ms-blob-content-`` and ``Content-``, for properties that a client may set."""

_CACHE = "cache-control"


@dataclass(frozen=True, slots=True)
class BlobCall:
    """A request whose address is read and whose sender is let in.

    Attributes:
        container: empty for the account itself.
        name: of the blob; empty for the container.
        query: decoded pairs, names in lower case; the last of several.
        headers: names in lower case.
        permissions: what the sender may do, signs of a signature (`signing.PERMISSIONS`).
    """

    method: str
    workspace: str
    container: str
    name: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    permissions: str

    def need(self, *permissions: str) -> None:
        """Check that the sender may do one of these.

        Raises:
            BlobError: AuthorizationPermissionMismatch.
        """
        if not any(sign in self.permissions for sign in permissions):
            raise BlobError("AuthorizationPermissionMismatch", "The signature of this address does not allow this.")

    def metadata(self) -> dict[str, str]:
        """Return the metadata in the headers, names in lower case.

        Raises:
            BlobError: EmptyMetadataKey, InvalidMetadata, MetadataTooLarge.
        """
        found = {name[len(META) :]: value for name, value in self.headers.items() if name.startswith(META)}
        if "" in found:
            raise BlobError("EmptyMetadataKey", "A key of the metadata is empty.")
        if not all(key.isidentifier() for key in found):
            raise BlobError("InvalidMetadata", "Keys of the metadata begin with a letter and hold no spaces.")
        if sum(len(key) + len(value) for key, value in found.items()) > _MOST_METADATA:
            raise BlobError("MetadataTooLarge", f"The metadata is larger than {_MOST_METADATA} bytes.")
        return found

    def properties(self, *, own_type: bool = False) -> dict[str, str]:
        """Return the properties in the headers, by their names on reading: ``content-type`` and the like.

        Args:
            own_type: the type of the body counts where no type of the blob is given.
        """
        found = {f"content-{key}": self.headers.get(f"x-ms-blob-content-{key}", "") for key in CONTENT_KEYS}
        found[_CACHE] = self.headers.get(f"x-ms-blob-{_CACHE}", "")
        if own_type:
            found["content-type"] = found["content-type"] or self.headers.get("content-type", "")
        return {name: value for name, value in found.items() if value and (name, value) != _DEFAULT_TYPE}

    def number(self, name: str, default: int, most: int) -> int:
        """Return a number of the query.

        Raises:
            BlobError: InvalidQueryParameterValue.
        """
        text = self.query.get(name, "")
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or not 0 < int(text[:12]) <= most:
            raise BlobError("InvalidQueryParameterValue", f"'{name}' is a number from 1 to {most}.")
        return int(text)

    @property
    def length(self) -> int | None:
        """The bytes that the body announces; None when it announces none."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() else None


_DEFAULT_TYPE = ("content-type", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class BlobAnswer:
    """An answer whose body is at hand."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


XML = ("Content-Type", "application/xml")


def http_date(milliseconds: int) -> str:
    """Give a time in the form of HTTP's headers: ``Thu, 01 Jan 2026 00:00:00 GMT``."""
    return formatdate(milliseconds / 1000, usegmt=True)


def encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Give headers as bytes; a value that is no header's text is left out rather than let it break the answer."""
    pairs = []
    for name, value in headers:
        text = value.encode("latin-1", "replace")
        if not any(sign < 32 or sign == 127 for sign in text):
            pairs.append((name.lower().encode(), text))
    return pairs
