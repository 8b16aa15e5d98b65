"""Registries: body ⇄ document.

Source of the body: https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/registries
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.server.surfaces.azure.arm import LOCATION
from lapisml.server.surfaces.azure.casing import without_none
from lapisml.server.surfaces.azure.nouns.given import object_in, objects_in

_STORAGE = {
    "storage_account_hns": "storageAccountHnsEnabled",
    "storage_account_type": "storageAccountType",
}


def document_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read a body into a registry document without its name; absent keys stay absent.

    Raises:
        LapisError: DocumentInvalid for structures of another shape.
    """
    given = object_in(body, "properties")
    publisher, regions = given.get("intellectualPropertyPublisher"), objects_in(given, "regionDetails")
    document = {
        "location": body.get("location"),
        "tags": body.get("tags"),
        "description": given.get("description"),
        "public_network_access": given.get("publicNetworkAccess"),
        "managed_resource_group": _group(given.get("managedResourceGroup")),
        "intellectual_property": {"publisher": publisher} if publisher else None,
        "replication_locations": [_location(region) for region in regions] or None,
        "container_registry": _container_registry(regions),
    }
    return without_none(document)


def properties_of(document: Mapping[str, Any], group: str, url: str) -> dict[str, Any]:
    """Write a registry document as ``properties``.

    Args:
        group: id of the resource group.
        url: the server's address as the client sees it.
    """
    location = document.get("location") or LOCATION
    places = document.get("replication_locations") or [{"location": location}]
    registry = document.get("container_registry")
    return {
        "description": document.get("description") or "",
        "publicNetworkAccess": document.get("public_network_access") or "Enabled",
        "discoveryUrl": f"{url}/metadata/discovery",
        "intellectualPropertyPublisher": (document.get("intellectual_property") or {}).get("publisher"),
        "managedResourceGroup": {"resourceId": document.get("managed_resource_group") or group},
        "regionDetails": [_region(place, registry) for place in places],
        "provisioningState": "Succeeded",
    }


def _group(value: Any) -> str | None:
    found = value.get("resourceId") if isinstance(value, Mapping) else value
    return None if found is None else str(found)


def _location(region: Mapping[str, Any]) -> dict[str, Any]:
    accounts = [object_in(each, "systemCreatedStorageAccount") for each in objects_in(region, "storageAccountDetails")]
    account = next((each for each in accounts if each), None)
    made: dict[str, Any] = {"location": region.get("location")}
    if account is not None:
        config = {own: account[theirs] for own, theirs in _STORAGE.items() if account.get(theirs) is not None}
        made |= {"storage_config": config} if config else {}
    return made


def _container_registry(regions: list[Mapping[str, Any]]) -> Any:
    """Read the settings of the container registry, which stand in every region."""
    for each in [each for region in regions for each in objects_in(region, "acrDetails")]:
        own = object_in(each, "systemCreatedAcrAccount")
        theirs = object_in(each, "userCreatedAcrAccount").get("armResourceId")
        if theirs is not None:
            return str(theirs.get("resourceId") if isinstance(theirs, Mapping) else theirs)
        if own.get("acrAccountSku"):
            return {"sku": own["acrAccountSku"]}
    return None


def _region(place: Mapping[str, Any], registry: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"location": place["location"], "acrDetails": [], "storageAccountDetails": []}
    config = place.get("storage_config")
    if config:
        account = {theirs: config[own] for own, theirs in _STORAGE.items() if config.get(own) is not None}
        made["storageAccountDetails"] = [{"systemCreatedStorageAccount": account}]
    if isinstance(registry, str):
        made["acrDetails"] = [{"userCreatedAcrAccount": {"armResourceId": {"resourceId": registry}}}]
    elif registry:
        made["acrDetails"] = [{"systemCreatedAcrAccount": {"acrAccountSku": registry.get("sku")}}]
    return made
