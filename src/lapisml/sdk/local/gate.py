"""The gateway of local endpoints, and what it is told."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.serving import limits_of
from lapisml.ports import serving
from lapisml.ports.serving import AppliedRecord, DeploymentRoute, EndpointRoute, GatewayRecord, Routes
from lapisml.sdk.local.store import WORKSPACE, LocalEndpoint, LocalPlaces, Revision

OPEN = "none"
"""``auth_mode`` of local endpoints: they answer on this machine only, to everybody on it."""

_APPLIED_WITHIN_S = 5.0


class LocalGate:
    """The gateway of local endpoints.

    Args:
        places: where everything lies.
    """

    def __init__(self, places: LocalPlaces) -> None:
        self._places = places

    @cached_property
    def _gateway(self) -> Any:
        from lapisml.backends.serving.local_gateway import LocalGateway
        from lapisml.gateway.settings import GatewaySettings

        return LocalGateway(GatewaySettings(self._places.serving.home), self._places.root / "run" / "gateway.log")

    def url(self) -> str:
        """Give the gateway's address; one is started when none runs.

        Raises:
            LapisError: ServerUnreachable, with what it said, when it does not start.
        """
        found: GatewayRecord | None = self._gateway.record()
        if found is None:
            self._places.serving.make()
            self._gateway.ensure()
            found = self._gateway.wait()
        if found is None:
            sentence = f"The gateway of local endpoints does not start: {self._gateway.trouble()}"
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence)
        return str(found.url)

    def route(self, endpoints: list[LocalEndpoint]) -> None:
        """Have the gateway go by what there is now; return when it does."""
        places = self._places.serving
        places.make()
        old = serving.read(Routes, places.routes)
        routes = Routes((old.version if old else 0) + 1, endpoints=tuple(map(_route, endpoints)))
        serving.write(places.routes, routes)
        self._gateway.wake()
        until = time.monotonic() + _APPLIED_WITHIN_S
        while self._gateway.record() is not None and time.monotonic() < until:
            applied = serving.read(AppliedRecord, places.applied)
            if applied is not None and applied.version >= routes.version:
                return
            time.sleep(0.02)

    def end(self) -> None:
        """End the gateway."""
        self._gateway.end()


def _route(endpoint: LocalEndpoint) -> EndpointRoute:
    deployments = {name: _deployment(one.serving) for name, one in endpoint.deployments.items() if one.serving}
    traffic = {name: share for name, share in shares(endpoint).items() if name in deployments}
    mirror = {name: s for name, s in (endpoint.document.get("mirror_traffic") or {}).items() if name in deployments}
    return EndpointRoute(WORKSPACE, endpoint.name, OPEN, traffic=traffic, mirror=mirror, deployments=deployments)


def _deployment(revision: Revision) -> DeploymentRoute:
    return DeploymentRoute(revision.id, model=revision.model, **limits_of(revision.document))


def shares(endpoint: LocalEndpoint) -> dict[str, int]:
    """Say who answers which share of the requests: as the endpoint says, else the first deployment everything."""
    written = {name: int(share) for name, share in (endpoint.document.get("traffic") or {}).items()}
    if any(written.values()):
        return written
    first = next((name for name, one in endpoint.deployments.items() if one.serving), None)
    return {first: 100} if first else {}
