"""Bringing folders to a node by their contents: only what is not there yet travels."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lapisml.backends.compute.node.link import Link
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import blob_path
from lapisml.documents.manifest import Manifest, ManifestFile

_AT_ONCE = 4 << 20
"""Bytes that one message carries."""


@dataclass(frozen=True)
class Shipment:
    """A folder's content that is to be on the node.

    Attributes:
        manifest: its files.
        path_of: where the content of a file lies here.
    """

    manifest: Manifest
    path_of: Callable[[ManifestFile], Path]

    @property
    def digest(self) -> str:
        """The manifest's digest, which names the folder."""
        return self.manifest.digest()


def from_store(manifest: Manifest, root: str) -> Shipment:
    """Make a shipment of a snapshot that lies in a snapshot store."""
    return Shipment(manifest, lambda file: Path(blob_path(root, file.sha256)))


def from_folder(manifest: Manifest, folder: Path) -> Shipment:
    """Make a shipment of a plain folder."""
    return Shipment(manifest, lambda file: folder / file.path)


def ship(link: Link, shipment: Shipment) -> None:
    """Bring what is missing; the manifest comes last, so that it is there only when all its files are.

    Raises:
        LapisError: ServerUnreachable, StorageFull, Integrity.
    """
    digest = shipment.digest
    asked, _tail = link.call("missing", {"manifest": digest})
    if not asked["manifest"]:
        return
    by_digest = {file.sha256: file for file in shipment.manifest.files}
    missing, _tail = link.call("missing", {"manifest": digest, "blobs": sorted(by_digest)})
    small: list[tuple[str, bytes]] = []
    size = 0
    for file in (by_digest[each] for each in missing["blobs"]):
        if file.size > _AT_ONCE:
            _ship_large(link, file, shipment.path_of(file))
            continue
        small.append((file.sha256, _content(shipment, file)))
        size += file.size
        if size > _AT_ONCE:
            _ship_small(link, small)
            small, size = [], 0
    if small:
        _ship_small(link, small)
    link.call("put", {"manifest": digest}, json.dumps(shipment.manifest.to_dict()).encode())


def _ship_small(link: Link, contents: list[tuple[str, bytes]]) -> None:
    blobs = [[digest, len(data)] for digest, data in contents]
    link.call("put", {"blobs": blobs}, b"".join(data for _digest, data in contents))


def _ship_large(link: Link, file: ManifestFile, path: Path) -> None:
    upload = secrets.token_hex(8)
    for offset, data, last in _pieces(path, file):
        link.call("put", {"blob": file.sha256, "upload": upload, "offset": offset, "last": last}, data)


def _pieces(path: Path, file: ManifestFile) -> Iterator[tuple[int, bytes, bool]]:
    try:
        with path.open("rb") as stream:
            offset = 0
            while data := stream.read(_AT_ONCE):
                yield offset, data, offset + len(data) >= file.size
                offset += len(data)
    except OSError as error:
        raise _unreadable(file, error) from error


def _content(shipment: Shipment, file: ManifestFile) -> bytes:
    try:
        return shipment.path_of(file).read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: ManifestFile, error: OSError) -> LapisError:
    sentence = f"The content of '{file.path}' can't be read on the server: {error.strerror}."
    return LapisError(ErrorCode.INTEGRITY, sentence, "Submit the job again from its code.")
