"""The certificate of a revision that runs on other machines: both sides show it, and trust nothing else."""

from __future__ import annotations

from pathlib import Path

from lapisml.backends.compute.node.certificate import made
from lapisml.server.platform.files import create_private


def pem_of(path: Path, revision: str) -> str:
    """Give certificate and key of a revision; made, and kept at `path` for its owner alone, where there are none.

    Raises:
        OSError: the file system refused.
    """
    if path.exists():
        return path.read_text(encoding="ascii")
    return create_private(path, made(revision)).decode("ascii")
