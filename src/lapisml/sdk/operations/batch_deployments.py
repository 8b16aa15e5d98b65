"""Deployments of batch endpoints: create, look, delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lapisml.sdk.operations.online_endpoints import found_or_none
from lapisml.sdk.pending import PendingPoller
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import Session, Wrap, as_record

KIND = "batch-deployment"


class BatchDeploymentOperations:
    """Operations on deployments of batch endpoints.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def begin_create_or_update(self, deployment: Any, *, skip_script_validation: bool = False) -> Poller[Any]:
        """Create a deployment of a model or of a pipeline component, or give one another document.

        Local files are uploaded first.

        Args:
            deployment: an entity, or a `Submission` made from a document.
            skip_script_validation: accepted; the script is tried by the job that runs it.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, NotFound (the endpoint), NotSupported.
        """
        from lapisml.sdk.submission import submission_of

        del skip_script_validation
        submission = submission_of(deployment, KIND)
        name = submission.name()
        endpoint = str(submission.document["endpoint_name"])
        self._session.transport.get(self._session.path("batch-endpoints", endpoint))  # before anything is uploaded
        document = submission.ready(self._session)
        with submission.decorated():
            record = self._session.transport.request("PUT", self._path(endpoint, name), json_body=document)
        return PendingPoller(
            f"deployment '{name}' of batch endpoint '{endpoint}'",
            lambda: self._find(endpoint, name),
            lambda found: self._wrap(KIND, found or {}),
            record,
        )

    def get(self, name: str, endpoint_name: str) -> Any:
        """Read a deployment.

        Raises:
            LapisError: NotFound.
        """
        return self._wrap(KIND, self._session.transport.get(self._path(endpoint_name, name)))

    def list(self, endpoint_name: str) -> Iterator[Any]:
        """Yield the deployments of a batch endpoint by name.

        Raises:
            LapisError: NotFound.
        """
        for record in self._session.pages(self._path(endpoint_name)):
            yield self._wrap(KIND, record)

    def begin_delete(self, name: str, endpoint_name: str) -> Poller[None]:
        """Delete a deployment; its jobs stay.

        Raises:
            LapisError: NotFound; Conflict while it is the endpoint's default.
        """
        self._session.transport.request("DELETE", self._path(endpoint_name, name))
        what = f"deployment '{name}' of batch endpoint '{endpoint_name}'"
        first = self._find(endpoint_name, name)
        return PendingPoller(what, lambda: self._find(endpoint_name, name), lambda _: None, first, is_removal=True)

    def list_jobs(self, endpoint_name: str, *, name: str | None = None) -> Iterator[Any]:
        """Yield the jobs of a batch endpoint, or of its deployment `name` only, newest first.

        Raises:
            LapisError: NotFound.
        """
        if name is None:
            path = f"{self._session.path('batch-endpoints', endpoint_name)}/jobs"
        else:
            path = f"{self._path(endpoint_name, name)}/jobs"
        for record in self._session.pages(path):
            yield self._wrap("job", record)

    def _find(self, endpoint: str, name: str) -> dict[str, Any] | None:
        return found_or_none(self._session, self._path(endpoint, name))

    def _path(self, endpoint: str, *names: str) -> str:
        return self._session.path("batch-endpoints", endpoint, "deployments", *names)
