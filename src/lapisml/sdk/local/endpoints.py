"""Local endpoints, as `lapisml.sdk.operations.online_endpoints` needs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.sdk.local.gate import LocalGate, shares
from lapisml.sdk.local.store import WORKSPACE, LocalEndpoint, LocalPlaces, LocalStore
from lapisml.sdk.session import Session

if TYPE_CHECKING:
    from lapisml.sdk.local.deployments import LocalDeployments
    from lapisml.sdk.submission import Submission


class LocalEndpoints:
    """Endpoints of this machine.

    Args:
        lapis_home: LAPIS_HOME.
        session: the workspace that registered models and environments are taken from.
    """

    def __init__(self, lapis_home: Path, session: Session | None = None) -> None:
        self._places = LocalPlaces(lapis_home)
        self._store = LocalStore(self._places)
        self._gate = LocalGate(self._places)
        self._session = session

    def create(self, submission: Submission) -> dict[str, Any]:
        """Create an endpoint, or give one another document; return its record.

        Raises:
            LapisError: DocumentInvalid for traffic that names no deployment.
        """
        document = dict(submission.document)
        with self._store.changing():
            known = self._store.find(str(document["name"]))
            made = LocalEndpoint(str(document["name"]), document, known.deployments if known else {})
            _check_shares(made)
            self._store.write(made)
            self._gate.url()
            self._gate.route(self._store.all())
        return self._record(made)

    def get(self, name: str) -> dict[str, Any]:
        """Read an endpoint.

        Raises:
            LapisError: NotFound.
        """
        return self._record(self._store.endpoint(name))

    def list(self) -> Iterator[dict[str, Any]]:
        """Yield the endpoints by name."""
        for endpoint in self._store.all():
            yield self._record(endpoint)

    def scoring_uri(self, name: str) -> str:
        """Give the address at which an endpoint answers; deployments whose processes are gone are started again.

        Raises:
            LapisError: NotFound; Conflict without a deployment; DeploymentFailed.
        """
        endpoint = self._store.endpoint(name)
        if not any(one.serving for one in endpoint.deployments.values()):
            hint = f"Create one: lapis online-deployment create --local -e {name} -f …"
            raise LapisError(ErrorCode.CONFLICT, f"The local endpoint '{name}' has no deployment.", hint)
        self._deployments().revive(name)
        return str(self._record(endpoint)["scoring_uri"])

    def delete(self, name: str) -> None:
        """Delete an endpoint with its deployments; with the last one the gateway ends.

        Raises:
            LapisError: NotFound.
        """
        endpoint = self._store.endpoint(name)
        with self._store.changing():
            self._store.remove(name)
            left = self._store.all()
            self._gate.route(left)
        self._deployments().end(endpoint)
        if not left:
            self._gate.end()

    def _deployments(self) -> LocalDeployments:
        from lapisml.sdk.local.deployments import LocalDeployments

        return LocalDeployments(self._places.lapis_home, self._session)

    def _record(self, endpoint: LocalEndpoint) -> dict[str, Any]:
        base = f"{self._gate.url()}/{WORKSPACE}/{endpoint.name}"
        return {
            **endpoint.document,
            "name": endpoint.name,
            "auth_mode": endpoint.document.get("auth_mode") or "key",
            "traffic": shares(endpoint),
            "mirror_traffic": endpoint.document.get("mirror_traffic") or {},
            "scoring_uri": f"{base}/score",
            "openapi_uri": f"{base}/swagger.json",
            "provisioning_state": "Succeeded",
            "provisioning_error": None,
            "properties": endpoint.document.get("properties") or {},
        }


def _check_shares(endpoint: LocalEndpoint) -> None:
    problems = []
    for key in ("traffic", "mirror_traffic"):
        for name in endpoint.document.get(key) or {}:
            if name not in endpoint.deployments:
                expected = ", ".join(endpoint.deployments) or "a deployment; the endpoint has none yet"
                problems.append(Problem(f"there is no deployment '{name}'", f"{key}.{name}", expected=expected))
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The endpoint is not valid.", None, problems)
