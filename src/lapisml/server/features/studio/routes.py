"""Native HTTP routes of the web page."""

from __future__ import annotations

from lapisml.server.features.studio.changes import Changes
from lapisml.server.features.studio.live import LiveStream
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.routing import Routes


def router(changes: Changes, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}", tags=["studio"])

    @routes.get("/live", response_model=None)
    def live(ws: str) -> LiveStream:
        """Follow what changes in a workspace."""
        return LiveStream(changes, workspaces.get(ws).name)

    return routes
