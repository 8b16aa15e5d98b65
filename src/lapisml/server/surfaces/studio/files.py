"""The files of the built page: which there are, in which encodings, under which tags."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Encodings that the build makes beside each file, by their name in ``Accept-Encoding``, best first."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Form:
    """One encoding of a file.

    Attributes:
        encoding: as ``Content-Encoding`` names it; empty: none.
        etag: of these very bytes.
    """

    content: bytes
    encoding: str
    etag: str


@dataclass
class PageFile:
    """One file of the page.

    Attributes:
        kind: its media type.
        paths: encoding → where its bytes lie; the empty encoding is always there.
    """

    kind: str
    paths: dict[str, Path]
    _forms: dict[str, Form] = field(default_factory=dict)

    def form(self, accepted: str) -> Form:
        """Give the shortest form that a client takes; read once.

        Args:
            accepted: the header ``Accept-Encoding``.
        """
        encoding = next((name for name in ENCODINGS if name in self.paths and _accepts(accepted, name)), "")
        if encoding not in self._forms:
            content = self.paths[encoding].read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
            self._forms[encoding] = Form(content, encoding, etag)
        return self._forms[encoding]


def find_files(folder: Path) -> dict[str, PageFile]:
    """List what the build left, by path below `folder`; nothing else is ever served."""
    files = (path for path in folder.rglob("[!.]*") if path.is_file() and not path.is_symlink())
    found = {path.relative_to(folder).as_posix(): path for path in files}
    encoded = tuple(ENCODINGS.values())
    plain = {name: path for name, path in found.items() if not (name.endswith(encoded) and _stem(name) in found)}
    return {name: PageFile(_kind(path), _paths(name, path, found)) for name, path in plain.items()}


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _kind(path: Path) -> str:
    return _TYPES.get(path.suffix, "application/octet-stream")


def _paths(name: str, path: Path, found: dict[str, Path]) -> dict[str, Path]:
    encoded = {encoding: found[name + ending] for encoding, ending in ENCODINGS.items() if name + ending in found}
    return {"": path, **encoded}


def _accepts(accepted: str, encoding: str) -> bool:
    """Say whether ``Accept-Encoding`` names an encoding with a weight above zero (RFC 9110, 12.5.3)."""
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == encoding:
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
