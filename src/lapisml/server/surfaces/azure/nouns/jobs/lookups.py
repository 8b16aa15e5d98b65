"""What job bodies refer to, looked up in the workspace of a request."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import LapisError
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.surfaces.azure.arm import ArmCall
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope
from lapisml.server.surfaces.azure.nouns.codes import code_reference
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.services import AzureServices


def workspace_references(services: AzureServices, call: ArmCall) -> References:
    """Make what reads and writes the references of a request's job bodies."""
    workspace = call.workspace

    def component(reference: str) -> dict[str, Any] | None:
        try:
            return dict(services.assets.resolve(workspace, AssetKind.COMPONENTS, reference).document)
        except LapisError:
            return None  # it was removed; a job that ran it is shown without it

    return References(
        call.scope_id,
        code_of=lambda code_id: code_reference(services, workspace, code_id),
        component_of=component,
        uri_of=AssetScope(call.scope_id, workspace.name, call.url).own_uri,
    )
