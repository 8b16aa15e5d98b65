"""Connections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lapisml.sdk.session import Session, Wrap, as_record


class ConnectionOperations:
    """Operations on connections. Secrets are masked unless they are asked for.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def create_or_update(self, connection: Any, *, populate_secrets: bool = False) -> Any:
        """Create a connection, or replace one.

        Args:
            connection: an entity, or a `Submission`.
            populate_secrets: answer with the secrets.

        Raises:
            LapisError: DocumentInvalid.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(connection, "connection")
        name = submission.name()
        with submission.decorated():
            record = self._session.transport.request("PUT", self._path(name), json_body=submission.document)
        return self.get(name, populate_secrets=True) if populate_secrets else self._wrap("connection", record)

    def get(self, name: str, *, populate_secrets: bool = False) -> Any:
        """Read a connection.

        Args:
            populate_secrets: with its secrets.

        Raises:
            LapisError: NotFound.
        """
        if populate_secrets:
            return self._wrap("connection", self._session.transport.request("POST", self._path(name, "secrets")))
        return self._wrap("connection", self._session.transport.get(self._path(name)))

    def list(
        self, connection_type: str | None = None, *, populate_secrets: bool = False, max_results: int | None = None
    ) -> Iterator[Any]:
        """Yield the connections, or those of a type."""
        for record in self._session.pages(self._path(), max_results, type=connection_type):
            if populate_secrets:
                yield self.get(record["name"], populate_secrets=True)
            else:
                yield self._wrap("connection", record)

    def delete(self, name: str) -> None:
        """Forget a connection.

        Raises:
            LapisError: NotFound.
        """
        self._session.transport.request("DELETE", self._path(name))

    def _path(self, *names: str) -> str:
        return self._session.path("connections", *names)
