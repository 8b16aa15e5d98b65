"""The storage port: files by location, on this machine or in an object store.

A *location* says where (protocol, path), with what (credentials, endpoint) and within which root. An
implementation promises:

* **Whole or not at all.** A reader never sees a half-written file: `put_file`, `put_tree` (each file) and
  `open_write` make a file visible only when its last byte is stored; local files are synchronised to disk
  first. What was there before is replaced at that moment.
* **Sorted.** `walk` gives files in the order of their POSIX paths (by code point), the same on every store.
* **Confined.** With `StorageLocation.root` set, a path that leaves the root, by ``..`` or through a symbolic
  link, is refused with ``PathNotAllowed`` before anything is read or written.
* **Absent is not unreachable.** `info` answers None only when the store said that nothing is there;
  an unknown host, a refused connection, a timeout or a refused credential raises ``StorageUnreachable``.
  A disk without space raises ``StorageFull``. A missing fsspec package raises ``MissingPackage`` with the
  command that installs it, a store that cannot do what is asked (writing to https) ``NotSupported``.
* **Repeatable.** `delete` of nothing is no error; putting the same file twice has the effect of once.
* **Present or away.** A root that is not there (an unmounted disk, a deleted share) raises
  ``StorageUnreachable``, for reading and for writing: nothing is written beside the mount point.
* Methods block, and may be called from several threads at once. Credentials stay in memory, out of messages.

Every implementation passes `lapisml.testing.storage.StorageSuite`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from lapisml.core.errors import ErrorCode, LapisError

Progress = Callable[[int], None]
"""Takes the number of bytes moved since the last call."""

SECRET_OPTIONS = frozenset(
    {
        "account_key",
        "sas_token",
        "client_secret",
        "connection_string",
        "key",
        "secret",
        "session_token",
        "token",
        "ticket",
    }
)
"""Options of a location that must never be shown or logged."""


@dataclass(frozen=True)
class StorageLocation:
    """A file or folder in a store.

    Attributes:
        protocol: ``file``, ``s3``, ``az`` (Blob, Data Lake Gen2), ``https``, ``http``, ``gs``, ``hdfs``, ``lapis``
            (files of the server's machine, reached through the server).
        path: ``file``: absolute path; ``s3``/``gs``: ``bucket/key``; ``az``: ``container/path``;
            ``http(s)``: the whole address; ``hdfs``: absolute path.
        options: what reaching it needs, in our own names: ``endpoint, region, key, secret, session_token``
            (s3), ``account_name, account_key, sas_token, tenant_id, client_id, client_secret,
            connection_string, endpoint`` (az), ``token`` (gs), ``host, port`` (hdfs), ``anonymous``,
            ``ticket, base, server_file`` (lapis: what gives the right, the path that it is good for, the file with
            the server's address),
            ``allow_private`` (http(s) and endpoints: private addresses may be connected to).
        root: path that `path` may not leave, in the same form; None when the location is its own root.
    """

    protocol: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    root: str | None = None

    def child(self, relative: str) -> StorageLocation:
        """Return the location of `relative`, a POSIX path below this one; this location becomes the root.

        Raises:
            LapisError: PathNotAllowed for an absolute path, ``..``, NUL or a backslash.
        """
        clean = safe_relative(relative)
        root = self.root if self.root is not None else self.path
        if not clean:
            return replace(self, root=root)
        base, mark, query = self.path.partition("?") if self.protocol in ("http", "https") else (self.path, "", "")
        return replace(self, path=f"{base.rstrip('/')}/{clean}{mark}{query}", root=root)

    @property
    def name(self) -> str:
        """The last component of the path, without a query."""
        path = self.path.split("?", 1)[0] if self.protocol in ("http", "https") else self.path
        return path.rstrip("/").rsplit("/", 1)[-1]

    def __str__(self) -> str:
        """Give the address for messages: no credentials, and no folder of this machine above the root."""
        if self.protocol in ("http", "https"):
            return self.path.split("?", 1)[0]
        if self.protocol == "file" and self.root is not None:
            return self.path.removeprefix(self.root).strip("/") or "the folder"
        return f"{self.protocol}://{self.path}"

    def to_json(self) -> dict[str, Any]:
        """Give the plain form, secrets included: only for files that their owner alone may read."""
        return {
            "protocol": self.protocol,
            "path": self.path,
            "options": dict(self.options),
            "root": self.root,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> StorageLocation:
        """Read `to_json`'s form back."""
        return cls(body["protocol"], body["path"], dict(body.get("options") or {}), body.get("root"))


@dataclass(frozen=True)
class ObjectInfo:
    """What a store says of one file or folder.

    Attributes:
        path: relative to the location asked for, POSIX; empty for the location itself.
        size: bytes; 0 for a folder.
        is_dir: whether it is a folder (in an object store: whether something lies below that prefix).
        modified_at: milliseconds since the epoch, UTC; None when the store does not say.
        etag: the store's own mark of the content, which changes with it; None for files of this machine and when
            the store does not say.
    """

    path: str
    size: int
    is_dir: bool = False
    modified_at: int | None = None
    etag: str | None = field(default=None, compare=False)


class Storage(Protocol):
    """Reads and writes files by location; see the module's text for what it promises."""

    def info(self, location: StorageLocation) -> ObjectInfo | None:
        """Describe a file or folder, None when nothing is there."""
        ...

    def children(self, location: StorageLocation) -> list[ObjectInfo]:
        """List the files and folders directly within a folder, sorted; empty when nothing is there."""
        ...

    def walk(self, location: StorageLocation) -> Iterator[ObjectInfo]:
        """Give every file below a folder, sorted, with paths relative to it.

        For a file: that file alone, its `path` being its name. For nothing: nothing.
        """
        ...

    def open_read(self, location: StorageLocation, offset: int = 0) -> BinaryIO:
        """Open a file for reading from byte `offset` on; the caller closes it.

        Raises:
            LapisError: NotFound when there is no such file.
        """
        ...

    def read_range(self, location: StorageLocation, start: int, length: int) -> bytes:
        """Read up to `length` bytes from `start` on; shorter at the end of the file."""
        ...

    def open_write(self, location: StorageLocation) -> AbstractContextManager[BinaryIO]:
        """Open a file for writing within ``with``: stored when the block ends, discarded when it raises."""
        ...

    def put_file(self, local: Path, location: StorageLocation, *, move: bool = False) -> None:
        """Store a local file; with `move` the local one may be consumed (a rename where possible)."""
        ...

    def put_tree(self, local: Path, location: StorageLocation, progress: Progress | None = None) -> int:
        """Store every file below a local folder under `location`; return the number of files.

        Symbolic links that stay within the folder are followed, others refused (PathNotAllowed).
        """
        ...

    def get(self, location: StorageLocation, local: Path, progress: Progress | None = None) -> int:
        """Bring a file to `local`, or a folder's files below it; return the number of files.

        Raises:
            LapisError: NotFound when nothing is there.
        """
        ...

    def copy(self, source: StorageLocation, target: StorageLocation, *, link: bool = False) -> int:
        """Copy a file or folder between stores; return the number of files.

        Args:
            link: both sides are immutable from now on, so that local files may share their content on disk.

        Raises:
            LapisError: NotFound when there is no source.
        """
        ...

    def delete(self, location: StorageLocation) -> None:
        """Delete a file, or a folder with all that is below it."""
        ...

    def local_path(self, location: StorageLocation) -> Path | None:
        """Return where the location lies on this machine (root checked), None when it is elsewhere."""
        ...


def safe_relative(path: str) -> str:
    """Return a relative POSIX path without empty or ``.`` components.

    Raises:
        LapisError: PathNotAllowed for an absolute path, a drive, ``..``, a backslash or a control character.
    """
    parts = path.split("/")
    bad = path.startswith("/") or ".." in parts or "\\" in path or any(ord(c) < 32 or ord(c) == 127 for c in path)
    if bad or (len(path) > 1 and path[1] == ":" and path[0].isalpha()):
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"The path {path!r} is not a relative path within its folder.")
    return "/".join(part for part in parts if part not in ("", "."))
