"""Native HTTP routes of connections."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from lapisml.server.features.connections.service import ConnectionRecord, ConnectionService
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.wire import arm_id, creation_context


def router(connections: ConnectionService, workspaces: WorkspaceService) -> APIRouter:
    """Make the routes below ``/api/v1/workspaces/{ws}/connections``."""
    routes = APIRouter(prefix="/api/v1/workspaces/{ws}/connections", tags=["connections"])

    @routes.get("", response_model=None)
    def list_connections(ws: str, type: str | None = None) -> dict[str, Any]:  # noqa: A002 - the documents' word
        workspace = workspaces.get(ws)
        return {"value": [connection_body(workspace, r) for r in connections.list(workspace, type)], "next": None}

    @routes.put("/{name}", response_model=None)
    def put_connection(
        ws: str, name: str, body: dict[str, Any], request: Request, response: Response
    ) -> dict[str, Any]:
        workspace, by = workspaces.get(ws), request.state.principal.name
        record, is_new = connections.create_or_update(workspace, name, body, by)
        response.status_code = 201 if is_new else 200
        return connection_body(workspace, record)

    @routes.get("/{name}", response_model=None)
    def get_connection(ws: str, name: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return connection_body(workspace, connections.get(workspace, name))

    @routes.post("/{name}/secrets", response_model=None)
    def show_secrets(ws: str, name: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return connection_body(workspace, connections.with_secrets(workspace, name))

    @routes.delete("/{name}", status_code=204)
    def delete_connection(ws: str, name: str) -> None:
        connections.delete(workspaces.get(ws), name)

    return routes


def connection_body(workspace: Workspace, record: ConnectionRecord) -> dict[str, Any]:
    """Give a connection's form on the wire."""
    return {
        **record.document,
        "name": record.name,
        "id": arm_id(workspace.name, "connections", record.name),
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
