"""Code snapshots that lie in more than one place: the same files under one more name, not once more on disk."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.snapshots import blob_path, manifest_path
from lapisml.server.features.assets.disk import size, synchronise, translated, write_whole


def copy_snapshot(origin: Path, target: Path, digest: str) -> None:
    """Let a snapshot be found below another root too; the manifest comes last, so it is never found in part.

    Args:
        origin: root of the snapshots that have it.
        target: root of the snapshots that get it.
        digest: SHA-256 of its manifest, 64 hexadecimal digits.

    Raises:
        LapisError: Integrity when the origin lacks some of it; StorageFull.
    """
    with translated():
        try:
            content = Path(manifest_path(str(origin), digest)).read_bytes()
            for entry in json.loads(content)["files"]:
                sha256 = str(entry["sha256"])
                _share(Path(blob_path(str(origin), sha256)), Path(blob_path(str(target), sha256)))
        except FileNotFoundError as error:
            raise LapisError(ErrorCode.INTEGRITY, f"The code snapshot {digest} is not complete.") from error
        path = Path(manifest_path(str(target), digest))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def _share(source: Path, target: Path) -> None:
    """Give a stored file a second name, or a copy where file systems differ."""
    wanted = source.stat().st_size
    if size(target) == wanted:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        target.unlink()
    try:
        os.link(source, target)
    except FileExistsError:  # another request brought it at the same moment
        return
    except OSError:
        part = target.with_name(f".{target.name}")
        shutil.copyfile(source, part)
        part.replace(target)
    synchronise(target.parent)
