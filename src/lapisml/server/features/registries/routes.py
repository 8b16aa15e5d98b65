"""Native HTTP routes of registries; those of their assets are the workspaces' (see `addresses`)."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import AssetRef
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.wire import AssetBody, asset_body
from lapisml.server.features.registries.service import RegistryService
from lapisml.server.features.registries.sharing import Share, Sharing
from lapisml.server.features.registries.wire import registry_body
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.openapi import Json, answers
from lapisml.server.platform.routing import Routes

_KINDS = {kind.singular: kind for kind in AssetKind}


def router(registries: RegistryService, sharing: Sharing, workspaces: WorkspaceService, url: str) -> Routes:
    """Make the routes below ``/api/v1/registries``.

    Args:
        url: the server's public URL, without a slash at its end.
    """
    routes = Routes(prefix="/api/v1/registries", tags=["registries"])

    @routes.get("", response_model=None)
    def list_registries() -> dict[str, Any]:
        return {"value": [registry_body(place, url) for place in registries.list()], "next": None}

    @routes.put("/{registry}", response_model=None)
    def put_registry(registry: str, body: dict[str, Any], request: Request, response: Response) -> dict[str, Any]:
        place, is_new = registries.create_or_update(registry, body, request.state.principal.name)
        response.status_code = 201 if is_new else 200
        return registry_body(place, url)

    @routes.get("/{registry}", response_model=None)
    def get_registry(registry: str) -> dict[str, Any]:
        return registry_body(registries.get(registry), url)

    @routes.patch("/{registry}", response_model=None)
    def patch_registry(registry: str, body: dict[str, Any], request: Request) -> dict[str, Any]:
        return registry_body(registries.update(registry, body, request.state.principal.name), url)

    @routes.delete("/{registry}", status_code=204)
    def delete_registry(registry: str) -> None:
        registries.delete(registry)

    @routes.post("/{registry}/share", response_model=None, openapi_extra=answers(AssetBody))
    def share_asset(registry: str, body: dict[str, Any], request: Request) -> Json[AssetBody]:
        place = registries.get(registry)
        kind, reference = _asset(body)
        share = Share(
            workspaces.get(_text(body, "workspace")), kind, reference, place,
            _text(body, "share_with_name", needed=False), _text(body, "share_with_version", needed=False),
        )  # fmt: skip
        return Json(asset_body(place, sharing.share(share, request.state.principal.name)))

    return routes


def _asset(body: dict[str, Any]) -> tuple[AssetKind, str]:
    """Read which version is meant: its kind and a reference to it."""
    kind = _KINDS.get(str(body.get("kind")))
    if kind is None:
        raise LapisError(ErrorCode.USAGE, f"`kind` says what is shared: one of {', '.join(_KINDS)}.")
    version, label = _text(body, "version", needed=False), _text(body, "label", needed=False)
    if version is not None and label is not None:
        raise LapisError(ErrorCode.USAGE, "Give either a version or a label, not both.")
    label = label or (None if version else "latest")
    return kind, str(AssetRef(_text(body, "name"), version, label))


def _text(body: dict[str, Any], key: str, *, needed: bool = True) -> Any:
    value = body.get(key)
    if isinstance(value, str) and value:
        return value
    if value is not None or needed:
        raise LapisError(ErrorCode.USAGE, f"`{key}` is missing or is not text.")
    return None
