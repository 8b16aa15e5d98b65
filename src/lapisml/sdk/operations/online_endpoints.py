"""Online endpoints: create, look, ask, keys, delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.credentials import EndpointAuthKeys, EndpointAuthToken, credentials_of
from lapisml.sdk.pending import PendingPoller
from lapisml.sdk.poller import Poller
from lapisml.sdk.session import Session, Wrap, as_record

if TYPE_CHECKING:
    from lapisml.sdk.local.endpoints import LocalEndpoints

KIND = "online-endpoint"
KEY_TYPES = ("primary", "secondary")


class OnlineEndpointOperations:
    """Operations on online endpoints.

    Args:
        session: the workspace.
        wrap: see `Wrap`.
        local: makes the endpoints of this machine; None means those below LAPIS_HOME.
    """

    def __init__(
        self, session: Session, wrap: Wrap = as_record, local: Callable[[], LocalEndpoints] | None = None
    ) -> None:
        self._session = session
        self._wrap = wrap
        self._local = local or (lambda: _below_home(session))

    def begin_create_or_update(self, endpoint: Any, *, local: bool = False) -> Poller[Any]:
        """Create an endpoint, or give one another document: traffic, mirrored traffic, tags.

        Args:
            endpoint: an entity, or a `Submission` made from a document.
            local: on this machine, without a server.

        Raises:
            LapisError: DocumentInvalid; Conflict for traffic that names no deployment or sums to neither 0 nor 100.
        """
        from lapisml.sdk.submission import submission_of

        submission = submission_of(endpoint, KIND)
        name = submission.name()
        if local:
            return Poller(self._wrap(KIND, self._local().create(submission)))
        document = submission.ready(self._session)
        with submission.decorated():
            record = self._session.transport.request("PUT", self._path(name), json_body=document)
        return PendingPoller(
            f"endpoint '{name}'", lambda: self._find(name), lambda found: self._wrap(KIND, found or {}), record
        )

    def get(self, name: str, *, local: bool = False) -> Any:
        """Read an endpoint: document, ``scoring_uri``, ``provisioning_state`` and more.

        Raises:
            LapisError: NotFound.
        """
        return self._wrap(KIND, self._local().get(name) if local else self._session.transport.get(self._path(name)))

    def list(self, *, local: bool = False) -> Iterator[Any]:
        """Yield the endpoints by name."""
        for record in self._local().list() if local else self._session.pages(self._path()):
            yield self._wrap(KIND, record)

    def begin_delete(self, name: str, *, local: bool = False) -> Poller[None]:
        """Delete an endpoint with its deployments; requests that are under way are answered.

        Raises:
            LapisError: NotFound.
        """
        if local:
            self._local().delete(name)
            return Poller(None)
        self._session.transport.request("DELETE", self._path(name))
        first = self._find(name)
        return PendingPoller(f"endpoint '{name}'", lambda: self._find(name), lambda _: None, first, is_removal=True)

    def invoke(
        self,
        endpoint_name: str,
        *,
        request_file: str | Path | None = None,
        deployment_name: str | None = None,
        input_data: Any = None,
        local: bool = False,
        timeout: float = 300.0,
    ) -> str:
        """Ask an endpoint, and return the text of its answer.

        Args:
            endpoint_name: the endpoint.
            request_file: file with the request.
            deployment_name: the deployment that is to answer; else the traffic rules choose.
            input_data: the request as plain data, or as JSON text, in place of a file.
            local: an endpoint of this machine.
            timeout: seconds without a byte after which the endpoint counts as gone.

        Raises:
            LapisError: Usage without a request; NotFound; ScoringFailed, with what the endpoint said.
        """
        from lapisml.sdk.scoring import ask, question_of_data, question_of_file

        if (request_file is None) == (input_data is None):
            raise LapisError(ErrorCode.USAGE, "Give the request as a file or as data: request_file or input_data.")
        if request_file is not None:
            question = question_of_file(request_file, deployment_name)
        else:
            question = question_of_data(input_data, deployment_name)
        if local:
            return ask(self._local().scoring_uri(endpoint_name), None, question, timeout=timeout)
        record = self._session.transport.get(self._path(endpoint_name))
        uri = record.get("scoring_uri")
        if not uri:
            raise LapisError(ErrorCode.CONFLICT, f"Endpoint '{endpoint_name}' takes no requests: it has no address.")
        given = self._credentials(record)
        return ask(str(uri), given.get("primaryKey") or given.get("accessToken"), question, timeout=timeout)

    def credentials(self, name: str) -> dict[str, Any]:
        """Give keys (``primaryKey``, ``secondaryKey``) or a token (``accessToken`` …) as the server writes them.

        Raises:
            LapisError: NotFound.
        """
        return self._credentials(self._session.transport.get(self._path(name)))

    def get_keys(self, name: str) -> EndpointAuthKeys | EndpointAuthToken:
        """Give the keys of an endpoint, or a token where it takes tokens.

        Raises:
            LapisError: NotFound.
        """
        return credentials_of(self.credentials(name))

    def begin_regenerate_keys(self, name: str, *, key_type: str = "primary") -> Poller[None]:
        """Replace one of the two keys; the other stays good.

        Raises:
            LapisError: NotFound; Usage for another `key_type`; Conflict for an endpoint that takes tokens.
        """
        if key_type.lower() not in KEY_TYPES:
            raise LapisError(ErrorCode.USAGE, f"key_type is '{key_type}'; it is {' or '.join(KEY_TYPES)}.")
        body = {"key_type": key_type.lower()}
        self._session.transport.request("POST", f"{self._path(name)}/regenerate-keys", json_body=body)
        return Poller(None)

    def _credentials(self, record: dict[str, Any]) -> dict[str, Any]:
        kind = "keys" if str(record.get("auth_mode") or "key").lower() == "key" else "token"
        given: dict[str, Any] = self._session.transport.request("POST", f"{self._path(record['name'])}/{kind}")
        return given

    def _find(self, name: str) -> dict[str, Any] | None:
        return found_or_none(self._session, self._path(name))

    def _path(self, *names: str) -> str:
        return self._session.path("online-endpoints", *names)


def found_or_none(session: Session, path: str) -> dict[str, Any] | None:
    """Read a record, None when there is none."""
    try:
        record: dict[str, Any] = session.transport.get(path)
    except LapisError as error:
        if error.code is ErrorCode.NOT_FOUND:
            return None
        raise
    return record


def _below_home(session: Session) -> LocalEndpoints:
    from lapisml.sdk.discovery import home_folder
    from lapisml.sdk.local.endpoints import LocalEndpoints

    return LocalEndpoints(home_folder(), session)
