"""Subscriptions, resource groups, tenants and providers: one of each, under whatever name the client gives it."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.identity.access_tokens import TENANT
from lapisml.server.platform.wire import SUBSCRIPTION_ID
from lapisml.server.surfaces.azure.arm import LOCATION, ArmAnswer, ArmCall, Routes, created, ok
from lapisml.server.surfaces.azure.routing import PROVIDER
from lapisml.server.surfaces.azure.services import AzureServices


def _subscription(identifier: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{identifier}",
        "subscriptionId": identifier,
        "tenantId": TENANT,
        "displayName": "Lapis",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "subscriptionPolicies": {"locationPlacementId": "Public", "quotaId": "Lapis", "spendingLimit": "Off"},
    }


def _group(call: ArmCall) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{call.subscription}/resourceGroups/{call.group}",
        "name": call.group,
        "type": "Microsoft.Resources/resourceGroups",
        "location": LOCATION,
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }


def _provider(call: ArmCall, namespace: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{call.subscription}/providers/{namespace}",
        "namespace": namespace,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [],
    }


def _own_provider(call: ArmCall) -> ArmAnswer:
    if call.names[0].lower() != PROVIDER.lower():
        raise LapisError(
            ErrorCode.NOT_FOUND, f"There is no provider '{call.names[0]}'; {PROVIDER} is the one there is."
        )
    return ok(_provider(call, PROVIDER))


def _delete_group(call: ArmCall) -> ArmAnswer:
    sentence = f"The resource group '{call.group}' can't be deleted: it is a name for everything on this server."
    raise LapisError(ErrorCode.CONFLICT, sentence, "Delete the workspaces that you don't need any more.")


def _location(call: ArmCall) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{call.subscription}/locations/{LOCATION}",
        "name": LOCATION,
        "displayName": "This server",
        "regionalDisplayName": "This server",
    }


def routes(services: AzureServices) -> Routes:
    """Make the routes."""
    own = services.subscription or SUBSCRIPTION_ID
    tenant = {"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "Lapis"}
    return {
        ("GET", "ROOT:subscriptions"): lambda _call: ok({"value": [_subscription(own)]}),
        ("GET", "ROOT:tenants"): lambda _call: ok({"value": [tenant]}),
        ("GET", "SUB:"): lambda call: ok(_subscription(call.subscription)),
        ("GET", "SUB:locations"): lambda call: ok({"value": [_location(call)]}),
        ("GET", "SUB:resourceGroups"): lambda call: ok({"value": [_group(call)]}),
        ("GET", "SUB:providers"): lambda call: ok({"value": [_provider(call, PROVIDER)]}),
        ("GET", "SUB:providers/*"): _own_provider,
        ("POST", "SUB:providers/*/register"): _own_provider,
        ("GET", "GROUP:"): lambda call: ok(_group(call)),
        ("HEAD", "GROUP:"): lambda _call: ArmAnswer(204),
        ("PUT", "GROUP:"): lambda call: created(_group(call), is_new=False),
        ("DELETE", "GROUP:"): _delete_group,
    }
