"""Batch endpoints: create, look, invoke, delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lapisml.sdk.operations.online_endpoints import found_or_none
from lapisml.sdk.pending import PendingPoller
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import Session, Wrap, as_record

KIND = "batch-endpoint"


class BatchEndpointOperations:
    """Operations on batch endpoints.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
    """

    def __init__(self, session: Session, wrap: Wrap = as_record) -> None:
        self._session = session
        self._wrap = wrap

    def begin_create_or_update(self, endpoint: Any) -> Poller[Any]:
        """Create a batch endpoint, or give one another document: its default deployment, tags.

        Args:
            endpoint: an entity, or a `Submission` made from a document.

        Raises:
            LapisError: DocumentInvalid; ReferenceNotFound for a default deployment that there is not.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(endpoint, KIND)
        name = submission.name()
        document = submission.ready(self._session)
        with submission.decorated():
            record = self._session.transport.request("PUT", self._path(name), json_body=document)
        what = f"batch endpoint '{name}'"
        return PendingPoller(what, lambda: self._find(name), lambda found: self._wrap(KIND, found or {}), record)

    def get(self, name: str) -> Any:
        """Read a batch endpoint.

        Raises:
            LapisError: NotFound.
        """
        return self._wrap(KIND, self._session.transport.get(self._path(name)))

    def list(self) -> Iterator[Any]:
        """Yield the batch endpoints by name."""
        for record in self._session.pages(self._path()):
            yield self._wrap(KIND, record)

    def begin_delete(self, name: str) -> Poller[None]:
        """Delete a batch endpoint with its deployments; its jobs stay.

        Raises:
            LapisError: NotFound.
        """
        self._session.transport.request("DELETE", self._path(name))
        what, first = f"batch endpoint '{name}'", self._find(name)
        return PendingPoller(what, lambda: self._find(name), lambda _: None, first, is_removal=True)

    def invoke(
        self,
        endpoint_name: str,
        *,
        deployment_name: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        input: Any = None,  # noqa: A002 - azure.ai.ml's name
        outputs: Mapping[str, Any] | None = None,
        params_override: Sequence[Mapping[str, Any]] | None = None,
        experiment_name: str | None = None,
    ) -> Any:
        """Start the job of a batch endpoint and give it.

        Args:
            endpoint_name: the endpoint.
            deployment_name: the deployment; else the endpoint's default.
            inputs: name → `Input`, value, or path.
            input: the one input of a deployment that has one.
            outputs: name → `Output`: where results go.
            params_override: changes for this job: ``[{"mini_batch_size": 5}, {"compute.instance_count": 2}]``.
            experiment_name: of the job.

        Raises:
            LapisError: NotFound; ReferenceNotFound for a local path that is not there; DocumentInvalid for inputs
                that the deployment does not take; Usage for an override that there is not.
        """
        from lapisml.sdk.invocation import Invocation

        asked = Invocation(deployment_name, experiment_name)
        asked.take_inputs(inputs or {})
        asked.take_input(input)
        asked.take_outputs(outputs or {})
        asked.take_overrides(params_override or ())
        return self.start(endpoint_name, asked)

    def start(self, endpoint_name: str, asked: Any) -> Any:
        """Start the job that an `Invocation` describes, its local inputs uploaded first; see `invoke`."""
        body = asked.ready(self._session)
        record = self._session.transport.request("POST", f"{self._path(endpoint_name)}/invoke", json_body=body)
        return self._wrap("job", record)

    def list_jobs(self, endpoint_name: str) -> Iterator[Any]:
        """Yield the jobs that invocations of an endpoint started, newest first.

        Raises:
            LapisError: NotFound.
        """
        for record in self._session.pages(f"{self._path(endpoint_name)}/jobs"):
            yield self._wrap("job", record)

    def _find(self, name: str) -> dict[str, Any] | None:
        return found_or_none(self._session, self._path(name))

    def _path(self, *names: str) -> str:
        return self._session.path("batch-endpoints", *names)
