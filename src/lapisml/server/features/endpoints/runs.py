"""Where the processes of a revision run, and the handles that their compute knows them by."""

from __future__ import annotations

from dataclasses import dataclass

from lapisml.core.errors import LapisError
from lapisml.ports.compute import ComputeBackend, Handle, LogFile
from lapisml.runner.serving import doors
from lapisml.server.features.endpoints import share_store
from lapisml.server.features.endpoints.hosts import Hosts, compute_of
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.endpoints.share_book import handle_of as handle_of_share
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database

_NOT_FOR_PEOPLE = (doors.STATE_LOG, doors.SWAGGER_LOG)


@dataclass(frozen=True)
class Run:
    """A job of a revision.

    Attributes:
        backend: what runs it.
        handle: what that knows it by.
        attempt: its number.
        node: what its machine is called; empty for this one.
    """

    backend: ComputeBackend
    handle: Handle
    attempt: int
    node: str = ""

    def logs(self, folder: str) -> list[LogFile]:
        """List its logs below a folder, by path; none where its machine can't be reached."""
        try:
            found = self.backend.list_logs(self.handle)
        except LapisError:
            return []
        return [log for log in found if log.path.startswith(folder) and log.path not in _NOT_FOR_PEOPLE]


class RevisionRuns:
    """Knows where revisions run.

    Args:
        database: has the shares.
        backend: runs those of this machine.
        hosts: the others.
    """

    def __init__(self, database: Database, backend: ComputeBackend, hosts: Hosts) -> None:
        self._database = database
        self._backend = backend
        self._hosts = hosts

    def of(self, workspace: Workspace, revision: Revision, back: int = 0) -> list[Run]:
        """Give the jobs of a revision: those of the attempt at hand, or of one before it.

        Args:
            back: how many attempts to go back.
        """
        if compute_of(revision) is None:
            number = revision.attempt - back
            return [Run(self._backend, handle_of(workspace, revision, number), number)] if number > 0 else []
        try:
            backend = self._hosts.backend(workspace, revision)
        except LapisError:
            return []
        assert backend is not None
        with self._database.read() as connection:
            shares = share_store.of_revision(connection, revision.id)
        found = []
        for share in shares:
            number = share.attempt - back
            if number > 0:
                handle = handle_of_share(workspace, share_store.at(share, number))
                found.append(Run(backend, handle, number, share.name))
        return found


def handle_of(workspace: Workspace, revision: Revision, attempt: int | None = None) -> Handle:
    """Give what the compute finds a revision's job by; that of the attempt at hand when none is given."""
    number = revision.attempt if attempt is None else attempt
    return Handle(workspace.name, revision.job_of(number), f"{revision.submit_key}-{number}")
