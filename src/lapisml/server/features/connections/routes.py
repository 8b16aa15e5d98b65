"""Native HTTP routes of connections."""

from __future__ import annotations

from typing import Any, NotRequired, cast

from fastapi import Request
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.server.features.connections.service import ConnectionRecord, ConnectionService
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context


def router(connections: ConnectionService, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/connections``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}/connections", tags=["connections"])

    @routes.get("", response_model=None, openapi_extra=answers(Page[ConnectionBody]))
    def list_connections(ws: str, type: str | None = None) -> Json[Page[ConnectionBody]]:  # noqa: A002 - the documents' word
        workspace = workspaces.get(ws)
        return Json({"value": [connection_body(workspace, r) for r in connections.list(workspace, type)], "next": None})

    @routes.put("/{name}", response_model=None, openapi_extra=answers(ConnectionBody))
    def put_connection(ws: str, name: str, body: dict[str, Any], request: Request) -> Json[ConnectionBody]:
        workspace, by = workspaces.get(ws), request.state.principal.name
        record, is_new = connections.create_or_update(workspace, name, body, by)
        return Json(connection_body(workspace, record), 201 if is_new else 200)

    @routes.get("/{name}", response_model=None, openapi_extra=answers(ConnectionBody))
    def get_connection(ws: str, name: str) -> Json[ConnectionBody]:
        workspace = workspaces.get(ws)
        return Json(connection_body(workspace, connections.get(workspace, name)))

    @routes.post("/{name}/secrets", response_model=None, openapi_extra=answers(ConnectionBody))
    def show_secrets(ws: str, name: str) -> Json[ConnectionBody]:
        workspace = workspaces.get(ws)
        return Json(connection_body(workspace, connections.with_secrets(workspace, name)))

    @routes.delete("/{name}", status_code=204)
    def delete_connection(ws: str, name: str) -> None:
        connections.delete(workspaces.get(ws), name)

    return routes


@with_config(ConfigDict(extra="allow"))
class ConnectionBody(TypedDict):
    """A connection: the keys of its document and what is known around them."""

    name: str
    id: str
    creation_context: CreationContext
    type: NotRequired[str]
    target: NotRequired[str]


def connection_body(workspace: Workspace, record: ConnectionRecord) -> ConnectionBody:
    """Give a connection's form on the wire."""
    known: ConnectionBody = {
        "name": record.name,
        "id": arm_id(workspace.name, "connections", record.name),
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    return cast("ConnectionBody", {**record.document, **known})
