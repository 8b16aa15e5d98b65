"""The shares of revisions: their rows, and what the compute says of the jobs that keep them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from lapisml.core.errors import LapisError
from lapisml.ports.compute import ComputeBackend, Handle, Observation, Watch
from lapisml.server.features.endpoints import share_store
from lapisml.server.features.endpoints.share_store import Share, key_of
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database


class ShareBook:
    """Reads, writes and observes shares.

    Args:
        database: where they are read.
        leased: writes while this server may.
    """

    def __init__(self, database: Database, leased: SiteLease) -> None:
        self._database = database
        self._leased = leased
        self._read_to: dict[str, tuple[int, int]] = {}

    def of(self, revision_id: str) -> list[Share]:
        """Give the shares of a revision, by machine."""
        with self._database.read() as connection:
            return share_store.of_revision(connection, revision_id)

    def add(self, share: Share) -> None:
        """Keep a new share."""
        with self._leased.write() as connection:
            share_store.add(connection, share)

    def change(self, share: Share, **values: object) -> bool:
        """Write what differs; say whether anything did."""
        differing = {key: value for key, value in values.items() if getattr(share, key) != value}
        if not differing:
            return False
        with self._leased.write() as connection:
            return share_store.change(connection, share, **differing)

    def remove(self, *shares: Share) -> None:
        """Forget shares, all or none."""
        with self._leased.write() as connection:
            for share in shares:
                share_store.remove(connection, share)
        for share in shares:
            self._read_to.pop(share.job, None)

    def observe(self, workspace: Workspace, backend: ComputeBackend, shares: Sequence[Share]) -> dict[int, Observation]:
        """Ask the compute for all shares at once; what their jobs wrote before is not read again."""
        watches = [Watch(handle_of(workspace, one), *self._read_to.get(one.job, (0, 0))) for one in shares]
        found = backend.observe(watches) if watches else []
        for share, one in zip(shares, found, strict=True):
            journal, metrics = self._read_to.get(share.job, (0, 0))
            self._read_to[share.job] = (max(one.journal_cursor, journal), max(one.metrics_cursor, metrics))
        return {share.node: one for share, one in zip(shares, found, strict=True)}


def discard(workspace: Workspace, backend: ComputeBackend, share: Share) -> None:
    """Remove what a share's job left; what can't be removed now stays."""
    with contextlib.suppress(LapisError, OSError):
        backend.discard(handle_of(workspace, share))


def handle_of(workspace: Workspace, share: Share) -> Handle:
    """Give what the compute finds a share's job by."""
    return Handle(workspace.name, share.job, key_of(share))


def turn_of(share: Share) -> int:
    """Give the number under which the steps of a share take turns."""
    return (int(share.revision_id, 16) << 16) + share.node
