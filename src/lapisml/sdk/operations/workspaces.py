"""Workspaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import API, Session, Wrap, as_record
from lapisml.sdk.transport import segment


class WorkspaceOperations:
    """Operations on the workspaces of a server.

    Args:
        session: its workspace is the one meant when none is named.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def begin_create(self, workspace: Any, **_: Any) -> Poller[Any]:
        """Create a workspace, or change one.

        Raises:
            LapisError: DocumentInvalid; Conflict when a key would change that can't.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(workspace, "workspace")
        document = submission.ready(self._session)
        path = self._path(submission.name())
        with submission.decorated():
            return Poller(self._wrap("workspace", self._session.transport.request("PUT", path, json_body=document)))

    begin_create_or_update = begin_create

    def begin_update(self, workspace: Any, **_: Any) -> Poller[Any]:
        """Set the keys that `workspace` holds; its others stay as they are.

        Raises:
            LapisError: NotFound, DocumentInvalid; Conflict when a key would change that can't.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(workspace, "workspace")
        document = submission.ready(self._session)
        with submission.decorated():
            return Poller(self.change(submission.name(), document))

    def change(self, name: str, changes: Mapping[str, Any]) -> Any:
        """Set keys of a workspace; None removes one."""
        sent = {key: value for key, value in changes.items() if key != "name"}
        record = self._session.transport.request("PATCH", self._path(name), json_body=sent)
        return self._wrap("workspace", record)

    def get(self, name: str | None = None) -> Any:
        """Read a workspace; the client's own when no name is given.

        Raises:
            LapisError: NotFound.
        """
        return self._wrap("workspace", self._session.transport.get(self._path(name or self._session.workspace)))

    def list(self, *, scope: str = "resource_group", max_results: int | None = None) -> Iterator[Any]:
        """Yield all workspaces of the server, whatever the scope: it has one resource group."""
        del scope
        for record in self._session.pages(f"{API}/workspaces", max_results):
            yield self._wrap("workspace", record)

    def begin_delete(
        self, name: str, *, delete_dependent_resources: bool = False, permanently_delete: bool = False
    ) -> Poller[None]:
        """Delete a workspace.

        Args:
            name: the workspace.
            delete_dependent_resources: delete it although it holds something, with all that it holds.
            permanently_delete: accepted; what is deleted is gone in any case.

        Raises:
            LapisError: NotFound; Conflict when it holds something, or jobs run in it.
        """
        del permanently_delete
        query = {"force": "true" if delete_dependent_resources else None}
        self._session.transport.request("DELETE", self._path(name), query=query)
        return Poller(None)

    def get_keys(self, name: str | None = None) -> Any:
        """Refuse: a workspace of Lapis has no storage keys to hand out.

        Raises:
            LapisError: NotSupported.
        """
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"Workspace '{name or self._session.workspace}' has no keys.")

    def _path(self, name: str) -> str:
        return f"{API}/workspaces/{segment(name)}"
