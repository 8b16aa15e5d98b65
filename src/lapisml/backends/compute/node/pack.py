"""The pack: those sources of Lapis that a node needs, as one archive named by its digest.

Made from the very files that this process runs, so that server and nodes are never of two versions. The same files
give the same bytes, whoever packs them and when.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import lapisml

_STAYS_HERE = frozenset({"server", "cli", "sdk", "azshim", "testing", "__pycache__"})
"""Folders of the package that no node needs."""


@dataclass(frozen=True)
class Pack:
    """An archive (``tar.gz``) with the folder ``lapisml``, and its SHA-256 in hexadecimal digits."""

    digest: str
    data: bytes


@lru_cache(maxsize=1)
def pack() -> Pack:
    """Make the pack; the second call in a process gives the first one's."""
    folder = Path(lapisml.__file__).parent
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(_files(folder)):
            data = path.read_bytes()
            member = tarfile.TarInfo(f"lapisml/{path.relative_to(folder).as_posix()}")
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    data = gzip.compress(plain.getvalue(), compresslevel=6, mtime=0)
    return Pack(hashlib.sha256(data).hexdigest(), data)


def _files(folder: Path) -> list[Path]:
    found = [path for path in folder.iterdir() if path.is_file()]
    for below in folder.iterdir():
        if below.is_dir() and below.name not in _STAYS_HERE:
            found += [p for p in below.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return found
