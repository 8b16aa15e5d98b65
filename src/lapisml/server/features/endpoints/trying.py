"""Trying an endpoint from the page: the server asks in the person's place, so that keys need not leave it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.endpoints.gateway_client import GatewayClient, Reply
from lapisml.server.features.endpoints.records import EndpointRecord
from lapisml.server.features.endpoints.service import EndpointService
from lapisml.server.features.workspaces.service import Workspace

MOST_ASKED = 4 << 20
"""Longest request, bytes."""
MOST_SHOWN = 2 << 20
"""So much of an answer is shown, bytes."""
_LONGEST_S = 120.0
_AT_ONCE = 4
_DEPLOYMENT = "azureml-model-deployment"
_TEXTUAL = ("text/", "application/json", "application/xml")


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered.

    Attributes:
        seconds: how long it took.
        request_id: by which the request is found again; empty when no deployment took it.
        text: the body; empty when it is no text.
        size: of the body as far as it was read, bytes.
        is_cut: whether it goes on.
    """

    status: int
    seconds: float
    request_id: str
    deployment: str
    content_type: str
    text: str
    size: int
    is_cut: bool


class Trials:
    """Sends requests with the endpoints' own credentials; few at a time."""

    def __init__(self, endpoints: EndpointService, gateway: GatewayClient) -> None:
        self._endpoints = endpoints
        self._gateway = gateway
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def ask(self, workspace: Workspace, name: str, body: str, deployment: str | None, content_type: str) -> Answer:
        """Send one request.

        Args:
            deployment: who is to answer; None leaves it to the traffic rules.

        Raises:
            LapisError: NotFound; RequestTooLarge; Conflict while too many are under way; ServerUnreachable.
        """
        endpoint = self._endpoints.get(workspace, name)
        data = body.encode()
        if len(data) > MOST_ASKED:
            sentence = f"The request has {len(data):,} bytes; the page sends at most {MOST_ASKED:,}."
            raise LapisError(ErrorCode.REQUEST_TOO_LARGE, sentence, f"lapis online-endpoint invoke -n {name} -r <file>")
        headers = {"Content-Type": content_type, **self._opening(workspace, endpoint)}
        if deployment:
            headers[_DEPLOYMENT] = deployment
        if not self._free.acquire(blocking=False):
            raise LapisError(
                ErrorCode.CONFLICT, f"{_AT_ONCE} requests of pages are under way.", "Wait for one of them."
            )
        try:
            started = time.monotonic()
            reply = self._gateway.send(
                "POST", f"/{workspace.name}/{name}/score", headers, data, timeout_s=_LONGEST_S, most=MOST_SHOWN
            )
            return _answer(reply, time.monotonic() - started)
        finally:
            self._free.release()

    def description(self, workspace: Workspace, name: str, deployment: str | None) -> bytes:
        """Give the OpenAPI 2.0 document of an endpoint, or of one of its deployments, as JSON.

        Raises:
            LapisError: NotFound, Conflict while the gateway does not know it, ServerUnreachable.
        """
        endpoint = self._endpoints.get(workspace, name)
        headers = self._opening(workspace, endpoint)
        if deployment:
            headers[_DEPLOYMENT] = deployment
        reply = self._gateway.send("GET", f"/{workspace.name}/{name}/swagger.json", headers, timeout_s=10)
        if reply.status != 200:
            sentence = f"Endpoint '{name}' has no description yet: the gateway answered {reply.status}."
            raise LapisError(ErrorCode.CONFLICT, sentence, "Wait until it is ready, and try again.")
        return reply.body

    def _opening(self, workspace: Workspace, endpoint: EndpointRecord) -> dict[str, str]:
        if endpoint.auth_mode == "none":
            return {}
        if endpoint.auth_mode == "key":
            given = self._endpoints.keys(workspace, endpoint.name)["primaryKey"]
        else:
            given = str(self._endpoints.token(workspace, endpoint.name)["accessToken"])
        return {"Authorization": f"Bearer {given}"}


def _answer(reply: Reply, seconds: float) -> Answer:
    kind = reply.headers.get("content-type", "")
    is_text = any(word in kind for word in _TEXTUAL) or not kind
    return Answer(
        status=reply.status,
        seconds=seconds,
        request_id=reply.headers.get("x-ms-request-id", ""),
        deployment=reply.headers.get(_DEPLOYMENT, ""),
        content_type=kind,
        text=reply.body.decode("utf-8", "replace") if is_text else "",
        size=len(reply.body),
        is_cut=reply.is_cut,
    )
