"""Pending uploads of servers whose files lie in an object store: any server takes any request of one.

A prefix exists only while something lies below it, so a mark says that the upload was begun.
"""

from __future__ import annotations

import secrets
import time

from lapisml.core.clock import Clock
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.datastores.own_files import OwnFiles
from lapisml.server.surfaces.blob.pending import ABANDONED_MS, FOLDER, check_workspace, is_pending, no_such_upload

_MARKS = "marks"
_PRUNE_EVERY_S = 3_600


class SharedPendingUploads:
    """Implements `Pending` over an object store.

    Args:
        files: where workspaces keep their files.
    """

    def __init__(self, files: OwnFiles, storage: Storage, clock: Clock) -> None:
        self._files = files
        self._storage = storage
        self._clock = clock
        self._pruned_at: dict[str, float] = {}

    def create(self, workspace: str) -> str:
        """Make an empty one; return the name of its container."""
        check_workspace(workspace)
        self._prune(workspace)
        container = f"upload-{secrets.token_hex(16)}"
        with self._storage.open_write(self._mark(workspace, container)) as stream:
            stream.write(b"begun")
        return container

    def place(self, workspace: str, container: str) -> tuple[StorageLocation, int]:
        """Return where the files of a container lie, and when it was begun."""
        check_workspace(workspace)
        found = self._storage.info(self._mark(workspace, container)) if is_pending(container) else None
        if found is None:
            raise no_such_upload(container)
        return self._files.at(workspace, FOLDER, container), found.modified_at or self._clock.now_ms()

    def is_there(self, workspace: str, container: str) -> bool:
        """Say whether a container is a pending upload."""
        check_workspace(workspace)
        return is_pending(container) and self._storage.info(self._mark(workspace, container)) is not None

    def discard(self, workspace: str, container: str) -> None:
        """Remove one with its files; nothing happens when it is not there."""
        check_workspace(workspace)
        if is_pending(container):
            self._storage.delete(self._files.at(workspace, FOLDER, container))
            self._storage.delete(self._mark(workspace, container))

    def _mark(self, workspace: str, container: str) -> StorageLocation:
        return self._files.at(workspace, FOLDER).child(f"{_MARKS}/{container}")

    def _prune(self, workspace: str) -> None:
        """Now and then remove what nobody took for a week."""
        now = time.monotonic()
        if now - self._pruned_at.get(workspace, -_PRUNE_EVERY_S) < _PRUNE_EVERY_S:
            return
        self._pruned_at[workspace] = now
        oldest = self._clock.now_ms() - ABANDONED_MS
        for entry in list(self._storage.walk(self._files.at(workspace, FOLDER, _MARKS))):
            if entry.modified_at is not None and entry.modified_at < oldest:
                self.discard(workspace, entry.path)
