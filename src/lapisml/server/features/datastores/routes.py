"""Native HTTP routes of datastores."""

from __future__ import annotations

from typing import Any, NotRequired, cast

from fastapi import Request
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents import registry
from lapisml.server.features.datastores.service import DatastoreRecord, DatastoreService
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context


def router(datastores: DatastoreService, workspaces: WorkspaceService) -> Routes:
    """Make the routes below ``/api/v1/workspaces/{ws}/datastores``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}/datastores", tags=["datastores"])

    @routes.get("", response_model=None, openapi_extra=answers(Page[DatastoreBody]))
    def list_datastores(ws: str) -> Json[Page[DatastoreBody]]:
        workspace = workspaces.get(ws)
        return Json({"value": [wire(workspace, r) for r in datastores.list(workspace)], "next": None})

    @routes.get("/default", response_model=None, openapi_extra=answers(DatastoreBody))
    def get_default(ws: str) -> Json[DatastoreBody]:
        workspace = workspaces.get(ws)
        return Json(wire(workspace, datastores.default(workspace)))

    @routes.put("/{name}", response_model=None, openapi_extra=answers(DatastoreBody))
    def put_datastore(ws: str, name: str, body: dict[str, Any], request: Request) -> Json[DatastoreBody]:
        workspace = workspaces.get(ws)
        if str(body.get("name", name)).lower() != name.lower():
            raise LapisError(ErrorCode.USAGE, "The document's name differs from the address.")
        given = {k: v for k, v in body.items() if k not in _OF_THE_RECORD}
        document = registry.parse("datastore", {**given, "name": name}).to_dict()
        by = request.state.principal.name
        return Json(wire(workspace, datastores.create_or_update(workspace, document, by)))

    @routes.get("/{name}", response_model=None, openapi_extra=answers(DatastoreBody))
    def get_datastore(ws: str, name: str) -> Json[DatastoreBody]:
        workspace = workspaces.get(ws)
        return Json(wire(workspace, datastores.get(workspace, name)))

    @routes.post("/{name}/set-default", response_model=None, openapi_extra=answers(DatastoreBody))
    def set_default(ws: str, name: str) -> Json[DatastoreBody]:
        workspace = workspaces.get(ws)
        return Json(wire(workspace, datastores.set_default(workspace, name)))

    @routes.delete("/{name}", status_code=204)
    def delete_datastore(ws: str, name: str) -> None:
        datastores.delete(workspaces.get(ws), name)

    return routes


_OF_THE_RECORD = ("id", "is_default", "creation_context")


@with_config(ConfigDict(extra="allow"))
class DatastoreBody(TypedDict):
    """A datastore: the keys of its document, its secrets masked, and what is known around them."""

    name: str
    id: str
    is_default: bool
    creation_context: CreationContext
    type: NotRequired[str]
    description: NotRequired[str]


def wire(workspace: Workspace, record: DatastoreRecord) -> DatastoreBody:
    """Give a datastore's form on the wire; its secrets are masked."""
    known: DatastoreBody = {
        "name": record.document["name"],
        "id": arm_id(workspace.name, "datastores", record.name),
        "is_default": record.is_default,
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    return cast("DatastoreBody", {"name": known["name"], **record.document, **known})
