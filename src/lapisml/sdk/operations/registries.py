"""Registries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import API, Session, Wrap, as_record
from lapisml.sdk.transport import segment


class RegistryOperations:
    """Operations on the registries of a server.

    Args:
        session: its registry, if it has one, is the one meant when none is named.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def begin_create(self, registry: Any, **_: Any) -> Poller[Any]:
        """Create a registry, or change one.

        Raises:
            LapisError: DocumentInvalid; Conflict when a key would change that can't.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(registry, "registry")
        path = self._path(submission.name())
        with submission.decorated():
            record = self._session.transport.request("PUT", path, json_body=submission.document)
        return Poller(self._wrap("registry", record))

    begin_create_or_update = begin_create

    def change(self, name: str, changes: Mapping[str, Any]) -> Any:
        """Set keys of a registry; None removes one."""
        sent = {key: value for key, value in changes.items() if key != "name"}
        return self._wrap("registry", self._session.transport.request("PATCH", self._path(name), json_body=sent))

    def get(self, name: str | None = None) -> Any:
        """Read a registry; the client's own when no name is given.

        Raises:
            LapisError: NotFound; Usage when nothing says which.
        """
        meant = name or self._session.registry
        if meant is None:
            raise LapisError(ErrorCode.USAGE, "Say which registry: get(name).")
        return self._wrap("registry", self._session.transport.get(self._path(meant)))

    def list(self, *, scope: str = "resource_group", max_results: int | None = None) -> Iterator[Any]:
        """Yield all registries of the server, whatever the scope: it has one resource group."""
        del scope
        for record in self._session.pages(f"{API}/registries", max_results):
            yield self._wrap("registry", record)

    def begin_delete(self, name: str) -> Poller[None]:
        """Delete a registry with everything in it.

        Raises:
            LapisError: NotFound; Conflict while a deployment uses something of it.
        """
        self._session.transport.request("DELETE", self._path(name))
        return Poller(None)

    def _path(self, name: str) -> str:
        return f"{API}/registries/{segment(name)}"
