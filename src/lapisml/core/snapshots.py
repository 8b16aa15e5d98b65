"""Where code snapshots lie below a workspace's snapshot folder: file contents by digest, manifests by digest."""

from __future__ import annotations

import os
from collections.abc import Iterable

FOLDER = "snapshots"
"""Name of the snapshot folder within a workspace's storage folder."""


def blob_path(root: str, sha256: str) -> str:
    """Return the path of a file's content: ``<root>/blobs/ab/<sha256>``."""
    return os.path.join(root, "blobs", sha256[:2], sha256)  # noqa: PTH118 - the runner starts without pathlib


def manifest_path(root: str, digest: str) -> str:
    """Return the path of a snapshot's manifest; it is there only when every file of it is."""
    return os.path.join(root, "manifests", f"{digest}.json")  # noqa: PTH118


def folders_of(paths: Iterable[str]) -> list[str]:
    """Return the folders that files at these POSIX paths need, parents first."""
    found: set[str] = set()
    for path in paths:
        above = path.rpartition("/")[0]
        while above and above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return sorted(found)
