"""Registries themselves: where they are, making, changing and deleting them, and sharing into them."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import AssetRef, parse
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.registries.sharing import Share
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.azure.arm import LOCATION, ArmAnswer, ArmCall, Routes, created, ok, paged, system_data
from lapisml.server.surfaces.azure.errors import ArmError
from lapisml.server.surfaces.azure.nouns.registry_form import document_of, properties_of
from lapisml.server.surfaces.azure.nouns.workspace_form import workspace_guid
from lapisml.server.surfaces.azure.routing import PROVIDER
from lapisml.server.surfaces.azure.services import AzureServices

DATA_PLANE = "ROOT:mferp/managementfrontend/REG"
"""Where a registry's assets are, below the address that its discovery gives."""


class Registries:
    """The handlers."""

    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._registries = services.registries

    def list(self, call: ArmCall) -> ArmAnswer:
        """Answer one page of all registries."""
        return paged(call, self._registries.list(), lambda place: self._body(call, place))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Answer one registry."""
        return ok(self._body(call, self._registries.get(call.registry)))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create or replace one."""
        document = document_of(call.json_object())
        place, is_new = self._registries.create_or_update(call.registry, document, call.by)
        return created(self._body(call, place), is_new)

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change what a body says."""
        changes = document_of(call.json_object())
        return ok(self._body(call, self._registries.update(call.registry, changes, call.by)))

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Delete one with everything in it; one that is not there is gone already."""
        try:
            self._registries.delete(call.registry)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return ArmAnswer(204)
        return ArmAnswer(200)

    def discover(self, call: ArmCall) -> ArmAnswer:
        """Answer where a registry's assets are."""
        place = self._registries.get(call.names[0])
        location = place.document.get("location") or LOCATION
        fqdns = {location: {"registryFqdn": call.url.partition("://")[2]}}
        return ok(
            {
                "registryName": place.registry,
                "primaryRegion": location,
                "primaryRegionResourceProviderUri": f"{call.url}/",
                "resourceGroup": call.group,
                "subscriptionId": call.subscription,
                "workspaceId": workspace_guid(place),
                "workspaceName": place.registry,
                "registryFqdns": fqdns,
                "secondaryRegionResourceProviderUris": {},
            }
        )

    def share(self, call: ArmCall) -> ArmAnswer:
        """Copy a version from a workspace; the client asks for it by its new name then, and wants no body here."""
        given = call.properties()
        source = self._source(str(given.get("sourceAssetId") or ""))
        name, version = (given.get(key) for key in ("destinationName", "destinationVersion"))
        share = Share(
            source[0], source[1], source[2], self._registries.get(call.registry),
            None if name is None else str(name), None if version is None else str(version),
        )  # fmt: skip
        self._services.sharing.share(share, call.by)
        return ArmAnswer(200)

    def _source(self, asset_id: str) -> tuple[Workspace, AssetKind, str]:
        """Read which version of which workspace an id means; the workspace's id stands in it, or its name."""
        found = parse(asset_id) if asset_id else None
        kind = next((k for k in AssetKind if isinstance(found, AssetRef) and k.singular == found.kind), None)
        if not isinstance(found, AssetRef) or kind is None or found.scope is None:
            sentence = f"'{asset_id}' is not the id of a version of a workspace."
            raise ArmError(ErrorCode.USAGE, "InvalidRequestContent", sentence)
        word = found.scope.workspace
        workspaces = self._services.workspaces
        named = next((w for w in workspaces.list() if workspace_guid(w) == word), None)
        return named or workspaces.get(word), kind, str(AssetRef(found.name, found.version, found.label))

    def _body(self, call: ArmCall, place: Workspace) -> dict[str, Any]:
        document, group = place.document, f"/subscriptions/{call.subscription}/resourceGroups/{call.group}"
        return {
            "id": f"{group}/providers/{PROVIDER}/registries/{place.registry}",
            "name": place.registry,
            "type": f"{PROVIDER}/registries",
            "location": document.get("location") or LOCATION,
            "tags": document.get("tags") or {},
            "identity": {"type": "SystemAssigned"},
            "systemData": system_data(place.created_by, place.created_at, place.updated_at, place.updated_by),
            "properties": properties_of(document, group, call.url),
        }


def routes(services: AzureServices) -> Routes:
    """Make the routes."""
    found = Registries(services)
    own = f"providers/{PROVIDER}/registries"
    return {
        ("GET", f"SUB:{own}"): found.list,
        ("GET", f"GROUP:{own}"): found.list,
        ("GET", "REG:"): found.get,
        ("PUT", "REG:"): found.put,
        ("PATCH", "REG:"): found.patch,
        ("DELETE", "REG:"): found.delete,
        ("GET", "ROOT:registrymanagement/v1.0/registries/*/discovery"): found.discover,
        ("POST", f"{DATA_PLANE}/import"): found.share,
    }
