"""Native HTTP routes of datastores."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import registry
from lapisml.server.features.datastores.service import DatastoreRecord, DatastoreService
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.wire import arm_id, creation_context


def router(datastores: DatastoreService, workspaces: WorkspaceService) -> APIRouter:
    """Make the routes below ``/api/v1/workspaces/{ws}/datastores``."""
    routes = APIRouter(prefix="/api/v1/workspaces/{ws}/datastores", tags=["datastores"])

    @routes.get("")
    def list_datastores(ws: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return {"value": [wire(workspace, r) for r in datastores.list(workspace)], "next": None}

    @routes.get("/default")
    def get_default(ws: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return wire(workspace, datastores.default(workspace))

    @routes.put("/{name}")
    def put_datastore(ws: str, name: str, body: dict[str, Any], request: Request) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        if str(body.get("name", name)).lower() != name.lower():
            raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")
        given = {k: v for k, v in body.items() if k not in _OF_THE_RECORD}
        document = registry.parse("datastore", {**given, "name": name}).to_dict()
        by = request.state.principal.name
        return wire(workspace, datastores.create_or_update(workspace, document, by))

    @routes.get("/{name}")
    def get_datastore(ws: str, name: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return wire(workspace, datastores.get(workspace, name))

    @routes.post("/{name}/set-default")
    def set_default(ws: str, name: str) -> dict[str, Any]:
        workspace = workspaces.get(ws)
        return wire(workspace, datastores.set_default(workspace, name))

    @routes.delete("/{name}", status_code=204)
    def delete_datastore(ws: str, name: str) -> None:
        datastores.delete(workspaces.get(ws), name)

    return routes


_OF_THE_RECORD = ("id", "is_default", "creation_context")


def wire(workspace: Workspace, record: DatastoreRecord) -> dict[str, Any]:
    """Give a datastore's form on the wire; its secrets are masked."""
    return {
        "name": record.document["name"],
        **record.document,
        "id": arm_id(workspace.name, "datastores", record.name),
        "is_default": record.is_default,
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
