"""Listings of a container: sorted by name, page after page, with folders drawn together where a client asks for it.

https://learn.microsoft.com/rest/api/storageservices/list-blobs
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import islice
from urllib.parse import quote

from lapisml.ports.storage import ObjectInfo, Storage
from lapisml.server.surfaces.blob.call import BlobCall, http_date
from lapisml.server.surfaces.blob.containers import Container
from lapisml.server.surfaces.blob.errors import BlobError
from lapisml.server.surfaces.blob.records import NOTHING, Content, Record

MOST = 5_000
"""Names on one page, after the protocol."""

_KEPT = 32
_DETAILS = frozenset({"metadata", "uncommittedblobs", "copy", "deleted", "snapshots", "versions", "tags"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing.

    Attributes:
        name: whole; a folder's ends with a slash.
        info: None for a folder.
    """

    name: str
    info: ObjectInfo | None


class _Walk:
    """Entries one after the other, with a look at whether there are more."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self._ahead: Entry | None = None

    def __iter__(self) -> _Walk:
        return self

    def __next__(self) -> Entry:
        found, self._ahead = self._ahead, None
        return found if found is not None else next(self._entries)

    def goes_on(self) -> bool:
        """Say whether there is one more."""
        self._ahead = next(self, None)
        return self._ahead is not None


class Listings:
    """Lists containers.

    A page's mark is the name that it ends with; the walk behind it is kept for a while, so that the next page goes
    on where this one stopped. A mark whose walk is gone is looked for from the beginning.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._walks: OrderedDict[str, _Walk] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, container: Container, call: BlobCall) -> bytes:
        """Return one page as XML.

        Raises:
            BlobError: InvalidQueryParameterValue.
        """
        prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
        wanted = _details(call)
        if delimiter not in ("", "/"):
            raise BlobError("InvalidQueryParameterValue", "The delimiter here is `/`, or none.")
        most = call.number("maxresults", MOST, 10**9)
        walk = self._walk(container, prefix, bool(delimiter), call.query.get("marker", ""))
        entries = list(islice(walk, min(most, MOST)))
        mark = self._keep(walk, entries[-1].name) if entries and walk.goes_on() else ""
        lines = "".join(self._line(container, entry, "metadata" in wanted) for entry in entries)
        given = {"Prefix": prefix, "Delimiter": delimiter, "Marker": call.query.get("marker", "")}
        head = "".join(f"<{tag}>{_text(value)}</{tag}>" for tag, value in given.items() if value)
        limit = f"<MaxResults>{most}</MaxResults>" if "maxresults" in call.query else ""
        return (
            f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{escape(container.name)}">'
            f"{head}{limit}<Blobs>{lines}</Blobs><NextMarker>{mark}</NextMarker></EnumerationResults>"
        ).encode("utf-8", "replace")

    def _walk(self, container: Container, prefix: str, folders: bool, mark: str) -> _Walk:
        if not mark:
            return _Walk(self._entries(container, prefix, folders))
        with self._lock:
            kept = self._walks.pop(mark, None)
        if kept is not None:
            return kept
        last = _last(mark)
        return _Walk(entry for entry in self._entries(container, prefix, folders) if entry.name > last)

    def _keep(self, walk: _Walk, last: str) -> str:
        name = base64.urlsafe_b64encode(last.encode("utf-8", "surrogateescape")).decode()
        mark = f"{secrets.token_hex(8)}.{name}"
        with self._lock:
            self._walks[mark] = walk
            while len(self._walks) > _KEPT:
                self._walks.popitem(last=False)
        return mark

    def _entries(self, container: Container, prefix: str, folders: bool) -> Iterator[Entry]:
        base = prefix.rpartition("/")[0]
        if base and (base.startswith("/") or any(part in ("", ".", "..") for part in base.split("/")) or "\\" in base):
            return
        above = f"{base}/" if base else ""
        found = self._direct(container, base, above) if folders else self._all(container, base, above)
        for entry in found:
            if entry.name.startswith(prefix):
                yield entry

    def _all(self, container: Container, base: str, above: str) -> Iterator[Entry]:
        folder = container.root.child(base)
        local = self._storage.local_path(folder)
        if local is not None and not local.is_dir():  # a file is no folder of blobs
            return
        for info in self._storage.walk(folder):
            yield Entry(above + info.path, info)

    def _direct(self, container: Container, base: str, above: str) -> Iterator[Entry]:
        folder = container.root.child(base)
        children = self._storage.children(folder)
        entries = [
            Entry(f"{above}{c.path}/" if c.is_dir else above + c.path, None if c.is_dir else c) for c in children
        ]
        for entry in sorted(entries, key=lambda entry: entry.name):
            if folder.protocol != "file" or self._holds(container, entry):
                yield entry

    def _holds(self, container: Container, entry: Entry) -> bool:
        """Say whether an entry stands for a blob: a folder without files is no prefix of any."""
        return entry.info is not None or next(self._storage.walk(container.root.child(entry.name)), None) is not None

    def _line(self, container: Container, entry: Entry, metadata: bool) -> str:
        if entry.info is None:
            return f"<BlobPrefix>{_name(entry.name)}</BlobPrefix>"
        content = self._content(container, entry.name, entry.info)
        record = container.records.read(entry.name, content) if not container.records.is_empty else NOTHING
        tail = ""
        if metadata and record.metadata:
            pairs = "".join(f"<{key}>{_text(value)}</{key}>" for key, value in record.metadata.items())
            tail = f"<Metadata>{pairs}</Metadata>"
        return f"<Blob>{_name(entry.name)}{_properties(content, record)}{tail}</Blob>"

    def _content(self, container: Container, name: str, info: ObjectInfo) -> Content:
        if container.root.protocol == "file":
            try:
                return Content.of_file(os.stat(f"{container.root.path}/{name}"))  # noqa: PTH116 - many times a page
            except OSError:  # it is gone since
                return Content("0", info.size, info.modified_at or 0)
        return Content.of_object(info)


