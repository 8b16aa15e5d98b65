"""Native HTTP routes of workspaces."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.features.workspaces.wire import workspace_body


def router(workspaces: WorkspaceService, url: str) -> APIRouter:
    """Make the routes below ``/api/v1/workspaces``.

    Args:
        url: the server's public URL, without a slash at its end.
    """
    routes = APIRouter(prefix="/api/v1/workspaces", tags=["workspaces"])

    @routes.get("")
    def list_workspaces() -> dict[str, Any]:
        return {"value": [workspace_body(w, url) for w in workspaces.list()], "next": None}

    @routes.put("/{ws}")
    def put_workspace(ws: str, body: dict[str, Any], request: Request, response: Response) -> dict[str, Any]:
        workspace, is_new = workspaces.create_or_update(ws, body, request.state.principal.name)
        response.status_code = 201 if is_new else 200
        return workspace_body(workspace, url)

    @routes.get("/{ws}")
    def get_workspace(ws: str) -> dict[str, Any]:
        return workspace_body(workspaces.get(ws), url)

    @routes.patch("/{ws}")
    def patch_workspace(ws: str, body: dict[str, Any], request: Request) -> dict[str, Any]:
        return workspace_body(workspaces.update(ws, body, request.state.principal.name), url)

    @routes.delete("/{ws}", status_code=204)
    def delete_workspace(ws: str, force: bool = False) -> None:
        workspaces.delete(ws, force)

    return routes
