"""Native HTTP routes of assets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import Archived, AssetKind, ListQuery
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.assets.validation import checked_changes, checked_document, checked_tags
from lapisml.server.features.assets.wire import AssetBody, asset_body
from lapisml.server.features.workspaces.registries import PlaceFinder
from lapisml.server.platform.openapi import Json, Page, answers
from lapisml.server.platform.routing import Routes

Limit = Annotated[int, Query(ge=1, le=1000)]
Tags = Annotated[list[str], Query()]


def router(assets: AssetService, workspaces: PlaceFinder) -> Routes:
    """Make the routes of the four kinds below ``/api/v1/workspaces/{ws}``."""
    routes = Routes(prefix="/api/v1/workspaces/{ws}")
    for kind in AssetKind:
        for part in (_lists, _versions, _labels_and_archive):
            routes.add(part(kind, assets, workspaces), prefix=f"/{kind.value}", tags=[kind.value])
    return routes


def _lists(kind: AssetKind, assets: AssetService, workspaces: PlaceFinder) -> Routes:
    routes = Routes()

    def listed(ws: str, query: ListQuery) -> Json[Page[AssetBody]]:
        workspace = workspaces.get(ws)
        page = assets.list(workspace, kind, query)
        return Json({"value": [asset_body(workspace, record) for record in page.value], "next": page.next})

    @routes.get("", response_model=None, openapi_extra=answers(Page[AssetBody]))
    def list_assets(
        ws: str, name: str | None = None, archived: Archived = Archived.ACTIVE, limit: Limit = 100,
        token: str | None = None, tag: Tags = [],  # noqa: B006 - the framework copies it
    ) -> Json[Page[AssetBody]]:  # fmt: skip
        return listed(ws, ListQuery(name, archived, _tags(tag), limit, token))

    @routes.get("/{name}/versions", response_model=None, openapi_extra=answers(Page[AssetBody]))
    def list_versions(
        ws: str, name: str, archived: Archived = Archived.ACTIVE, limit: Limit = 100, token: str | None = None,
        tag: Tags = [],  # noqa: B006 - the framework copies it
    ) -> Json[Page[AssetBody]]:  # fmt: skip
        return listed(ws, ListQuery(name, archived, _tags(tag), limit, token))

    return routes


def _versions(kind: AssetKind, assets: AssetService, workspaces: PlaceFinder) -> Routes:
    routes = Routes()

    @routes.post("", response_model=None, openapi_extra=answers(AssetBody))
    def create_asset(ws: str, body: dict[str, Any], request: Request) -> Json[AssetBody]:
        workspace = workspaces.get(ws)
        document = checked_document(kind, body)
        return Json(asset_body(workspace, assets.create(workspace, kind, document, request.state.principal.name)))

    @routes.get("/{name}/versions/{version}", response_model=None, openapi_extra=answers(AssetBody))
    def get_version(ws: str, name: str, version: str) -> Json[AssetBody]:
        workspace = workspaces.get(ws)
        return Json(asset_body(workspace, assets.get(workspace, kind, name, version)))

    @routes.patch("/{name}/versions/{version}", response_model=None, openapi_extra=answers(AssetBody))
    def patch_version(ws: str, name: str, version: str, body: dict[str, Any]) -> Json[AssetBody]:
        workspace = workspaces.get(ws)
        changes = checked_changes(kind, assets.get(workspace, kind, name, version).document, body)
        return Json(asset_body(workspace, assets.update(workspace, kind, name, version, changes)))

    @routes.patch("/{name}/versions/{version}/tags", response_model=None, openapi_extra=answers(AssetBody))
    def patch_tags(ws: str, name: str, version: str, body: dict[str, Any]) -> Json[AssetBody]:
        """Set the tags that are named, take away those that are null, leave the others as they are."""
        workspace = workspaces.get(ws)
        return Json(asset_body(workspace, assets.change_tags(workspace, kind, name, version, checked_tags(body))))

    @routes.delete("/{name}/versions/{version}", status_code=204)
    def delete_version(ws: str, name: str, version: str) -> None:
        assets.delete_version(workspaces.get(ws), kind, name, version)

    return routes


def _labels_and_archive(kind: AssetKind, assets: AssetService, workspaces: PlaceFinder) -> Routes:
    routes = Routes()

    @routes.get("/{name}/labels/{label}", response_model=None, openapi_extra=answers(AssetBody))
    def get_by_label(ws: str, name: str, label: str) -> Json[AssetBody]:
        workspace = workspaces.get(ws)
        return Json(asset_body(workspace, assets.by_label(workspace, kind, name, label)))

    @routes.put("/{name}/labels/{label}", status_code=204)
    def put_label(ws: str, name: str, label: str, body: dict[str, Any]) -> None:
        if not isinstance(body.get("version"), str):
            raise LapisError(ErrorCode.USAGE, 'Say which version the label points at: {"version": "1"}.')
        assets.containers.set_label(workspaces.get(ws), kind, name, label, body["version"])

    @routes.delete("/{name}/labels/{label}", status_code=204)
    def delete_label(ws: str, name: str, label: str) -> None:
        assets.containers.set_label(workspaces.get(ws), kind, name, label, None)

    @routes.post("/{name}/archive", status_code=204)
    def archive(ws: str, name: str) -> None:
        assets.archive(workspaces.get(ws), kind, name)

    @routes.post("/{name}/restore", status_code=204)
    def restore(ws: str, name: str) -> None:
        assets.restore(workspaces.get(ws), kind, name)

    @routes.post("/{name}/versions/{version}/archive", status_code=204)
    def archive_version(ws: str, name: str, version: str) -> None:
        assets.archive(workspaces.get(ws), kind, name, version)

    @routes.post("/{name}/versions/{version}/restore", status_code=204)
    def restore_version(ws: str, name: str, version: str) -> None:
        assets.restore(workspaces.get(ws), kind, name, version)

    return routes


def _tags(given: list[str]) -> dict[str, str | None]:
    """Read ``k=v`` and ``k``, several in one text parted by commas too."""
    found: dict[str, str | None] = {}
    for text in given:
        for word in filter(None, text.split(",")):
            key, equals, value = word.partition("=")
            found[key.strip()] = value if equals else None
    return found
