"""Addresses of a registry's assets: what is below a workspace's address is below a registry's too."""

from __future__ import annotations

from lapisml.server.features.workspaces.registries import REGISTRY_MARK
from lapisml.server.platform.auth import AsgiApp, Receive, Scope, Send

_BEGINNING = "/api/v1/registries/"
_SHARED = frozenset({"data", "models", "environments", "components", "uploads", "content"})


class RegistryAddresses:
    """Sends ``/api/v1/registries/<name>/models/…`` where models of workspaces are served.

    Args:
        app: serves the addresses of workspaces.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        path = scope.get("path", "")
        if path.startswith(_BEGINNING):
            name, _, rest = path[len(_BEGINNING) :].partition("/")
            if rest.partition("/")[0] in _SHARED:
                scope = {**scope, "path": f"/api/v1/workspaces/{REGISTRY_MARK}{name}/{rest}"}
        await self._app(scope, receive, send)
