"""A folder's content by digest: which files, how long, with which SHA-256, executable or not.

Light: the standard library only. The digest of the manifest's canonical JSON names the folder, whoever made it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_MODES = ("644", "755")
_KEYS = {"path", "size", "sha256", "mode"}
_LONGEST_PATH = 4096
MOST_FILES = 200_000
"""Files that one manifest may name."""


@dataclass(frozen=True, order=True)
class ManifestFile:
    """One file.

    Attributes:
        path: below the folder, with forward slashes.
        size: bytes.
        sha256: of the content, 64 hexadecimal digits.
        mode: ``644``, or ``755`` for a file that its owner may execute.
    """

    path: str
    size: int
    sha256: str
    mode: str = "644"


@dataclass(frozen=True)
class Manifest:
    """The files of a folder, sorted by path (by code point)."""

    files: tuple[ManifestFile, ...]

    @classmethod
    def of(cls, files: Iterable[ManifestFile]) -> Manifest:
        """Sort and check files.

        Raises:
            LapisError: PathNotAllowed for a path that leaves the folder, DocumentInvalid for two files of one path.
        """
        manifest = cls(tuple(sorted(files)))
        _check_paths(manifest.files)
        return manifest

    @classmethod
    def from_dict(cls, data: Any) -> Manifest:
        """Read the wire form: ``{"files": [{"path", "size", "sha256", "mode"}]}``.

        Raises:
            LapisError: DocumentInvalid, RequestTooLarge or PathNotAllowed; the message names the file.
        """
        files = data.get("files") if isinstance(data, Mapping) else None
        if not isinstance(files, list):
            raise _invalid("A manifest is a mapping with a list `files`.")
        if len(files) > MOST_FILES:
            raise LapisError(ErrorCode.REQUEST_TOO_LARGE, f"A manifest names at most {MOST_FILES} files.")
        return cls.of(_file(entry) for entry in files)

    def to_dict(self) -> dict[str, Any]:
        """Give the wire form."""
        return {"files": [asdict(file) for file in self.files]}

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON: sorted keys, no spaces, UTF-8; 64 hexadecimal digits."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


def is_digest(text: str) -> bool:
    """Say whether `text` is 64 lower-case hexadecimal digits."""
    return _SHA256.match(text) is not None


def _file(entry: Any) -> ManifestFile:
    if not isinstance(entry, Mapping) or not set(entry) <= _KEYS:
        raise _invalid("Each file of a manifest has path, size, sha256 and mode, and nothing else.")
    path, size, sha256, mode = (entry.get(key) for key in ("path", "size", "sha256", "mode"))
    if not isinstance(path, str):
        raise _invalid("Each file of a manifest has a path.")
    if type(size) is not int or size < 0:
        raise _invalid(f"The size of '{path}' is not a number of bytes.")
    if not isinstance(sha256, str) or not is_digest(sha256):
        raise _invalid(f"The sha256 of '{path}' is not 64 hexadecimal digits.")
    if mode not in _MODES:
        raise _invalid(f"The mode of '{path}' is neither 644 nor 755.")
    return ManifestFile(path, size, sha256, mode)


def _check_paths(files: tuple[ManifestFile, ...]) -> None:
    known: set[str] = set()
    for file in files:
        if file.path in known:
            raise _invalid(f"A manifest names '{file.path}' twice.")
        if not _stays_inside(file.path):
            raise LapisError(ErrorCode.PATH_NOT_ALLOWED, f"'{file.path}' is not a path within the folder.")
        known.add(file.path)
    for path in known:
        above = path.rpartition("/")[0]
        while above:
            if above in known:
                raise _invalid(f"A manifest names '{above}' as a file and as a folder.")
            above = above.rpartition("/")[0]


def _stays_inside(path: str) -> bool:
    """Say whether a path is relative, without empty, ``.`` or ``..`` segments, backslashes or control characters."""
    if not path or len(path) > _LONGEST_PATH or "\\" in path or any(ord(c) < 32 or ord(c) == 127 for c in path):
        return False
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in path.split("/"))


def _invalid(message: str) -> LapisError:
    return LapisError(ErrorCode.DOCUMENT_INVALID, message)
