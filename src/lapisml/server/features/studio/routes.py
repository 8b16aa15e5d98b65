"""Native HTTP routes of the web page."""

from __future__ import annotations

from fastapi import APIRouter

from lapisml.server.features.studio.changes import Changes
from lapisml.server.features.studio.live import LiveStream
from lapisml.server.features.workspaces.service import WorkspaceService


def router(changes: Changes, workspaces: WorkspaceService) -> APIRouter:
    """Make the routes below ``/api/v1/workspaces/{ws}``."""
    routes = APIRouter(prefix="/api/v1/workspaces/{ws}", tags=["studio"])

    @routes.get("/live", response_model=None)
    def live(ws: str) -> LiveStream:
        """Follow what changes in a workspace."""
        return LiveStream(changes, workspaces.get(ws).name)

    return routes
