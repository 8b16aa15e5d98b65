"""Computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import Session, Wrap, as_record


class ComputeOperations:
    """Operations on computes.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def begin_create_or_update(self, compute: Any) -> Poller[Any]:
        """Create a compute, or change one.

        Raises:
            LapisError: DocumentInvalid, NotSupported.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(compute, "compute")
        document = submission.ready(self._session)
        with submission.decorated():
            record = self._session.transport.request("PUT", self._path(submission.name()), json_body=document)
        return Poller(self._wrap("compute", record))

    begin_update = begin_create_or_update
    begin_attach = begin_create_or_update

    def get(self, name: str) -> Any:
        """Read a compute.

        Raises:
            LapisError: NotFound.
        """
        return self._wrap("compute", self._session.transport.get(self._path(name)))

    def list(self, *, compute_type: str | None = None, max_results: int | None = None) -> Iterator[Any]:
        """Yield the computes, those of `compute_type` only when it is given."""
        left = max_results
        for record in self._session.pages(self._path()):
            if compute_type and str(record.get("type", "")).lower() != compute_type.lower():
                continue
            if left is not None:
                if left <= 0:
                    return
                left -= 1
            yield self._wrap("compute", record)

    def change(self, name: str, changes: Mapping[str, Any]) -> Any:
        """Set keys of a compute; None removes one."""
        record = self._session.transport.request("PATCH", self._path(name), json_body=dict(changes))
        return self._wrap("compute", record)

    def begin_delete(self, name: str, *, action: str = "Delete", force: bool = False) -> Poller[None]:
        """Delete a compute, or detach one: its machines are left as they are.

        Args:
            action: ``Delete`` or ``Detach``.
            force: ends the jobs of an attached compute first.

        Raises:
            LapisError: NotFound; Conflict while jobs run on it; NotSupported for another action.
        """
        if action.lower() not in ("delete", "detach"):
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"A compute of Lapis can be deleted or detached, not '{action}'.")
        self._session.transport.request("DELETE", self._path(name), query={"force": "true"} if force else None)
        return Poller(None)

    def begin_start(self, name: str) -> Poller[None]:
        """Start a compute instance."""
        return self._turn(name, "start")

    def begin_stop(self, name: str) -> Poller[None]:
        """Stop a compute instance: it starts no further job."""
        return self._turn(name, "stop")

    def begin_restart(self, name: str) -> Poller[None]:
        """Stop and start a compute instance."""
        return self._turn(name, "restart")

    def list_nodes(self, name: str) -> Iterator[Any]:
        """Yield the nodes of a cluster and the job on each."""
        for record in self._session.pages(self._path(name, "nodes")):
            yield self._wrap("node", record)

    def list_sizes(self, *, location: str | None = None, compute_type: str | None = None) -> Iterator[Any]:
        """Yield the sizes of machine there are.

        Args:
            location: accepted; there is one location.
            compute_type: ``amlcompute`` or ``computeinstance``; both have the same sizes.
        """
        del location, compute_type
        for record in self._session.pages(self._session.path("compute-sizes")):
            yield self._wrap("size", record)

    def list_usage(self, *, location: str | None = None) -> Iterator[Any]:
        """Yield how much of each compute is in use."""
        del location
        for record in self._session.pages(self._session.path("compute-usage")):
            yield self._wrap("usage", record)

    def _turn(self, name: str, verb: str) -> Poller[None]:
        self._session.transport.request("POST", f"{self._path(name)}/{verb}")
        return Poller(None)

    def _path(self, *names: str) -> str:
        return self._session.path("computes", *names)