def _details(call: BlobCall) -> set[str]:
    wanted = {word.strip().lower() for word in call.query.get("include", "").split(",")} - {""}
    unknown = sorted(wanted - _DETAILS)
    if unknown:
        raise BlobError("InvalidQueryParameterValue", f"'{unknown[0][:40]}' can't be included in a listing here.")
    return wanted


def _last(mark: str) -> str:
    try:
        name = base64.b64decode(mark.partition(".")[2].encode("ascii"), b"-_", validate=True)
    except (binascii.Error, ValueError):
        name = b""
    if not name:
        raise BlobError("InvalidQueryParameterValue", "The marker is not one of this server's.")
    return name.decode("utf-8", "surrogateescape")


def _properties(content: Content, record: Record) -> str:
    given = record.properties
    values = {
        "Last-Modified": http_date(content.last_modified(record)),
        "Etag": content.etag(record).strip('"'),
        "Content-Length": str(content.size),
        "Content-Type": given.get("content-type", "application/octet-stream"),
        "Content-Encoding": given.get("content-encoding", ""),
        "Content-Language": given.get("content-language", ""),
        "Content-MD5": given.get("content-md5", ""),
        "Cache-Control": given.get("cache-control", ""),
        "Content-Disposition": given.get("content-disposition", ""),
        "BlobType": "BlockBlob",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
    }
    return "<Properties>" + "".join(f"<{tag}>{_text(value)}</{tag}>" for tag, value in values.items()) + "</Properties>"


def _name(name: str) -> str:
    """Give a name's element; one with signs that XML can't hold is percent-encoded, as the protocol says."""
    if any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 or ord(sign) in (0xFFFE, 0xFFFF) for sign in name):
        return f'<Name Encoded="true">{quote(name.encode("utf-8", "surrogateescape"))}</Name>'
    return f"<Name>{escape(name, quote=False)}</Name>"


def _text(value: str) -> str:
    return escape("".join(sign if ord(sign) >= 32 else "?" for sign in value), quote=False)
