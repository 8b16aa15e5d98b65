"""Datastores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.session import Session, Wrap, as_record


class DatastoreOperations:
    """Operations on datastores. Credentials go to the server and are never given back.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def create_or_update(self, datastore: Any) -> Any:
        """Create a datastore, or replace one.

        Raises:
            LapisError: DocumentInvalid, NotSupported.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(datastore, "datastore")
        document = submission.ready(self._session)
        path = self._path(submission.name())
        with submission.decorated():
            return self._wrap("datastore", self._session.transport.request("PUT", path, json_body=document))

    def get(self, name: str, *, include_secrets: bool = False) -> Any:
        """Read a datastore, without its credentials.

        Raises:
            LapisError: NotFound; NotSupported for `include_secrets`.
        """
        if include_secrets:
            raise LapisError(ErrorCode.NOT_SUPPORTED, "Credentials of a datastore are never given back.")
        return self._wrap("datastore", self._session.transport.get(self._path(name)))

    def get_default(self, *, include_secrets: bool = False) -> Any:
        """Read the workspace's default datastore."""
        return self.get("default", include_secrets=include_secrets)

    def list(self, *, include_secrets: bool = False, max_results: int | None = None) -> Iterator[Any]:
        """Yield the datastores, without their credentials."""
        if include_secrets:
            raise LapisError(ErrorCode.NOT_SUPPORTED, "Credentials of a datastore are never given back.")
        for record in self._session.pages(self._path(), max_results):
            yield self._wrap("datastore", record)

    def delete(self, name: str) -> None:
        """Forget a datastore; its files stay where they are.

        Raises:
            LapisError: NotFound; Conflict for one that the workspace needs.
        """
        self._session.transport.request("DELETE", self._path(name))

    def _path(self, *names: str) -> str:
        return self._session.path("datastores", *names)
