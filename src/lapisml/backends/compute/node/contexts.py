"""The manifest of a folder from which an environment is built."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.manifest import Manifest, ManifestFile


def manifest_of(folder: Path) -> Manifest:
    """Read a folder; links are followed as long as they stay within it.

    Raises:
        LapisError: ReferenceNotFound when it can't be read, PathNotAllowed for a link that leads out of it.
    """
    found = []
    top = folder.resolve()
    try:
        for parent, folders, names in os.walk(folder):
            folders.sort()
            for name in names:
                path = Path(parent, name)
                if not path.resolve().is_relative_to(top):
                    sentence = f"'{name}' in the build context leads out of it."
                    raise LapisError(ErrorCode.PATH_NOT_ALLOWED, sentence)
                if path.is_file():
                    found.append(_file(path, path.relative_to(folder).as_posix()))
    except OSError as error:
        sentence = f"The build context {folder.name} can't be read: {error.strerror}."
        raise LapisError(ErrorCode.REFERENCE_NOT_FOUND, sentence) from error
    return Manifest.of(found)


def _file(path: Path, relative: str) -> ManifestFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    facts = path.stat()
    return ManifestFile(relative, facts.st_size, digest, "755" if facts.st_mode & 0o100 else "644")
