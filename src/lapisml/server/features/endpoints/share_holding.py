"""What is known of a share's job that holds tickets for files (`lapisml.ports.attach.Hold`)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from lapisml.ports.attach import Hold
from lapisml.ports.compute import Handle
from lapisml.server.features.endpoints import share_store
from lapisml.server.features.endpoints.tables import online_revisions
from lapisml.server.platform.database import Database


def hold_of_shares(database: Database) -> Callable[[int, Handle], Hold]:
    """Return what says how it is with a share's job, by its workspace's id."""

    def hold_of(workspace_id: int, job: Handle) -> Hold:
        words = job.job.split("--")
        if len(words) < 2:
            return Hold.OVER
        whose = select(online_revisions.c.workspace_id).where(online_revisions.c.id == words[1])
        with database.read() as connection:
            if connection.execute(whose).scalar() != workspace_id:
                return Hold.OVER
            found = share_store.of_revision(connection, words[1])
        for share in found:
            if (share.job, share_store.key_of(share)) == (job.job, job.submit_key):
                return Hold.HEARD if share.away_since is None else Hold.SILENT
        return Hold.OVER

    return hold_of
