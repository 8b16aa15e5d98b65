"""Where the content of data and models lies, for many at once: what a client asks before it downloads outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lapisml.core.errors import ErrorCode
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Handler, ok
from lapisml.server.surfaces.azure.errors import ArmError
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope
from lapisml.server.surfaces.azure.services import AzureServices


def routes(services: AzureServices) -> dict[tuple[str, str], Handler]:
    """Give the two addresses, one for data and one for models."""
    data, models = _resolver(services, AssetKind.DATA, "uri"), _resolver(services, AssetKind.MODELS, "path")
    return {
        ("POST", "ROOT:data/v1.0/WS/dataversion/batchGetResolvedUris"): data,
        ("POST", "ROOT:data/1.5.0/WS/dataversion/batchGetResolvedUris"): data,
        ("POST", "ROOT:modelregistry/v1.0/WS/models/batchGetResolvedUris"): models,
        ("POST", "ROOT:modelregistry/1.0.0/WS/models/batchGetResolvedUris"): models,
    }


def _resolver(services: AzureServices, kind: AssetKind, key: str) -> Callable[[ArmCall], ArmAnswer]:
    def resolve(call: ArmCall) -> ArmAnswer:
        scope = AssetScope(call.scope_id, call.workspace.name, call.url)
        found: dict[str, Any] = {}
        for asked in _asked(call):
            uri = services.assets.resolve_uri(call.workspace, scope.own_uri(asked), kind)
            found[asked] = {key: scope.shown_uri(uri), "type": "UriFolder" if uri.endswith("/") else "UriFile"}
        return ok({"values": found})

    return resolve


def _asked(call: ArmCall) -> list[str]:
    values = call.json_object().get("values")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ArmError(ErrorCode.USAGE, "InvalidRequestContent", "The body must hold a list of ids, `values`.")
    return list(dict.fromkeys(values))
