"""What a blob has beside its content: metadata and properties, kept apart from the datastore's files.

A record belongs to one content, known by the file's number, time and size (in an object store by its mark): a file
that something else put in its place has no record, and a new content with its record appears in one moment.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from lapisml.ports.storage import ObjectInfo

FOLDER = "blob-records"
"""Below a workspace's storage."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of one content.

    Attributes:
        metadata: as the client gave it.
        properties: content-type and the like, where they differ from the default.
        changed_at: milliseconds since the epoch of the last change of these; 0 when they came with the content.
        blocks: ids and sizes of the blocks that the content was put together from.
    """

    metadata: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    changed_at: int = 0
    blocks: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.metadata or self.properties or self.blocks or self.changed_at)


NOTHING = Record()


@dataclass(frozen=True, slots=True)
class Content:
    """One content of a blob.

    Attributes:
        identity: differs from every other content of the same name.
        size: bytes.
        modified_at: milliseconds since the epoch.
    """

    identity: str
    size: int
    modified_at: int

    @classmethod
    def of_file(cls, found: os.stat_result) -> Content:
        """Describe a file of this machine."""
        identity = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"
        return cls(identity, found.st_size, found.st_mtime_ns // 1_000_000)

    @classmethod
    def of_object(cls, info: ObjectInfo) -> Content:
        """Describe an object of a store."""
        mark = f"{info.etag or ''}/{info.modified_at or 0}/{info.size}"
        return cls(hashlib.sha256(mark.encode()).hexdigest()[:24], info.size, info.modified_at or 0)

    def etag(self, record: Record) -> str:
        """Return what changes with the content and with what is kept beside it."""
        change = f"-{record.changed_at:x}" if record.changed_at else ""
        return f'"0x{self.identity}{change}"'

    def last_modified(self, record: Record) -> int:
        """Return when the content, or what is kept beside it, changed last; milliseconds since the epoch."""
        return max(self.modified_at, record.changed_at)


class Records:
    """The records of one container.

    Args:
        folder: where they are; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_there = False

    @property
    def is_empty(self) -> bool:
        """Whether there has never been one."""
        if not self._is_there:
            self._is_there = self._folder.exists()
        return not self._is_there

    def read(self, name: str, content: Content) -> Record:
        """Return the record of a blob's content; an empty one when there is none."""
        if self.is_empty:
            return NOTHING
        try:
            body: dict[str, Any] = orjson.loads(self._path(name, content).read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return NOTHING
        blocks = [(str(key), int(size)) for key, size in body.get("blocks", ())]
        return Record(body["metadata"], body["properties"], body["changed_at"], blocks)

    def write(self, name: str, content: Content, record: Record) -> None:
        """Keep a record; an empty one is none.

        Raises:
            OSError: the disk is full, say.
        """
        path = self._path(name, content)
        if record.is_empty:
            with suppress(FileNotFoundError):
                path.unlink()
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f".{secrets.token_hex(8)}")
        body = {
            "name": name,
            "metadata": record.metadata,
            "properties": record.properties,
            "changed_at": record.changed_at,
            "blocks": record.blocks,
        }
        try:
            with part.open("xb") as stream:
                stream.write(orjson.dumps(body))
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def forget(self, name: str, content: Content) -> None:
        """Remove the record of a content that is gone."""
        if not self.is_empty:
            with suppress(OSError):
                self._path(name, content).unlink()

    def _path(self, name: str, content: Content) -> Path:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / digest[:2] / f"{digest[2:40]}.{content.identity}.json"
