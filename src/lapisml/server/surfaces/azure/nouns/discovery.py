"""What a client asks before it asks for anything: the cloud's addresses, a token, a workspace's services.

``metadata`` and ``msi`` need no bearer token: the first tells nothing, the second checks its own secret.
"""

from __future__ import annotations

from lapisml.core.errors import ErrorCode
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Routes, ok
from lapisml.server.surfaces.azure.errors import ArmError
from lapisml.server.surfaces.azure.services import AzureServices
from lapisml.server.surfaces.blob.addresses import SUFFIX

CLOUD = "LapisCloud"
"""The cloud's name; the SDK takes built-in addresses for the names that it knows, such as AzureCloud."""


def routes(services: AzureServices) -> Routes:
    """Make the routes."""

    def metadata(call: ArmCall) -> ArmAnswer:
        base = f"{call.url}/"
        cloud = {
            "name": CLOUD,
            "portal": "https://portal.azure.lapis/",
            "resourceManager": base,
            "authentication": {
                "loginEndpoint": base,
                "audiences": [base, "https://management.azure.com/"],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "suffixes": {"storage": SUFFIX},
        }
        return ok([cloud])

    def discovery(call: ArmCall) -> ArmAnswer:
        services_of_workspace = ("api", "history", "experimentation", "modelmanagement", "datastore", "hyperdrive")
        return ok(dict.fromkeys(services_of_workspace, call.url))

    def managed_identity(call: ArmCall) -> ArmAnswer:
        secret, resource = call.headers.get("secret", ""), call.query.get("resource", "")
        if not resource:
            raise ArmError(ErrorCode.USAGE, "invalid_request", "The parameter `resource` is missing.")
        made = services.identity.issue_access_token(secret, resource)
        return ok(
            {
                "access_token": made.token,
                "expires_on": str(made.expires_on),
                "resource": resource,
                "token_type": "Bearer",
            }
        )

    return {
        ("GET", "ROOT:metadata/endpoints"): metadata,
        ("GET", "ROOT:metadata/discovery"): discovery,
        ("GET", "ROOT:msi"): managed_identity,
        ("GET", "ROOT:msi/token"): managed_identity,
    }
