"""Pending uploads: a private folder for each, that nothing but its own container's address leads to.

A client asks for one before it sends the files of a code snapshot, say; then it names the container in the document,
and whoever takes that document in reads the folder. What nobody took for a week is removed.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Protocol

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import is_valid_name
from lapisml.ports.storage import StorageLocation
from lapisml.server.features.workspaces.registries import REGISTRY_MARK
from lapisml.server.platform.trees import finish_removals, remove_tree
from lapisml.server.surfaces.blob import records

FOLDER = "pending"
"""Below a workspace's storage."""

_NAME = re.compile(r"upload-[0-9a-f]{32}\Z")
ABANDONED_MS = 7 * 86_400_000


class Pending(Protocol):
    """Makes and finds pending uploads."""

    def create(self, workspace: str) -> str:
        """Make an empty one; return the name of its container."""
        ...

    def place(self, workspace: str, container: str) -> tuple[StorageLocation, int]:
        """Return where the files of a container lie, and when it was changed, milliseconds since the epoch.

        Raises:
            LapisError: NotFound when there is no such pending upload.
        """
        ...

    def is_there(self, workspace: str, container: str) -> bool:
        """Say whether a container is a pending upload."""
        ...

    def discard(self, workspace: str, container: str) -> None:
        """Remove one with its files; nothing happens when it is not there."""
        ...


class PendingUploads:
    """Pending uploads in folders of this machine.

    Attributes:
        storage: folder with one folder for each workspace's files.
    """

    def __init__(self, storage: Path, clock: Clock) -> None:
        self.storage = storage
        self._clock = clock

    def create(self, workspace: str) -> str:
        """Make an empty one; return the name of its container."""
        parent = self._parent(workspace)
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._prune(parent)
        container = f"upload-{secrets.token_hex(16)}"
        (parent / container).mkdir(mode=0o700)
        return container

    def folder(self, workspace: str, container: str) -> Path:
        """Return where the files of a container lie.

        Raises:
            LapisError: NotFound when there is no such pending upload.
        """
        folder = self._parent(workspace) / container
        if not is_pending(container) or not folder.is_dir():
            raise no_such_upload(container)
        return folder

    def place(self, workspace: str, container: str) -> tuple[StorageLocation, int]:
        """Return where the files of a container lie, and when it was changed, milliseconds since the epoch.

        Raises:
            LapisError: NotFound when there is no such pending upload.
        """
        folder = self.folder(workspace, container)
        return StorageLocation("file", str(folder), root=str(folder)), folder.stat().st_mtime_ns // 1_000_000

    def is_there(self, workspace: str, container: str) -> bool:
        """Say whether a container is a pending upload."""
        return is_pending(container) and (self._parent(workspace) / container).is_dir()

    def discard(self, workspace: str, container: str) -> None:
        """Remove one with its files; nothing happens when it is not there."""
        if is_pending(container):
            self._remove(self._parent(workspace) / container)

    def _parent(self, workspace: str) -> Path:
        check_workspace(workspace)
        return self.storage / workspace / FOLDER

    def _prune(self, parent: Path) -> None:
        finish_removals(parent)
        oldest = self._clock.now_ms() - ABANDONED_MS
        for folder in parent.iterdir():
            if is_pending(folder.name) and folder.stat().st_mtime * 1000 < oldest:
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
        remove_tree(folder)
        remove_tree(folder.parent.parent / records.FOLDER / folder.name)


def check_workspace(workspace: str) -> None:
    """Check that a name is one of a workspace or a registry.

    Raises:
        LapisError: NotFound.
    """
    if not is_valid_name(workspace.removeprefix(REGISTRY_MARK)):
        raise LapisError(ErrorCode.NOT_FOUND, f"There is no workspace named '{workspace}'.")


def no_such_upload(container: str) -> LapisError:
    """Make the error for a pending upload that is not there."""
    return LapisError(ErrorCode.NOT_FOUND, f"There is no pending upload '{container}'.", "Begin the upload again.")


def is_pending(container: str) -> bool:
    """Say whether a container's name is one of a pending upload."""
    return _NAME.match(container) is not None
