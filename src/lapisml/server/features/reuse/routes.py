"""Native HTTP routes of reuse."""

from __future__ import annotations

from typing import Any

from lapisml.server.features.reuse.explaining import Explainer
from lapisml.server.features.reuse.wire import explanation_body
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.routing import Routes


def router(explainer: Explainer, workspaces: WorkspaceService) -> Routes:
    """Make the route below ``/api/v1/workspaces/{ws}/jobs/{name}/why``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}/jobs", tags=["jobs"])

    @routes.get("/{name}/why")
    def why(ws: str, name: str) -> dict[str, Any]:
        return explanation_body(explainer.explain(workspaces.get(ws), name))

    return routes
