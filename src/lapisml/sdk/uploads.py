"""Uploading files and folders by content: only what the server has not got yet is sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.ignore import IgnoreRules, walk
from lapisml.documents.manifest import Manifest, ManifestFile
from lapisml.sdk.progress import Advance
from lapisml.sdk.session import Session
from lapisml.sdk.transport import BLOCK

PARALLEL = 4
ROUNDS = 3
"""How often the server may say that something is still missing."""

Purpose = Literal["code", "data"]


@dataclass(frozen=True)
class Content:
    """What a local path holds.

    Attributes:
        manifest: its files.
        basename: name of the file or folder.
        places: SHA-256 → a local file with that content.
    """

    manifest: Manifest
    basename: str
    places: dict[str, Path]


def read_content(path: Path | None, includes: Sequence[Path] = ()) -> Content:
    """Hash a file, or the files of a folder.

    Ignore rules hold for code and for folders of data alike, as with Azure ML. Links are followed.

    Args:
        path: the file or folder; None when there is nothing but `includes`.
        includes: further files and folders, which come to lie beside its files under their own names.

    Raises:
        LapisError: ReferenceNotFound when `path` is not there, can't be read, or is an empty folder.
    """
    try:
        found = _files(path, "") if path else []
        found += [pair for extra in includes for pair in _files(extra, f"{extra.name}/")]
        with ThreadPoolExecutor(PARALLEL) as pool:
            files = list(pool.map(_describe, found))
    except OSError as error:
        sentence = f"'{error.filename or path}' can't be read: {error.strerror}."
        raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence) from error
    if not files:
        hint = "A folder without files can't be used; see .amlignore and .gitignore in it."
        raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, f"The folder '{path or includes[0]}' has no files.", hint)
    places = {entry.sha256: place for entry, (_, place) in zip(files, found, strict=True)}
    return Content(Manifest.of(files), path.resolve().name if path else "code", places)


def upload(session: Session, path: Path | None, purpose: Purpose, includes: Sequence[Path] = ()) -> str:
    """Store a local file or folder at the server and return its ``azureml://`` address.

    Sending the same content again sends no file.

    Raises:
        LapisError: ReferenceNotFound for what can't be read; Integrity when a file changes meanwhile.
    """
    content = read_content(path, includes)
    body = {"manifest": content.manifest.to_dict(), "purpose": purpose, "basename": content.basename}
    answer = session.transport.request("POST", session.path("uploads"), json_body=body)
    for _ in range(ROUNDS):
        _send(session, content, answer["missing"])
        done = session.path("uploads", answer["digest"], "complete")
        answer = session.transport.request("POST", done, json_body=body)
        if not answer["missing"]:
            return str(answer["uri"])
    sentence = f"'{path or content.basename}' could not be stored whole: files keep being missing."
    raise LapisError(ErrorCode.INTEGRITY, sentence)


def _files(path: Path, prefix: str) -> list[tuple[str, Path]]:
    if path.is_file():
        return [(path.name, path)]
    return [(prefix + name, place) for name, place in walk(path, IgnoreRules.of_folder(path))]


def _describe(found: tuple[str, Path]) -> ManifestFile:
    name, place = found
    digest, size = hashlib.sha256(), 0
    with place.open("rb") as source:
        mode = "755" if os.fstat(source.fileno()).st_mode & 0o100 else "644"
        while block := source.read(BLOCK):
            digest.update(block)
            size += len(block)
    return ManifestFile(name, size, digest.hexdigest(), mode)


def _send(session: Session, content: Content, missing: Iterable[str]) -> None:
    wanted = {file.sha256: file for file in content.manifest.files if file.sha256 in set(missing)}
    if not wanted:
        return
    total = sum(file.size for file in wanted.values())
    with session.progress(f"Uploading {content.basename}", total) as advance, ThreadPoolExecutor(PARALLEL) as pool:
        sent = [pool.submit(_put, session, file, content.places[file.sha256], advance) for file in wanted.values()]
        for one in sent:
            one.result()


def _put(session: Session, file: ManifestFile, place: Path, advance: Advance) -> None:
    def opened() -> _Counted:
        if place.stat().st_size != file.size:
            raise LapisError(ErrorCode.INTEGRITY, f"'{place}' changed while it was uploaded.", "Run the command again.")
        return _Counted(place, advance)

    session.transport.request("PUT", session.path("uploads", "blobs", file.sha256), data=opened, size=file.size)


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, place: Path, advance: Advance) -> None:
        self._source = place.open("rb")
        self._advance = advance

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        block = self._source.read(size)
        self._advance(len(block))
        return block

    def close(self) -> None:
        """Close the file."""
        self._source.close()
