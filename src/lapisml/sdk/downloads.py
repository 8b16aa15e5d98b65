"""Downloading files from the workspace: whole or not at all, going on where a broken transfer stopped."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import IncompleteRead
from pathlib import Path, PurePosixPath

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.progress import Advance
from lapisml.sdk.session import Session
from lapisml.sdk.transport import BLOCK, CONNECT_ERRORS

PARALLEL = 4
ATTEMPTS = 5


@dataclass(frozen=True)
class RemoteFile:
    """A file below a URI: its POSIX path (empty when the URI is the file) and size in bytes."""

    uri: str
    path: str
    size: int


def list_files(session: Session, uri: str) -> list[RemoteFile]:
    """List the files below `uri`, an ``azureml:`` or ``azureml://`` address of any form.

    Raises:
        LapisError: NotFound, PathNotAllowed …, as the server says.
    """
    records = session.pages(session.path("content"), uri=uri)
    return [RemoteFile(uri, str(record["path"]), int(record["size"])) for record in records]


def download_tree(session: Session, uri: str, target: Path) -> list[Path]:
    """Download all files below `uri` into the folder `target` and return their places.

    Raises:
        LapisError: NotFound; PathNotAllowed, when the server names a path that leaves `target`.
    """
    return download_files(session, [(file, target) for file in list_files(session, uri)])


def download_files(session: Session, wanted: Iterable[tuple[RemoteFile, Path]]) -> list[Path]:
    """Download each file into the folder beside it; see `download_tree`."""
    jobs = [(file, _place(file, folder)) for file, folder in wanted]
    total = sum(file.size for file, _ in jobs)
    with session.progress("Downloading", total) as advance, ThreadPoolExecutor(PARALLEL) as pool:
        for done in [pool.submit(_download, session, file, place, advance) for file, place in jobs]:
            done.result()
    return [place for _, place in jobs]


def _place(file: RemoteFile, folder: Path) -> Path:
    relative = PurePosixPath(file.path or PurePosixPath(file.uri.rstrip("/")).name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in str(relative) or "\0" in str(relative):
        raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"The server named a file '{relative}' outside the download.")
    return folder / relative


def _download(session: Session, file: RemoteFile, place: Path, advance: Advance) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        for attempt in range(ATTEMPTS):
            try:
                _fetch_rest(session, file, part, advance)
                break
            except CONNECT_ERRORS as error:
                if isinstance(error, FileNotFoundError | PermissionError) or attempt == ATTEMPTS - 1:
                    raise
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _fetch_rest(session: Session, file: RemoteFile, part: Path, advance: Advance) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    query = {"uri": file.uri, "path": file.path}
    path = session.path("content", "file")
    with (
        session.transport.open("GET", path, query=query, headers=headers) as response,
        part.open("ab" if response.status == 206 else "wb") as sink,
    ):
        while block := response.read(BLOCK):
            sink.write(block)
            advance(len(block))
        if response.length:
            raise IncompleteRead(b"", response.length)
