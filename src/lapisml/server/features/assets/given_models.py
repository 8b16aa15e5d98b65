"""Models as deployments give them: by a reference, by an address, or in place with what describes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.documents.references import AssetRef, ModelsUri, parse
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.workspaces.service import Workspace

_WHAT_IT_IS = ("path", "type", "flavors")


def given_model(assets: AssetService, workspace: Workspace, given: str | Mapping[str, Any], by: str) -> AssetRecord:
    """Find a model, and register it when it is given in place: the same files again are the same version.

    Args:
        given: a reference, the address of a model's files, or its document. One without a name is registered as
            ``anonymous-<digest>:1``.

    Raises:
        LapisError: ReferenceNotFound, DocumentInvalid, Conflict.
    """
    if isinstance(given, str):
        if isinstance(parse(given, "model"), AssetRef | ModelsUri):
            return assets.resolve(workspace, AssetKind.MODELS, given)
        given = {"path": given}
    document = {key: value for key, value in given.items() if value is not None}
    if "name" not in document:
        fixed = {key: document.get(key) for key in _WHAT_IT_IS}
        mark = hashlib.sha256(json.dumps(fixed, sort_keys=True, default=str).encode()).hexdigest()[:16]
        document |= {"name": f"anonymous-{mark}", "version": "1"}
    elif "version" not in document:
        last = _newest(assets, workspace, str(document["name"]))
        if last is not None and last.source == document.get("path"):
            return last
    return assets.create(workspace, AssetKind.MODELS, document, by)


def _newest(assets: AssetService, workspace: Workspace, name: str) -> AssetRecord | None:
    try:
        return assets.latest(workspace, AssetKind.MODELS, name)
    except LapisError:
        return None
