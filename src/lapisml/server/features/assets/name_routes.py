"""Native HTTP routes of names: what all versions of an asset have together."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem, not_found
from lapisml.ports.storage import Storage
from lapisml.server.features.assets import mlmodel
from lapisml.server.features.assets.mlmodel import MlmodelBody
from lapisml.server.features.assets.naming import NameQuery
from lapisml.server.features.assets.records import Archived, AssetKind
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.assets.validation import tag_faults
from lapisml.server.features.assets.wire import NameBody, name_body
from lapisml.server.features.workspaces.registries import PlaceFinder
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes


def router(assets: AssetService, storage: Storage, workspaces: PlaceFinder) -> Routes:
    """Make the routes of names below ``/api/v1/workspaces/{ws}``, and the description of a model's files."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}")
    for kind in AssetKind:
        routes.add(_names(kind, assets, workspaces), prefix=f"/{kind.value}", tags=[kind.value])

    @routes.get(
        "/models/{name}/versions/{version}/mlmodel",
        response_model=None,
        openapi_extra=answers(MlmodelBody),
        tags=["models"],
    )
    def describe_model(ws: str, name: str, version: str) -> Json[MlmodelBody]:
        workspace = workspaces.get(ws)
        record = assets.get(workspace, AssetKind.MODELS, name, version)
        found = mlmodel.describe(storage, assets.content_location(workspace, str(record.uri)))
        if found is None:
            raise not_found("MLmodel file of", f"{name}:{version}", f"The model is of type {record.document['type']}.")
        return Json(found)

    return routes


def _names(kind: AssetKind, assets: AssetService, workspaces: PlaceFinder) -> Routes:
    routes = Routes()

    @routes.post("/search", response_model=None, openapi_extra=answers(Page[NameBody]))
    def find_names(ws: str, body: dict[str, Any]) -> Json[Page[NameBody]]:
        workspace = workspaces.get(ws)
        found = assets.containers.names(workspace, kind, _query(body))
        return Json({"value": [name_body(workspace, one) for one in found.value], "next": found.next})

    @routes.get("/{name}", response_model=None, openapi_extra=answers(NameBody))
    def get_name(ws: str, name: str) -> Json[NameBody]:
        workspace = workspaces.get(ws)
        return Json(name_body(workspace, assets.containers.named(workspace, kind, name)))

    @routes.patch("/{name}", response_model=None, openapi_extra=answers(NameBody))
    def change_name(ws: str, name: str, body: dict[str, Any]) -> Json[NameBody]:
        workspace = workspaces.get(ws)
        _change(workspace, kind, assets, name, body)
        return Json(name_body(workspace, assets.containers.named(workspace, kind, name)))

    @routes.delete("/{name}", status_code=204)
    def delete_name(ws: str, name: str) -> None:
        assets.delete_container(workspaces.get(ws), kind, name)

    return routes


def _query(body: dict[str, Any]) -> NameQuery:
    """Read ``{"text", "archived", "order", "limit", "token"}``, each of which may be missing."""
    limit, token = body.get("limit", 100), body.get("token")
    if not isinstance(limit, int) or not 1 <= limit <= 1000:
        raise LapisError(ErrorCode.USAGE, "The limit is a number from 1 to 1000.")
    if body.get("archived", "active") not in list(Archived):
        raise LapisError(ErrorCode.USAGE, f"archived is one of {', '.join(Archived)}.")
    return NameQuery(
        text=str(body.get("text") or ""),
        archived=Archived(body.get("archived", "active")),
        order=str(body.get("order") or "name"),
        limit=limit,
        token=str(token) if token is not None else None,
    )


def _change(workspace: Workspace, kind: AssetKind, assets: AssetService, name: str, body: dict[str, Any]) -> None:
    """Set description and tags of a name; a tag that is null is taken away.

    Raises:
        LapisError: NotFound; DocumentInvalid for other keys and for values of a wrong form.
    """
    description, tags = body.get("description"), body.get("tags", {})
    problems = [Problem("can't be changed", path=key) for key in body if key not in ("description", "tags")]
    if description is not None and not isinstance(description, str):
        problems.append(Problem("is no text", path="description"))
    problems += tag_faults(tags)
    if problems:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The change is not valid.", problems=problems)
    if "description" in body:
        assets.containers.describe(workspace, kind, name, description or None)
    for key, value in tags.items():
        assets.containers.set_tag(workspace, kind, name, key, value)
