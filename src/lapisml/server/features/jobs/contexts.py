"""Build contexts that lie in an object store, brought to this machine once for each content."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from pathlib import Path

from lapisml.core.errors import not_found
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.platform.trees import remove_tree


def bring_context(storage: Storage, location: StorageLocation, folder: Path) -> Path:
    """Return a folder of this machine with the files at a location, whole.

    What was brought before is used again while the store says the same of every file.

    Args:
        folder: where the folders are kept, one for each content.

    Raises:
        LapisError: NotFound, StorageUnreachable, StorageFull.
    """
    facts = [f"{item.path}\0{item.size}\0{item.etag or item.modified_at}" for item in storage.walk(location)]
    if not facts:
        raise not_found("build context", str(location))
    content = "\n".join([location.protocol, location.path, *facts])
    target = folder / hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if target.is_dir():
        return target
    part = folder / f".{secrets.token_hex(8)}"
    try:
        storage.get(location, part)
        with suppress(OSError):  # another thread was faster
            part.rename(target)
    finally:
        remove_tree(part)
    return target
