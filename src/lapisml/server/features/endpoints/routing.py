"""What the gateway is told: made anew from the database in each round, written when it has changed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

from lapisml.core.ids import new_token
from lapisml.core.scoring_tokens import SUBKEY
from lapisml.ports import serving
from lapisml.ports.serving import AppliedRecord, DeploymentRoute, EndpointRoute, Places, RevisionRecord, Routes
from lapisml.server.features.endpoints.keys import Secrets, token_secret
from lapisml.server.features.endpoints.parts import limits_of
from lapisml.server.features.endpoints.records import EndpointRecord, Revision
from lapisml.server.features.endpoints.world import World
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.files import create_private
from lapisml.server.platform.vault import Vault

ADMIN_KEY = "metrics.key"
"""File in the folder of serving with the key that opens the gateway's metrics."""


class RouteBook:
    """Writes ``routes.json``.

    Args:
        max_body: largest body of a request, bytes.
    """

    def __init__(self, places: Places, vault: Vault, workspaces: WorkspaceService, max_body: int) -> None:
        self._places = places
        self._vault = vault
        self._workspaces = workspaces
        self._max_body = max_body
        self._written: Routes | None = None
        self._secrets: dict[str, Secrets] = {}

    @property
    def has_endpoints(self) -> bool:
        """Whether the gateway is told of any endpoint at present."""
        return bool(self._before().endpoints)

    def write(self, world: World) -> Routes:
        """Bring the file up to date, and wake the gateway when it changed; give what is in it.

        Raises:
            OSError: the file system refused.
            LapisError: Integrity when secrets can't be decrypted.
        """
        before = self._before()
        self._secrets = {one.secrets: self._opened(one.secrets) for one in world.endpoints}
        routes = Routes(
            version=before.version,
            admin_key=hashlib.sha256(self._admin_key()).hexdigest(),
            endpoints=[self._endpoint(world, one) for one in world.endpoints if not one.deleting],
        )
        if routes != before:
            routes = replace(routes, version=before.version + 1)
            self._places.make()
            serving.write(self._places.routes, routes)
        self._written = routes
        if routes is not before and routes.version != before.version:
            serving.tell(self._places.wake, {"routes": routes.version})
        return routes

    def is_applied(self, routes: Routes) -> bool:
        """Say whether the gateway goes by these routes, or by later ones."""
        applied = serving.read(AppliedRecord, self._places.applied)
        return applied is not None and applied.version >= routes.version

    def wake(self) -> None:
        """Have the gateway look again: a datagram may be lost."""
        serving.tell(self._places.wake, {"routes": 0})

    def _before(self) -> Routes:
        if self._written is None:
            self._written = _normal(serving.read(Routes, self._places.routes) or Routes())
        return self._written

    def _admin_key(self) -> bytes:
        path: Path = self._places.home / ADMIN_KEY
        if path.exists():
            return path.read_bytes().strip()
        self._places.make()
        return create_private(path, f"{new_token()}\n".encode()).strip()

    def _opened(self, sealed: str) -> Secrets:
        return self._secrets.get(sealed) or Secrets.opened(self._vault, sealed)

    def _endpoint(self, world: World, endpoint: EndpointRecord) -> EndpointRoute:
        secrets = self._secrets[endpoint.secrets]
        served = {
            one.name: world.known[one.serving or one.revision]
            for one in world.of(endpoint)
            if not one.deleting and (one.serving or one.revision) in world.known
        }
        return EndpointRoute(
            workspace=self._workspaces.by_id(endpoint.workspace_id).name,
            name=endpoint.name,
            auth_mode=endpoint.auth_mode,
            keys=secrets.digests(),
            token_secret=token_secret(secrets),
            scoring_key=self._scoring_key() if endpoint.auth_mode == "aad_token" else "",
            traffic={name: share for name, share in endpoint.traffic.items() if name in served},
            mirror={name: share for name, share in endpoint.mirror.items() if name in served},
            swagger=self._swagger(endpoint, served),
            deployments={name: self._deployment(revision) for name, revision in served.items()},
        )

    def _scoring_key(self) -> str:
        return base64.b64encode(self._vault.subkey(SUBKEY)).decode()

    def _deployment(self, revision: Revision) -> DeploymentRoute:
        return DeploymentRoute(
            revision=revision.id,
            max_body=self._max_body,
            model=revision.model,
            ready=revision.is_ready,
            **limits_of(revision.document),
        )

    def _swagger(self, endpoint: EndpointRecord, served: dict[str, Revision]) -> str | None:
        """Give the description of the deployment with the largest share of the traffic."""
        for name in sorted(served, key=lambda name: (-endpoint.traffic.get(name, 0), name)):
            running = serving.read(RevisionRecord, self._places.record(served[name].id))
            if running is not None and running.swagger is not None:
                return running.swagger
        return None


def _normal(routes: Routes) -> Routes:
    """Give routes that were read in the form of those that are made, so that they can be compared."""
    return replace(routes, endpoints=list(routes.endpoints))
