"""Writing blobs: a content is out of sight until its last byte is on disk, and then replaces the one before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lapisml.server.surfaces.blob import names
from lapisml.server.surfaces.blob.blobs import Blob, Blobs, Target
from lapisml.server.surfaces.blob.call import BlobCall
from lapisml.server.surfaces.blob.containers import Container
from lapisml.server.surfaces.blob.errors import BlobError
from lapisml.server.surfaces.blob.records import Content, Record
from lapisml.server.surfaces.blob.room import check_room


@dataclass
class Incoming:
    """A content on its way.

    Attributes:
        stream: takes its bytes.
        blob: what became of it; None until it is there.
    """

    stream: BinaryIO
    blob: Blob | None = None


class Writing:
    """Puts contents in their places."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def check(self, container: Container, call: BlobCall) -> Target:
        """Look at the head of a request that brings a blob, before any byte of it is taken; return where it goes.

        Raises:
            BlobError: the name or a condition speaks against it.
            LapisError: StorageFull.
        """
        names.check(call.name)
        target = self._blobs.target(container, call.name)
        found = self._blobs.checked(container, call.name, call.headers, target)
        if target.path is not None:
            if found is None:
                _make_way(target.path, Path(container.root.path))
            check_room(Path(container.root.path), call.length or 0)
        return target

    @contextmanager
    def put(self, container: Container, call: BlobCall, record: Record, target: Target) -> Iterator[Incoming]:
        """Take a content within ``with``; the blob is there when the block ends.

        Args:
            target: as `check` gave it.

        Raises:
            BlobError: ConditionNotMet, BlobAlreadyExists when somebody was faster.
        """
        location = target.location
        before, content = None, None
        with ExitStack() as turn:
            with self._blobs.storage.open_write(location) as stream:
                incoming = Incoming(stream)
                yield incoming
                stream.flush()
                turn.enter_context(self._blobs.turn(container, call.name))
                before = self._blobs.checked(container, call.name, call.headers, target)
                if location.protocol == "file":  # its identity is known already: content and record appear at once
                    content = Content.of_file(os.fstat(stream.fileno()))
                    container.records.write(call.name, content, record)
            if content is None:
                content = self._stored(container, call.name)
                container.records.write(call.name, content, record)
            if before is not None and before.content.identity != content.identity:
                container.records.forget(call.name, before.content)
            incoming.blob = Blob(location, content, record)

    def _stored(self, container: Container, name: str) -> Content:
        found = self._blobs.find(container, name)
        if found is None:
            raise BlobError("InternalError", "The store shows no trace of what it took.")
        return found.content


def _make_way(path: Path, root: Path) -> None:
    """Check that a file can be at `path`; folders without any file in them make way.

    Raises:
        BlobError: ResourceTypeMismatch.
    """
    if path.is_dir():
        _remove_empty(path)
        if path.is_dir():
            raise _mismatch("a folder with blobs in it has this name")
    real_root = root.resolve()
    for parent in path.parents:
        if parent.is_dir() or parent == real_root:
            return
        if parent.exists():
            raise _mismatch("a part of this name is itself a blob, which can't hold others")


def _remove_empty(folder: Path) -> None:
    for parent, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            Path(parent).rmdir()


def _mismatch(why: str) -> BlobError:
    return BlobError("ResourceTypeMismatch", f"Blobs are files here, and {why}.")
