"""Deployments of online endpoints: create, look, logs, delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.operations.online_endpoints import found_or_none
from lapisml.sdk.pending import PendingPoller
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import Session, Wrap, as_record

if TYPE_CHECKING:
    from lapisml.sdk.local.deployments import LocalDeployments
    from lapisml.sdk.submission import Submission

KIND = "online-deployment"
CONTAINERS = ("inference-server", "storage-initializer")
DEFAULT_LINES = 50


class OnlineDeploymentOperations:
    """Operations on deployments of online endpoints.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
        local: makes the deployments of this machine; None means those below LAPIS_HOME.
    """

    def __init__(
        self, session: Session, wrap: Wrap = as_record, local: Callable[[], LocalDeployments] | None = None
    ) -> None:
        self._session = session
        self._wrap = wrap
        self._local = local or (lambda: _below_home(session))

    def begin_create_or_update(
        self,
        deployment: Any,
        *,
        local: bool = False,
        vscode_debug: bool = False,
        skip_script_validation: bool = False,
        local_enable_gpu: bool = False,
    ) -> Poller[Any]:
        """Create a deployment, or give one another document.

        What answers now goes on answering until what is new is ready. Local files are uploaded first.

        Args:
            deployment: an entity, or a `Submission` made from a document.
            local: on this machine, without a server.
            vscode_debug: refused: there is no container to attach a debugger to.
            skip_script_validation: accepted; the script is tried by starting it.
            local_enable_gpu: accepted; a local deployment sees the GPUs of its machine.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound, NotFound (the endpoint), NotSupported.
        """
        from lapisml.sdk.submission import submission_of

        del skip_script_validation, local_enable_gpu
        if vscode_debug:
            hint = "Run the script under a debugger yourself, with AZUREML_MODEL_DIR set."
            raise LapisError(ErrorCode.NOT_SUPPORTED, "A deployment is not started under a debugger.", hint)
        submission = submission_of(deployment, KIND)
        name = submission.name()
        if local:
            poller = self.begin_local(submission)
            poller.wait()
            return poller
        endpoint = str(submission.document["endpoint_name"])
        self._session.transport.get(self._session.path("online-endpoints", endpoint))  # before anything is uploaded
        document = submission.ready(self._session)
        with submission.decorated():
            record = self._session.transport.request("PUT", self._path(endpoint, name), json_body=document)
        return PendingPoller(
            f"deployment '{name}' of endpoint '{endpoint}'",
            lambda: self._find(endpoint, name),
            lambda found: self._wrap(KIND, found or {}),
            record,
        )

    def begin_local(self, submission: Submission) -> PendingPoller[Any]:
        """Create a deployment on this machine; waiting for the poller does the work.

        Raises:
            LapisError: as `begin_create_or_update`.
        """
        return self._local().begin_create(submission, lambda record: self._wrap(KIND, record))

    def get(self, name: str, endpoint_name: str, *, local: bool = False) -> Any:
        """Read a deployment: document, ``provisioning_state``, ``replicas`` and ``properties``.

        Raises:
            LapisError: NotFound.
        """
        if local:
            return self._wrap(KIND, self._local().get(endpoint_name, name))
        return self._wrap(KIND, self._session.transport.get(self._path(endpoint_name, name)))

    def list(self, endpoint_name: str, *, local: bool = False) -> Iterator[Any]:
        """Yield the deployments of an endpoint by name.

        Raises:
            LapisError: NotFound.
        """
        for record in self._local().list(endpoint_name) if local else self._session.pages(self._path(endpoint_name)):
            yield self._wrap(KIND, record)

    def begin_delete(self, name: str, endpoint_name: str, *, local: bool = False) -> Poller[None]:
        """Delete a deployment; requests that are under way are answered.

        Raises:
            LapisError: NotFound; Conflict while it takes traffic.
        """
        if local:
            self._local().delete(endpoint_name, name)
            return Poller(None)
        self._session.transport.request("DELETE", self._path(endpoint_name, name))
        what = f"deployment '{name}' of endpoint '{endpoint_name}'"
        first = self._find(endpoint_name, name)
        return PendingPoller(what, lambda: self._find(endpoint_name, name), lambda _: None, first, is_removal=True)

    def get_logs(
        self,
        name: str,
        endpoint_name: str,
        lines: int = DEFAULT_LINES,
        *,
        container_type: str | None = None,
        local: bool = False,
    ) -> str:
        """Give the end of a deployment's log.

        Args:
            name: the deployment.
            endpoint_name: its endpoint.
            lines: at most this many lines.
            container_type: ``inference-server`` (default), what the model or script prints; or
                ``storage-initializer``, how code, model and environment were prepared.
            local: a deployment of this machine.

        Raises:
            LapisError: NotFound; Usage for another `container_type`.
        """
        container = (container_type or CONTAINERS[0]).lower()
        if container not in CONTAINERS:
            raise LapisError(ErrorCode.USAGE, f"container_type is '{container}'; it is {' or '.join(CONTAINERS)}.")
        if local:
            return self._local().logs(endpoint_name, name, lines, container)
        path = f"{self._path(endpoint_name, name)}/logs"
        return str(self._session.transport.get(path, lines=lines, container=container)["content"])

    def _find(self, endpoint: str, name: str) -> dict[str, Any] | None:
        return found_or_none(self._session, self._path(endpoint, name))

    def _path(self, endpoint: str, *names: str) -> str:
        return self._session.path("online-endpoints", endpoint, "deployments", *names)


def _below_home(session: Session) -> LocalDeployments:
    from lapisml.sdk.discovery import home_folder
    from lapisml.sdk.local.deployments import LocalDeployments

    return LocalDeployments(home_folder(), session)
