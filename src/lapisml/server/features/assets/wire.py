"""Forms of assets on the wire."""

from __future__ import annotations

from typing import Any

from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.workspaces.registries import BUILT_IN
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.wire import arm_id, creation_context


def asset_body(workspace: Workspace, record: AssetRecord) -> dict[str, Any]:
    """Give a version: the keys of its document, and those of the record around it."""
    body: dict[str, Any] = {
        "name": record.name,
        "version": record.version,
        **record.document,
        "tags": record.document.get("tags", {}),
        "properties": record.document.get("properties", {}),
        "id": arm_id(workspace.name, record.kind.value, record.name, record.version),
        "creation_context": creation_context(record.created_by, record.created_at, record.updated_at),
    }
    registry = BUILT_IN if record.id == 0 else workspace.registry
    if registry is not None:
        body["id"] = f"azureml://registries/{registry}/{record.kind.value}/{record.name}/versions/{record.version}"
    if record.id == 0:
        body["creation_context"].update(created_at=None, last_modified_at=None)
    aliases = list(record.labels) if record.kind is AssetKind.MODELS else None
    optional = {"job_name": record.job_name, "stage": record.stage, "aliases": aliases}
    body.update({key: value for key, value in optional.items() if value})
    if record.archived:
        body["archived"] = True
    return body
