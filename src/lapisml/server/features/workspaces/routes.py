"""Native HTTP routes of workspaces."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.features.workspaces.wire import WorkspaceBody, workspace_body
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes


def router(workspaces: WorkspaceService, url: str) -> Routes:
    """Make the routes below ``/api/v1/workspaces``.

    Args:
        url: the server's public URL, without a slash at its end.
    """
    routes = Routes(prefix="/api/v1/workspaces", tags=["workspaces"])

    @routes.get("", response_model=None, openapi_extra=answers(Page[WorkspaceBody]))
    def list_workspaces() -> Json[Page[WorkspaceBody]]:
        return Json({"value": [workspace_body(w, url) for w in workspaces.list()], "next": None})

    @routes.put("/{ws}", response_model=None, openapi_extra=answers(WorkspaceBody))
    def put_workspace(ws: str, body: dict[str, Any], request: Request) -> Json[WorkspaceBody]:
        workspace, is_new = workspaces.create_or_update(ws, body, request.state.principal.name)
        return Json(workspace_body(workspace, url), 201 if is_new else 200)

    @routes.get("/{ws}", response_model=None, openapi_extra=answers(WorkspaceBody))
    def get_workspace(ws: str) -> Json[WorkspaceBody]:
        return Json(workspace_body(workspaces.get(ws), url))

    @routes.patch("/{ws}", response_model=None, openapi_extra=answers(WorkspaceBody))
    def patch_workspace(ws: str, body: dict[str, Any], request: Request) -> Json[WorkspaceBody]:
        return Json(workspace_body(workspaces.update(ws, body, request.state.principal.name), url))

    @routes.delete("/{ws}", status_code=204)
    def delete_workspace(ws: str, force: bool = False) -> None:
        workspaces.delete(ws, force)

    return routes
